"""The call book tells open pages what was committed, and nothing of what was not."""

from dataclasses import replace

import pytest

from ivr.adapters.sql_agents import SqlAgents
from ivr.adapters.sql_call_book import SqlCallBook
from ivr.policy.call import Phase
from ivr.policy.commands import Release, Reserve, StartWrapUp
from ivr.policy.events import CallOffered, HungUp
from ivr.policy.floor import AgentState
from ivr.service.agents import AgentChange
from ivr.service.ports import CallUnit, ReservationLost
from tests.adapters.books import Books, after
from tests.fakes.fake_live import FakeLive


class ToldBooks(Books):
    """Books whose news are kept."""

    def opened(self) -> SqlCallBook:
        self.live = FakeLive()
        return SqlCallBook(self.database.url, self.clock, rules=self.rules, news=self.live)

    def heard(self) -> list[tuple[str, str]]:
        self.book.unit(
            lambda unit: unit.unfinished(after(0))
        )  # the news of what came before it are told by now
        told = [(each.news.to, each.news.kind) for each in self.live.told]
        self.live.told.clear()
        return told


@pytest.fixture
def told(database: object) -> ToldBooks:
    return ToldBooks(database)  # type: ignore[arg-type] # the fixture's own type


def test_a_ring_is_told_after_its_commit_and_a_wrap_up_that_ends_by_time_too(told: ToldBooks) -> None:
    told.database.add_agent("ana")
    entry = told.reserved(told.added(), "ana")
    assert ("ana", "ring") in told.heard()
    talking = replace(entry.call, phase=Phase.TALKING)
    told.happens(entry, CallOffered(at=after(1)), call=talking)
    ended = replace(entry.call, phase=Phase.ENDED, agent=None)
    told.happens(entry, HungUp(at=after(20)), StartWrapUp(agent="ana", seconds=30.0), call=ended)
    told.heard()
    assert told.book.unit(lambda unit: unit.free_agents_due(after(49))) == 0
    assert told.heard() == []
    assert told.book.unit(lambda unit: unit.free_agents_due(after(50))) == 1
    assert told.heard() == [("ana", "state"), ("*", "line")]
    told.book.close()


def test_of_a_unit_that_fails_nobody_hears(told: ToldBooks) -> None:
    told.database.add_agent("ana")
    entry = told.added()
    told.heard()

    def fails(unit: CallUnit) -> None:
        reserve = Reserve(agent="ana", lease_seconds=30.0)
        call = replace(entry.call, phase=Phase.RINGING, agent="ana")
        told.written(unit, entry, CallOffered(at=after(1)), reserve, call=call)
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError):
        told.book.unit(fails)
    assert told.heard() == []
    assert told.database.agent("ana")["state"] == "available"
    told.book.close()


def test_why_he_wanted_to_be_away_is_his_reason_after_the_call(told: ToldBooks) -> None:
    told.database.add_agent("ana")
    entry = told.reserved(told.added(), "ana")
    agents = SqlAgents(told.database.url, told.clock)
    agents.change(AgentChange(login="ana", state=AgentState.AWAY, at=after(1), reason="lunch"))
    ended = replace(entry.call, phase=Phase.ENDED, agent=None)
    told.happens(entry, HungUp(at=after(2)), Release(agent="ana"), call=ended)
    ana = told.database.agent("ana")
    assert (ana["state"], ana["reason"], ana["wanted"], ana["wanted_reason"]) == ("away", "lunch", None, None)
    told.book.close()


def test_a_wrap_up_is_never_cut_short_by_a_new_call(told: ToldBooks) -> None:
    told.database.add_agent("ana", "wrap_up", until=after(30))
    with pytest.raises(ReservationLost):
        told.reserved(told.added(), "ana", 5)
    assert told.database.agent("ana")["state"] == "wrap_up"
    told.book.close()
