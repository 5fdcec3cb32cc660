"""The end of an attempt to call somebody back, as the dialplan tells it: translated, or refused by name."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agi_scripts import callback_ended
from agi_scripts.door import BadBurst
from ivr.policy.callback_events import AttemptResult
from ivr.service.callback_ports import AttemptName

ROOT = Path(__file__).resolve().parent.parent.parent
NAME = AttemptName(callback_id=7, number=2, nonce="0badc0de")
ANNOUNCEMENT = AttemptName(callback_id=7, number=1, nonce="0badc0de", is_announcement=True)
SERVED, ENDED = "1772452802.500", "1772452809.250"
SERVED_AT, ENDED_AT = (datetime.fromtimestamp(float(text), UTC) for text in (SERVED, ENDED))


class FakeNews:
    """CallbackNews that keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[object, ...]] = []

    def served(self, name: AttemptName, at: datetime) -> None:
        self.heard.append(("served", name, at))

    def ended(
        self, name: AttemptName, result: AttemptResult, served_at: datetime | None, at: datetime
    ) -> None:
        self.heard.append(("ended", name, result, served_at, at))

    def told(self, name: AttemptName, heard: bool, at: datetime) -> None:
        self.heard.append(("told", name, heard, at))


class FakeBurst:
    """What AgiSession is to this entry."""

    def __init__(self, *arguments: str) -> None:
        self.arguments = arguments


def told(*arguments: str) -> list[tuple[object, ...]]:
    news = FakeNews()
    callback_ended.main(FakeBurst(*arguments), news)  # type: ignore[arg-type] # a fake session
    return news.heard


def test_the_end_of_an_attempt_comes_with_its_result_and_both_moments() -> None:
    assert told("7-2-0badc0de", "reached", SERVED, ENDED) == [
        ("ended", NAME, AttemptResult.REACHED, SERVED_AT, ENDED_AT)
    ]


@pytest.mark.parametrize("result", ["busy", "no_answer", "interrupted", "agent_declined", "not_placed"])
def test_whom_nobody_spoke_with_has_no_moment_of_service(result: str) -> None:
    assert told("7-2-0badc0de", result, "", ENDED) == [("ended", NAME, AttemptResult(result), None, ENDED_AT)]


@pytest.mark.parametrize(("result", "heard"), [("reached", True), ("no_answer", False)])
def test_an_announcement_was_heard_or_was_not(result: str, heard: bool) -> None:
    assert told("7-n1-0badc0de", result, "", ENDED) == [("told", ANNOUNCEMENT, heard, ENDED_AT)]


@pytest.mark.parametrize(
    ("field", "arguments"),
    [
        ("HL_ATTEMPT", ("7", "reached", "", ENDED)),
        ("HL_ATTEMPT", ("7-2", "reached", "", ENDED)),
        ("HL_ATTEMPT", ()),
        ("HL_RESULT", ("7-2-0badc0de", "eaten", "", ENDED)),
        ("HL_SERVED", ("7-2-0badc0de", "reached", "soon", ENDED)),
        ("HL_ENDED", ("7-2-0badc0de", "reached", SERVED, "")),
        ("HL_ENDED", ("7-2-0badc0de", "reached", SERVED)),
    ],
)
def test_what_cannot_be_read_is_refused_by_the_name_of_its_argument(
    field: str, arguments: tuple[str, ...]
) -> None:
    with pytest.raises(BadBurst, match=f"burst argument {field}"):
        told(*arguments)


def test_the_dialplan_has_an_entry_of_that_name_and_says_only_results_there_are() -> None:
    dialplan = (ROOT / "config" / "asterisk" / "hotline_dialplan.conf").read_text("utf-8")
    assert "/callback_ended," in dialplan
    settings = re.findall(r"HL_RESULT=((?:\$\{IF.*?\?)?[a-z_:]+)", dialplan)
    said = {word for setting in settings for word in setting.split("?")[-1].split(":")}
    assert len(said) > 5
    assert said <= {result.value for result in AttemptResult}
