"""The call book in SQL: calls, events, the floor and the agents' reservations, a few prepared statements a burst.

Units are carried out one after the other, in every process; on top of that reserving an agent is one conditional
update: whoever comes second finds no row and decides again.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa

from ivr.adapters import sql_call_statements as say
from ivr.adapters.sql_engine import create_engine, read_engine, what_failed
from ivr.adapters.sql_postgres import Turn
from ivr.adapters.sql_schema import calls, ring_backs
from ivr.adapters.sql_statement import Statement
from ivr.adapters.sql_writer import GroupWriter
from ivr.policy.call import Call, Phase
from ivr.policy.commands import (
    AlertManager,
    BookCommand,
    CountMiss,
    Fetch,
    ListForRingBack,
    Release,
    Reserve,
    StartTalk,
    StartWrapUp,
)
from ivr.policy.events import AgentAnswered, Event
from ivr.policy.floor import Agent, AgentState, Floor, Waiting
from ivr.policy.rules import Rules
from ivr.service import codec
from ivr.service.ports import BookUnavailable, CallUnit, Clock, Contact, Decision, Entry, ReservationLost
from ivr.service.record_ports import OPEN_RECORD

T = TypeVar("T")


class SqlCallBook:
    """CallBook over one database; `clock` only stamps rows, decisions carry their own time."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._clock = clock
        self._engine = create_engine(url, turn=Turn.FLOOR, on_call_path=True)
        self._readers = read_engine(url, on_call_path=True)
        self._writer = GroupWriter(self._engine)
        self._digests: dict[Rules, str] = {}

    def unit(self, work: Callable[[CallUnit], T], *, budget_seconds: float = 1.5) -> T:
        """One durable transaction; see the port."""
        written: dict[Rules, str] = {}
        result = self._writer.run(lambda connection: work(self._unit(connection, written)), budget_seconds)
        self._digests.update(written)  # stored for good only now
        return result

    def unit_later(
        self,
        work: Callable[[CallUnit], T],
        then: Callable[[Callable[[], T]], None],
        *,
        budget_seconds: float = 1.5,
    ) -> None:
        """The same for who does not wait; see the port."""
        written: dict[Rules, str] = {}

        def noted(result: Callable[[], T]) -> T:
            value = result()
            self._digests.update(written)
            return value

        self._writer.later(
            lambda connection: work(self._unit(connection, written)),
            lambda result: then(lambda: noted(result)),
            budget_seconds,
        )

    def _unit(self, connection: sa.Connection, written: dict[Rules, str]) -> CallUnit:
        return SqlCallUnit(connection, self._clock, self._digests, written)

    def anything_due(self, at: datetime) -> bool:
        """An agent to free, or one free while somebody waits."""
        try:
            with self._readers.connect() as connection:
                return bool(say.ANYTHING_DUE.on(connection, {"now": at}).rows[0].due)
        except sa.exc.SQLAlchemyError as error:
            raise BookUnavailable(what_failed(error)) from error

    def close(self) -> None:
        """Finish what is queued."""
        self._writer.close()
        self._engine.dispose()
        self._readers.dispose()


