"""Two doors, eight processes, few agents: whoever races for them, nobody is given one that another call has."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ivr.adapters.sql_call_book import SqlCallBook, SqlCallUnit
from ivr.adapters.sql_schema import agents
from ivr.policy.call import Call
from ivr.policy.commands import BookCommand, Reserve
from ivr.policy.floor import Floor
from tests.soak.judge import Verdict, judged
from tests.soak.race import DOORS, Race, run

pytestmark = [pytest.mark.slow, pytest.mark.alone]

ATTEMPTS = 20_000


@pytest.mark.timeout(600)
def test_no_agent_is_given_to_two_callers_however_they_race_R67(url: str, tmp_path: Path) -> None:
    verdict = raced(Race(url=url, history=tmp_path / "history", attempts=ATTEMPTS))
    assert verdict.faults == []
    assert verdict.attempts >= ATTEMPTS
    assert all(verdict.doors[door] > ATTEMPTS / 100 for door in DOORS)


@pytest.mark.timeout(200)
def test_the_judge_finds_the_double_booking_of_a_book_that_looks_before_it_takes(
    url: str, tmp_path: Path
) -> None:
    broken = Race(url=url, history=tmp_path / "history", attempts=400, make_book=LookingBook)
    faults = "\n".join(raced(broken).faults)
    assert "while" in faults, "by the history"
    assert "reserved for" in faults, "by the events"


def raced(race: Race) -> Verdict:
    started = time.monotonic()
    run(race)
    seconds = time.monotonic() - started
    verdict = judged(race.url, race.history)
    print(f"{verdict}; {seconds:.1f} s, {verdict.attempts / seconds:.0f} attempts/s")
    return verdict


class LookingBook(SqlCallBook):
    """Broken on purpose: looks at the agents first, takes one afterwards, whoever has him by then."""

    def _unit(self, connection: sa.Connection, written: dict[Any, str]) -> SqlCallUnit:
        return LookingUnit(
            connection=connection,
            clock=self._clock,
            digests=self._digests,
            written=written,
            seen=self._look(),
        )

    def _look(self) -> Floor:
        with self._readers.connect() as reader:
            return SqlCallUnit(connection=reader, clock=self._clock).floor()


@dataclass(kw_only=True)
class LookingUnit(SqlCallUnit):
    """Decides on what was seen before its transaction."""

    seen: Floor = field(default_factory=Floor)

    def floor(self, call: Call | None = None) -> Floor:  # the contract's form
        return self.seen

    def _carry_out(self, call: Call, command: BookCommand, at: Any) -> None:
        if not isinstance(command, Reserve):
            super()._carry_out(call, command, at)
            return
        taken = {"state": "reserved", "call_id": call.call_id, "epoch": agents.c.epoch + 1}
        self.connection.execute(sa.update(agents).where(agents.c.login == command.agent).values(taken))
