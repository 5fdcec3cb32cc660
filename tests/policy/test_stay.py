"""Our own engineer is at a customer's from a moment to a moment, and not for ever (R40)."""

from datetime import timedelta
from typing import Any

import pytest

from ivr.policy.refusal import Reason
from ivr.policy.stay import Stay, may_stay, stay_of_visit
from tests.policy.record_stories import beijing
from tests.policy.test_endings import refused

NOON = beijing(12)
HOUR = timedelta(hours=1)


def test_a_visit_agreed_is_a_stay_from_an_hour_before_it_R40() -> None:
    stay = stay_of_visit(" zhao ", NOON)
    assert stay == Stay(who="zhao", from_at=NOON - HOUR, until_at=NOON + 6 * HOUR)


def test_a_manager_enters_a_stay_with_its_end_R40() -> None:
    assert may_stay("老赵", NOON, NOON + HOUR) == Stay(who="老赵", from_at=NOON, until_at=NOON + HOUR)
    assert may_stay("老赵", NOON, NOON + timedelta(days=31)).until_at == NOON + timedelta(days=31)


@pytest.mark.parametrize(
    ("who", "from_at", "until_at", "reason"),
    [
        (" ", NOON, NOON + HOUR, Reason.TEXT_MISSING),
        ("z" * 65, NOON, NOON + HOUR, Reason.TEXT_TOO_LONG),
        ("zhao", None, NOON, Reason.DUE_MISSING),
        ("zhao", NOON, None, Reason.DUE_MISSING),
        ("zhao", NOON, NOON, Reason.STAY_TOO_LONG),
        ("zhao", NOON, NOON - HOUR, Reason.STAY_TOO_LONG),
        ("zhao", NOON, NOON + timedelta(days=31, seconds=1), Reason.STAY_TOO_LONG),
    ],
)
def test_a_stay_without_a_name_or_a_near_end_is_none_R40(
    who: str, from_at: Any, until_at: Any, reason: Reason
) -> None:
    assert refused(lambda: may_stay(who, from_at, until_at))[0] is reason
