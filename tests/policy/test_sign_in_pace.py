"""Wrong passwords slow down whoever guesses, and nobody for ever."""

from datetime import UTC, datetime, timedelta

import pytest

from ivr.policy.sign_in_pace import Failures, open_again_at

NINE = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
NONE = Failures(count=0, last_at=None)


def failed(count: int) -> Failures:
    return Failures(count=count, last_at=NINE)


def test_a_few_typing_errors_cost_nothing() -> None:
    assert open_again_at(failed(4), failed(29)) is None
    assert open_again_at(NONE, NONE) is None


@pytest.mark.parametrize(
    ("failures", "seconds"), [(5, 2), (6, 4), (7, 8), (12, 256), (13, 300), (99_999, 300)]
)
def test_every_further_one_doubles_the_wait_up_to_five_minutes(failures: int, seconds: int) -> None:
    assert open_again_at(failed(failures), NONE) == NINE + timedelta(seconds=seconds)


def test_an_address_that_guesses_many_logins_waits_too() -> None:
    assert open_again_at(NONE, failed(30)) == NINE + timedelta(seconds=2)
    assert open_again_at(failed(7), failed(31)) == NINE + timedelta(seconds=8)
