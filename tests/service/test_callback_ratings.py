"""A customer we have called back is asked what he thinks of us, as a caller is: once a day, one key (R3)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from ivr.adapters.sql_callback_schema import ratings
from ivr.policy.commands import HangUp
from ivr.policy.rating import QUESTION, THANKS
from ivr.policy.rules import Rules
from ivr.service.callback_ratings import CallbackRatings
from tests.service.house import House, house

RULES = Rules(wrap_up_seconds=20, quiet_hours=())
END = (HangUp(),)


@contextmanager
def called_back(directory: Path, rules: Rules = RULES) -> Iterator[tuple[House, CallbackRatings]]:
    """Somebody is, by ana."""
    with house(directory, rules, dials=True) as hotline:
        hotline.promise()
        hotline.agent("ana")
        hotline.floor_loop.turn()
        assert hotline.attempts() == [(1, "ana", None)]
        yield hotline, CallbackRatings(hotline.book, hotline.clock, rules)


def test_that_he_is_asked_is_written_before_he_hears_the_question_r3(tmp_path: Path) -> None:
    """Also where the end of the attempt is told later; who presses nothing counts among the asked."""
    with called_back(tmp_path) as (hotline, customers):
        assert customers.question(hotline.attempt_name()) == (QUESTION,)
        [row] = hotline.rows(ratings)
        assert (row["callback_id"], row["agent"], row["score"]) == (1, "ana", None)
        assert customers.question(hotline.attempt_name()) == END


@pytest.mark.parametrize("key", ["1", "5"])
def test_his_answer_is_written_before_he_is_thanked_r3(tmp_path: Path, key: str) -> None:
    with called_back(tmp_path) as (hotline, customers):
        customers.question(hotline.attempt_name())
        assert customers.answered(hotline.attempt_name(), key) == (THANKS, HangUp())
        assert customers.answered(hotline.attempt_name(), "3") == END
        assert [row["score"] for row in hotline.rows(ratings)] == [int(key)]


@pytest.mark.parametrize("key", ["0", "6", "#", ""])
def test_any_other_key_is_no_answer_r3(tmp_path: Path, key: str) -> None:
    with called_back(tmp_path) as (hotline, customers):
        customers.question(hotline.attempt_name())
        assert customers.answered(hotline.attempt_name(), key) == END
        assert [row["score"] for row in hotline.rows(ratings)] == [None]


def test_who_was_not_asked_cannot_answer_r3(tmp_path: Path) -> None:
    with called_back(tmp_path) as (hotline, customers):
        assert customers.answered(hotline.attempt_name(), "5") == END
        assert hotline.rows(ratings) == []


def test_an_attempt_of_another_database_asks_nobody_r3(tmp_path: Path) -> None:
    with called_back(tmp_path) as (hotline, customers):
        stranger = replace(hotline.attempt_name(), nonce="0badcafe")
        assert customers.question(stranger) == END
        customers.question(hotline.attempt_name())
        assert customers.answered(stranger, "5") == END
        assert [row["score"] for row in hotline.rows(ratings)] == [None]


def test_the_managers_may_leave_it_out_for_callbacks_too_r3(tmp_path: Path) -> None:
    with called_back(tmp_path, replace(RULES, satisfaction=False)) as (hotline, customers):
        assert customers.question(hotline.attempt_name()) == END
        assert hotline.rows(ratings) == []
