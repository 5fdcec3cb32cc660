"""A stored call can be told later by anybody: what was decided, why, and whether it would be decided so today."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from config.settings import ROOT
from ivr.adapters.sql_call_book import SqlCallBook
from ivr.adapters.sql_engine import create_engine
from ivr.adapters.sql_schema import agents, calls, events
from ivr.adapters.sql_stories import SqlStories
from ivr.cli.why import why
from ivr.policy.events import (
    AgentAnswered,
    CallerGreeted,
    CallOffered,
    Event,
    HoldElapsed,
    HungUp,
    RingEnded,
    RingResult,
)
from ivr.policy.explain_words import EN, ZH
from ivr.policy.rules import Rules
from ivr.service.ports import Contact
from ivr.service.record_ports import DatabaseUnavailableError
from ivr.service.switchboard import Switchboard
from ivr.service.why import StoredStory, UnknownCallError, UnreadableStoryError, Why
from tests.template import at_newest_schema

START = datetime(2026, 3, 2, 1, 0, 0, 123_456, tzinfo=UTC)  # the switch stamps microseconds
KEYS = ["at", "offset_seconds", "event", "phase_before", "phase_after", "decision", "numbers", "agrees"]


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


class StoppedClock:
    def now(self) -> datetime:
        return START


@dataclass(frozen=True, kw_only=True)
class Installation:
    database_url: str
    root: Path = ROOT


@dataclass(frozen=True, kw_only=True)
class App:
    settings: Installation
    rules: Rules


@dataclass
class Hotline:
    """A database with a switchboard before it, as calls meet it."""

    url: str
    switchboard: Switchboard

    def hears(self, ref: str, presented: float, *told: Event) -> None:
        contact = Contact(
            door="asterisk",
            ref=ref,
            hotline="4001234567",
            caller="+8613800138000",
            presented_at=at(presented),
        )
        for turn, event in enumerate(told):
            self.switchboard.handle(contact, f"{turn}", (event,))

    def has(self, login: str, name: str, state: str = "available") -> None:
        row = {"login": login, "name": name, "role": "agent", "phone": f"endpoint:{login}", "state": state}
        moments = {"since": at(-60), "idle_since": at(-60)}
        with create_engine(self.url).begin() as connection:
            connection.execute(sa.insert(agents), row | moments)

    def changes(self, statement: sa.Update) -> None:
        with create_engine(self.url).begin() as connection:
            connection.execute(statement)

    @property
    def why(self) -> Why:
        return Why(SqlStories(self.url), Rules(), {"greeting": "您好，金穗公司"})

    def told(self, call: str, *options: str) -> Result:
        app = App(settings=Installation(database_url=self.url), rules=Rules())
        return CliRunner().invoke(why, [call, *options], obj=app)


@pytest.fixture
def hotline(tmp_path: Path) -> Iterator[Hotline]:
    url = f"sqlite:///{tmp_path / 'hotline.db'}"
    at_newest_schema(url)
    book = SqlCallBook(url, StoppedClock())
    yield Hotline(url=url, switchboard=Switchboard(book, Rules()))
    book.close()


@pytest.fixture
def served(hotline: Hotline) -> Hotline:
    """Call 1: Wang's phone rings, the server greets, Wang answers under the greeting and talks for a minute."""
    hotline.has("wang", "王芳")
    hotline.hears(
        "one",
        0,
        CallOffered(at=at(0.02)),
        RingEnded(at=at(13.02), result=RingResult.NO_ANSWER),
        CallerGreeted(at=at(13.05)),
        AgentAnswered(at=at(16)),
        RingEnded(at=at(76), result=RingResult.ANSWERED),
        HoldElapsed(at=at(76.1)),
        HungUp(at=at(76.2)),
    )
    return hotline


def test_a_served_call_is_told_line_by_line_with_times_from_its_presentation(served: Hotline) -> None:
    lines = served.why.lines(1, ZH)
    assert lines[0] == "#1  2026-03-02 09:00:00.123+08:00  +8613800138000 → 4001234567"
    assert lines[2] == (
        "   +13.02 s  第三声铃结束前 1.98 秒，王芳的电话已响 13 秒，还没有接；"
        "服务器接起，问候“您好，金穗公司”，王芳的电话继续响铃（已响 13 秒，还可响 7 秒）"
    )
    assert lines[6].endswith("HoldElapsed：在“请来电人评价”阶段没有意义（迟到或重复），不作处理")
    assert len(lines) == 8


