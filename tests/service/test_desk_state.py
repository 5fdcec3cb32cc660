"""What an agent says on his page: a wrap-up is his, reasons are kept, and what makes no sense changes nothing."""

from datetime import timedelta
from pathlib import Path

import pytest

from ivr.adapters.sql_agents import SqlAgents
from ivr.adapters.sql_desk_state import SqlDeskState
from ivr.policy.floor import AgentState
from ivr.policy.rules import Rules
from ivr.service.agents import AgentError, Agents
from ivr.service.desk_state import DeskState, DeskStateError
from tests.adapters.rows import NINE, Database, SetClock
from tests.fakes.fake_live import FakeLive

RULES = Rules(wrap_up_seconds=30.0)


class Desk:
    """One agent and what he may say."""

    def __init__(self, directory: Path) -> None:
        self.database = Database(directory)
        self.clock = SetClock()
        self.live = FakeLive()
        agents = Agents(SqlAgents(self.database.url, self.clock), self.clock, self.live)
        self.state = DeskState(SqlDeskState(self.database.url), agents, self.clock, RULES, self.live)

    @property
    def heard(self) -> list[tuple[str, str]]:
        return [(each.news.to, each.news.kind) for each in self.live.told]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_why_he_is_away_is_kept_and_everybody_hears_of_it(desk: Desk) -> None:
    desk.database.add_agent("ana", page_seen_at=NINE)
    assert desk.state.choose("ana", "away", "lunch") is AgentState.AWAY
    ana = desk.database.agent("ana")
    assert (ana["state"], ana["reason"], ana["page_seen_at"]) == ("away", "lunch", NINE)
    assert desk.heard == [("ana", "state"), ("*", "line")]


def test_a_reason_said_in_a_call_is_kept_until_after_it(desk: Desk) -> None:
    desk.database.add_agent("ana", "talking", call_id=7)
    assert desk.state.choose("ana", "away", "training") is AgentState.TALKING
    ana = desk.database.agent("ana")
    assert (ana["wanted"], ana["wanted_reason"], ana["reason"]) == ("away", "training", None)
    desk.state.choose("ana", "available")
    assert desk.database.agent("ana")["wanted_reason"] is None


@pytest.mark.parametrize(
    ("state", "reason"), [("away", "fishing"), ("available", "lunch"), ("talking", None), ("", None)]
)
def test_what_makes_no_sense_changes_nothing(desk: Desk, state: str, reason: str | None) -> None:
    desk.database.add_agent("ana")
    with pytest.raises(AgentError):
        desk.state.choose("ana", state, reason)
    assert desk.database.agent("ana")["state"] == "available"
    assert desk.heard == []


def test_a_wrap_up_is_ended_early_by_himself(desk: Desk) -> None:
    until = NINE + timedelta(seconds=30)
    desk.database.add_agent("ana", "wrap_up", until=until)
    assert desk.state.choose("ana", "available") is AgentState.AVAILABLE
    assert desk.database.agent("ana")["until"] is None


def test_a_wrap_up_is_longer_once_with_a_reason(desk: Desk) -> None:
    until = NINE + timedelta(seconds=20)
    desk.database.add_agent("ana", "wrap_up", until=until)
    with pytest.raises(DeskStateError, match="reason"):
        desk.state.extend_wrap_up("ana", "because")
    desk.state.extend_wrap_up("ana", "record_not_finished")
    assert desk.database.agent("ana")["until"] == until + timedelta(seconds=30)
    with pytest.raises(DeskStateError, match="state"):
        desk.state.extend_wrap_up("ana", "record_not_finished")


def test_two_snapshots_say_what_changed_between_them(desk: Desk) -> None:
    desk.database.add_agent("ana")
    before = desk.state.snapshot("ana")
    again = desk.state.snapshot("ana")
    assert before is not None
    assert again is not None
    assert before.versions == again.versions
    desk.database.add_call(phase="held")
    desk.state.choose("ana", "away", "break")
    after = desk.state.snapshot("ana")
    assert after is not None
    changed = {name for name, version in after.versions.items() if before.versions[name] != version}
    assert changed == {"me", "line"}
    assert desk.state.snapshot("nobody") is None
