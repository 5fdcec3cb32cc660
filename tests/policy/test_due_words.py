"""How late something is, as people say it."""

import pytest

from ivr.policy.due_words import Distance, Unit, distance
from tests.cast import noon


@pytest.mark.parametrize(
    ("seconds", "late", "number", "unit"),
    [
        (30, False, 30, Unit.SECONDS),
        (0, False, 0, Unit.SECONDS),
        (-59, True, 59, Unit.SECONDS),
        (-60, True, 1, Unit.MINUTES),
        (3599, False, 59, Unit.MINUTES),
        (-7300, True, 2, Unit.HOURS),
        (47 * 3600, False, 47, Unit.HOURS),
        (-49 * 3600, True, 2, Unit.DAYS),
    ],
)
def test_a_moment_is_told_in_the_unit_people_say_r10(
    seconds: float, late: bool, number: int, unit: Unit
) -> None:
    assert distance(noon(seconds), noon()) == Distance(late=late, number=number, unit=unit)