def test_a_call_replays_to_exactly_what_was_decided_then(served: Hotline) -> None:
    rows = served.why.rows(1, EN)
    assert [row["agrees"] for row in rows] == [True] * 7
    assert [list(row) for row in rows] == [KEYS] * 7
    assert (rows[1]["phase_before"], rows[1]["phase_after"]) == ("ringing", "ringing")
    assert rows[1]["at"] == "2026-03-02T01:00:13.143Z"
    assert rows[1]["numbers"]["ring_seconds"] == 7.0


def test_a_caller_in_line_is_told_how_many_were_ahead_of_him_at_that_moment(hotline: Hotline) -> None:
    hotline.has("wang", "王芳", state="talking")
    hotline.hears("gone before", -30, CallOffered(at=at(-29)), HungUp(at=at(-20)))
    hotline.hears("ahead", -5, CallOffered(at=at(-5)))
    hotline.hears("same moment", 0, CallOffered(at=at(0)))
    hotline.hears("mine", 0, CallOffered(at=at(0)), HoldElapsed(at=at(10)))
    hotline.hears("later", 1, CallOffered(at=at(1)))
    hotline.hears("ahead", -5, CallOffered(at=at(-5)), HungUp(at=at(7)))
    assert [row["numbers"]["ahead"] for row in hotline.why.rows(4, ZH)] == [2, 1]


def test_a_decision_that_is_no_longer_ours_is_marked_at_its_line(served: Hotline) -> None:
    changed = sa.update(events).where(events.c.kind == "CallOffered").values(commands='[{"kind": "HangUp"}]')
    served.changes(changed)
    rows = served.why.rows(1, ZH)
    assert [row["agrees"] for row in rows] == [False, *[True] * 6]
    assert "【与当时不同】" in rows[0]["decision"]


def test_an_unknown_call_is_said_to_be_unknown(hotline: Hotline) -> None:
    with pytest.raises(UnknownCallError, match="no call 12"):
        hotline.why.lines(12, ZH)
    result = hotline.told("12")
    assert (result.exit_code, result.stderr) == (
        1,
        "Error: there is no call 12: `hotline calls` lists them\n",
    )


@pytest.mark.parametrize("state", ['{"call_id": 1}', "not json", "[]"])
def test_a_story_of_another_version_is_refused_in_one_sentence(served: Hotline, state: str) -> None:
    served.changes(sa.update(calls).values(state=state))
    with pytest.raises(UnreadableStoryError, match="another version"):
        served.why.rows(1, ZH)
    with pytest.raises(UnreadableStoryError, match="another version"):
        served.why.lines(1, ZH)
    assert served.told("1").exit_code == 1


def test_a_call_nothing_was_decided_about_has_an_empty_story() -> None:
    class OneCall:
        def story(self, call_id: int) -> StoredStory:
            state = json.dumps({"call_id": call_id, "presented_at": START.isoformat(), "number": None})
            return StoredStory(
                call_id=call_id, state=state, caller=None, hotline="", events=(), earlier=(), names={}
            )

    assert Why(OneCall(), Rules(), {}).rows(3, ZH) == []
    assert Why(OneCall(), Rules(), {}).lines(3, ZH) == ["#3  2026-03-02 09:00:00.123+08:00  – → –"]


# ---- the command ----


def test_the_command_tells_chinese_first_english_on_request_and_json_for_programs(served: Hotline) -> None:
    assert "问候“您好，金穗公司”" in served.told("1").output
    assert "the server picks up and greets “您好，金穗公司”" in served.told("1", "--lang", "en").output
    rows = json.loads(served.told("1", "--json").output)
    assert [row["event"] for row in rows] == [
        "CallOffered",
        "RingEnded",
        "CallerGreeted",
        "AgentAnswered",
        "RingEnded",
        "HoldElapsed",
        "HungUp",
    ]


@pytest.mark.parametrize("call", ["abc", "0", "-1", "9223372036854775808", "1764000000.42"])
def test_an_id_that_is_none_is_a_usage_error(hotline: Hotline, call: str) -> None:
    assert hotline.told("--", call).exit_code == 2


def test_without_a_database_the_command_says_so_and_makes_none(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'none.db'}"
    with pytest.raises(DatabaseUnavailableError):
        SqlStories(url).story(1)
    result = Hotline(url=url, switchboard=None).told("1")  # type: ignore[arg-type] # never called
    assert result.exit_code == 3
    assert list(tmp_path.iterdir()) == []
