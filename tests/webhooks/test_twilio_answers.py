"""Two of one webhook at the same moment: one is worked at, both hear the same; what failed is nobody's answer."""

import threading

import pytest

from tests.scenarios.test_the_last_agent import both_at_once
from webhooks.twilio_answers import REMEMBERED, Answers


def test_of_two_at_the_same_moment_one_is_worked_at_and_both_hear_it() -> None:
    answers: Answers[str] = Answers()
    worked: list[int] = []

    def work() -> str:
        worked.append(1)
        threading.Event().wait(0.05)
        return f"answer {len(worked)}"

    heard = both_at_once(*[lambda: answers.first_or_again("a call", work)[0]] * 4)
    assert heard == ["answer 1"] * 4


def test_what_failed_is_tried_again_by_whoever_asks_next() -> None:
    answers: Answers[str] = Answers()
    with pytest.raises(ZeroDivisionError):
        answers.first_or_again("a call", lambda: str(1 // 0))
    assert answers.first_or_again("a call", lambda: "well") == ("well", False)
    assert answers.first_or_again("a call", lambda: "worse") == ("well", True)


def test_nobody_waits_for_ever_for_a_first_that_does_not_end() -> None:
    answers: Answers[str] = Answers(wait_seconds=0.01)
    go_on, begun = threading.Event(), threading.Event()

    def slow() -> str:
        begun.set()
        go_on.wait(5)
        return "late"

    first = threading.Thread(target=lambda: answers.first_or_again("a call", slow))
    first.start()
    begun.wait(5)
    assert answers.first_or_again("a call", lambda: "by myself") == ("by myself", False)
    go_on.set()
    first.join(5)


def test_no_more_is_remembered_than_fits() -> None:
    answers: Answers[int] = Answers()
    for number in range(REMEMBERED + 1):
        answers.first_or_again(str(number), lambda number=number: number)  # type: ignore[misc] # bound now
    assert answers.first_or_again("0", lambda: -1) == (-1, False)
    assert answers.first_or_again(str(REMEMBERED), lambda: -1) == (REMEMBERED, True)