@dataclass
class SqlCallUnit:
    """CallUnit over one open transaction; `written` are the rules whose digests are as durable as this unit."""

    connection: sa.Connection
    clock: Clock
    digests: Mapping[Rules, str]
    written: dict[Rules, str]

    def find(self, door: str, ref: str) -> Entry | None:
        """A call by its own reference."""
        return self._entry(say.FIND.on(self.connection, {"door": door, "ref": ref}).first)

    def find_id(self, call_id: int) -> Entry | None:
        """A call by our number for it."""
        return self._entry(say.FIND_ID.on(self.connection, {"id": call_id}).first)

    def add(self, contact: Contact, number: str | None) -> Entry:
        """A new call and the outbox row of its record."""
        values = {
            "door": contact.door,
            "ref": contact.ref,
            "hotline": _fitting(calls.c.hotline, contact.hotline),
            "caller": _fitting(calls.c.caller, contact.caller),
            "channel": _fitting(calls.c.channel, contact.channel),
            "presented_at": contact.presented_at,
            "phase": Phase.OFFERED.value,
            "outcome": "in_progress",
            "state": "{}",
            "standing": "[]",
        }
        call_id = say.ADD_CALL.on(self.connection, values).rows[0].id
        row = {"topic": OPEN_RECORD, "ref": call_id, "created_at": self.clock.now()}
        say.ADD_OUTBOX.on(self.connection, row)
        call = Call(call_id=call_id, presented_at=contact.presented_at, number=number)
        return Entry(call=call, contact=contact, standing=(), last_key=None)

    def floor(self) -> Floor:
        """Agents on the floor and the head of the line."""
        on_floor = tuple(_agent(row) for row in say.ON_FLOOR.on(self.connection).rows)
        free = sum(agent.state is AgentState.AVAILABLE for agent in on_floor)
        if not free:
            return Floor(agents=on_floor)
        line = tuple(_waiting(row) for row in say.LINE.on(self.connection, {"most": free + 1}).rows)
        return Floor(agents=on_floor, line=line)

    def write(self, entry: Entry, decision: Decision) -> Entry:
        """The decision, whole."""
        step = decision.step
        for command in step.for_the_books:
            self._carry_out(step.call, command, decision.event.at)
        self._note(entry, decision.event, floor=decision.floor, decision=decision)
        if isinstance(decision.event, AgentAnswered) and step.call.agent is not None:
            served_by = {"id": step.call.call_id, "served_by": step.call.agent}
            say.SAVE_SERVED_BY.on(self.connection, served_by)
        return replace(entry, call=step.call, standing=step.for_the_line or entry.standing)

    def refuse(self, entry: Entry, event: Event) -> None:
        """An event that meant nothing."""
        self._note(entry, event, floor=None, decision=None)

    def save(self, entry: Entry, key: str | None = None) -> None:
        """The call as it stands, once a unit, and the burst just handled."""
        call = entry.call
        values: dict[str, Any] = {
            "id": call.call_id,
            "key": key,
            "phase": call.phase.value,
            "greeted_at": call.greeted_at,
            "greeted_by": call.greeted_by,
            "served_at": call.served_at,
            "ended_at": call.ended_at,
            "outcome": call.outcome.value,
            "agent": call.agent,
            "state": codec.call_to_json(call),
            "standing": codec.commands_to_json(entry.standing),
        }
        (say.SAVE if key is None else say.SAVE_WITH_KEY).on(self.connection, values)

    def free_agents_due(self, at: datetime) -> int:
        """Wrap-ups and leases that are over."""
        return say.FREE_WHO_IS_DUE.on(self.connection, {"now": at}).rowcount

    def unfinished(self, before: datetime) -> tuple[Entry, ...]:
        """Calls not ended and older than that."""
        rows = self.connection.execute(
            sa.select(calls).where(calls.c.phase != Phase.ENDED.value, calls.c.presented_at < before)
        )
        return tuple(entry for entry in map(self._entry, rows) if entry is not None)

    # ---- one method a book command ----------------------------------------------------------------------------

    def _carry_out(self, call: Call, command: BookCommand, at: datetime) -> None:  # noqa: C901 # a case a command
        match command:
            case Reserve():
                self._reserve(call, command, at)
            case Release(agent=login):
                self._of_agent(say.RELEASE, call, login, at)
            case CountMiss(agent=login, stand_down=stand_down):
                self._of_agent(say.STOOD_DOWN if stand_down else say.MISSED, call, login, at)
            case StartTalk(agent=login):
                self._of_agent(say.TALK, call, login, at)
            case StartWrapUp(agent=login, seconds=seconds) if seconds > 0:
                self._of_agent(say.WRAP_UP, call, login, at, until=at + timedelta(seconds=seconds))
            case StartWrapUp(agent=login):
                self._of_agent(say.BACK, call, login, at)
            case ListForRingBack():
                self._list(call, command, at)
            case AlertManager(kind=kind, agent=login):
                row = {"at": at, "kind": kind, "agent": login, "call_id": call.call_id}
                say.ADD_ALERT.on(self.connection, row)
            case Fetch():
                pass  # told to the switch after the commit, by the floor loop

    def _reserve(self, call: Call, command: Reserve, at: datetime) -> None:
        lease = at + timedelta(seconds=command.lease_seconds)
        if self._of_agent(say.RESERVE, call, command.agent, at, lease=lease) != 1:
            raise ReservationLost

    def _of_agent(self, statement: Statement, call: Call, login: str, at: datetime, **more: datetime) -> int:
        """How many agents it was true of: one or none."""
        values = {"agent": login, "call": call.call_id, "now": at, **more}
        return statement.on(self.connection, values).rowcount

    def _list(self, call: Call, command: ListForRingBack, at: datetime) -> None:
        number = _fitting(ring_backs.c.number, command.number)
        row = {"call_id": call.call_id, "number": number, "reason": command.reason, "listed_at": at}
        if say.KNOWN_RING_BACK.on(self.connection, {"call_id": call.call_id}).first is None:
            say.ADD_RING_BACK.on(self.connection, {**row, "done": False})

    # ---- rows -------------------------------------------------------------------------------------------------

    def _entry(self, row: sa.Row[Any] | None) -> Entry | None:
        if row is None:
            return None
        contact = Contact(
            door=row.door,
            ref=row.ref,
            hotline=row.hotline,
            caller=row.caller,
            presented_at=row.presented_at,
            channel=row.channel,
        )
        call = codec.call_from_json(row.state)
        return Entry(
            call=call, contact=contact, standing=codec.line_from_json(row.standing), last_key=row.last_key
        )

    def _note(self, entry: Entry, event: Event, floor: Floor | None, decision: Decision | None) -> None:
        row = {
            "call_id": entry.call.call_id,
            "at": event.at,
            "kind": type(event).__name__,
            "body": codec.event_to_json(event),
            "floor": None if floor is None else codec.floor_to_json(floor),
            "rules": None if decision is None else self._digest(decision.rules),
            "commands": codec.commands_to_json(decision.step.commands) if decision else "[]",
        }
        say.ADD_EVENT.on(self.connection, row)

    def _digest(self, rules: Rules) -> str:
        """The rules' digest; their text is stored until a unit that stored it is known to be durable."""
        known = self.digests.get(rules)
        if known is not None:
            return known
        body = codec.rules_to_json(rules)
        digest = hashlib.sha256(body.encode()).hexdigest()
        say.STORE_RULES.on(self.connection, {"digest": digest, "body": body})
        self.written[rules] = digest
        return digest


def _fitting(column: sa.Column[Any], text: str | None) -> str | None:
    """A foreign text as long as its column, without the one character PostgreSQL cannot keep: no call fails for it."""
    length = column.type.length if isinstance(column.type, sa.String) else None
    return None if text is None else text.replace("\0", "")[:length]


def _agent(row: sa.Row[Any]) -> Agent:
    return Agent(
        login=row.login,
        phone=row.phone,
        state=AgentState(row.state),
        idle_since=row.idle_since,
        misses=row.misses,
    )


def _waiting(row: sa.Row[Any, Any, Any]) -> Waiting:
    passed_over = codec.call_from_json(row.state).passed_over
    return Waiting(call_id=row.id, presented_at=row.presented_at, passed_over=passed_over)
