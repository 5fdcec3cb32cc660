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

from ivr.adapters.sql_engine import create_engine, read_engine, what_failed
from ivr.adapters.sql_postgres import Turn
from ivr.adapters.sql_schema import Moment, agents, alerts, calls, events, outbox, ring_backs
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

T = TypeVar("T")
OPEN_RECORD = "open_record"
IN_LINE = (Phase.WAITING.value, Phase.HELD.value)

_find = sa.select(calls).where(calls.c.door == sa.bindparam("d"), calls.c.ref == sa.bindparam("r"))
_find_id = sa.select(calls).where(calls.c.id == sa.bindparam("i"))
_on_floor = sa.select(agents).where(agents.c.state.notin_((AgentState.OFFLINE.value, AgentState.AWAY.value)))
_line = (
    sa.select(calls.c.id, calls.c.presented_at, calls.c.state)
    .where(calls.c.phase.in_(IN_LINE))
    .order_by(calls.c.presented_at, calls.c.id)
    .limit(sa.bindparam("n"))
)
_reserve = (
    sa.update(agents)
    .where(agents.c.login == sa.bindparam("l"), agents.c.state == AgentState.AVAILABLE.value)
    .values(
        state=AgentState.RESERVED.value,
        reason=None,
        since=sa.bindparam("now"),
        until=sa.bindparam("lease"),
        call_id=sa.bindparam("c"),
        epoch=agents.c.epoch + 1,
    )
)


_mine = calls.c.id == sa.bindparam("i")
_saved = (
    "phase",
    "greeted_at",
    "greeted_by",
    "served_at",
    "ended_at",
    "outcome",
    "agent",
    "state",
    "standing",
)
_save = sa.update(calls).where(_mine).values({name: sa.bindparam(name) for name in _saved})
_save_key = _save.values(last_key=sa.bindparam("k"))
_save_served_by = sa.update(calls).where(_mine).values(served_by=sa.bindparam("served_by"))
_add_call = sa.insert(calls).returning(calls.c.id)
_add_outbox = sa.insert(outbox)
_add_event = sa.insert(events)
_store_rules = sa.text("INSERT INTO rule_sets (digest, body) VALUES (:digest, :body) ON CONFLICT DO NOTHING")


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

    def _unit(self, connection: sa.Connection, written: dict[Rules, str]) -> CallUnit:
        return SqlCallUnit(connection, self._clock, self._digests, written)

    def anything_due(self, at: datetime) -> bool:
        """An agent to free, or one free while somebody waits."""
        try:
            with self._readers.connect() as connection:
                return bool(connection.execute(_anything_due, {"at": at}).scalar())
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
        return self._entry(self.connection.execute(_find, {"d": door, "r": ref}).one_or_none())

    def find_id(self, call_id: int) -> Entry | None:
        """A call by our number for it."""
        return self._entry(self.connection.execute(_find_id, {"i": call_id}).one_or_none())

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
        call_id = self.connection.execute(_add_call, values).scalar_one()
        row = {"topic": OPEN_RECORD, "ref": call_id, "created_at": self.clock.now()}
        self.connection.execute(_add_outbox, row)
        call = Call(call_id=call_id, presented_at=contact.presented_at, number=number)
        return Entry(call=call, contact=contact, standing=(), last_key=None)

    def floor(self) -> Floor:
        """Agents on the floor and the head of the line."""
        on_floor = tuple(_agent(row) for row in self.connection.execute(_on_floor))
        free = sum(agent.state is AgentState.AVAILABLE for agent in on_floor)
        if not free:
            return Floor(agents=on_floor)
        line = tuple(_waiting(row) for row in self.connection.execute(_line, {"n": free + 1}))
        return Floor(agents=on_floor, line=line)

    def write(self, entry: Entry, decision: Decision) -> Entry:
        """The decision, whole."""
        step = decision.step
        for command in step.for_the_books:
            self._carry_out(step.call, command, decision.event.at)
        self._note(entry, decision.event, floor=decision.floor, decision=decision)
        if isinstance(decision.event, AgentAnswered) and step.call.agent is not None:
            served_by = {"i": step.call.call_id, "served_by": step.call.agent}
            self.connection.execute(_save_served_by, served_by)
        return replace(entry, call=step.call, standing=step.for_the_line or entry.standing)

    def refuse(self, entry: Entry, event: Event) -> None:
        """An event that meant nothing."""
        self._note(entry, event, floor=None, decision=None)

    def save(self, entry: Entry, key: str | None = None) -> None:
        """The call as it stands, once a unit, and the burst just handled."""
        call = entry.call
        values: dict[str, Any] = {
            "i": call.call_id,
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
        self.connection.execute(*((_save, values) if key is None else (_save_key, {**values, "k": key})))

    def free_agents_due(self, at: datetime) -> int:
        """Wrap-ups and leases that are over."""
        freed = {"since": at, "until": None, "call_id": None, "reason": None, "wanted": None}
        statement = sa.update(agents).where(_over(at))
        return self.connection.execute(
            statement.values(state=_wanted_or(AgentState.AVAILABLE), idle_since=agents.c.until), freed
        ).rowcount

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
                self._free(call, login, at, AgentState.AVAILABLE, {})
            case CountMiss():
                self._count_miss(call, command, at)
            case StartTalk(agent=login):
                self._start_talk(call, login, at)
            case StartWrapUp():
                self._wrap_up(call, command, at)
            case ListForRingBack():
                self._list(call, command, at)
            case AlertManager(kind=kind, agent=login):
                row = {"at": at, "kind": kind, "agent": login, "call_id": call.call_id}
                self.connection.execute(sa.insert(alerts), row)
            case Fetch():
                pass  # told to the switch after the commit, by the floor loop

    def _reserve(self, call: Call, command: Reserve, at: datetime) -> None:
        lease = at + timedelta(seconds=command.lease_seconds)
        values = {"l": command.agent, "now": at, "lease": lease, "c": call.call_id}
        if self.connection.execute(_reserve, values).rowcount != 1:
            raise ReservationLost

    def _free(self, call: Call, login: str, at: datetime, state: AgentState, more: dict[str, Any]) -> None:
        values: dict[str, Any] = {"state": state.value, "since": at, "until": None, "call_id": None, **more}
        if state is AgentState.AVAILABLE:
            values |= {"state": _wanted_or(state), "wanted": None}
        statement = sa.update(agents).where(agents.c.login == login, agents.c.call_id == call.call_id)
        self.connection.execute(statement.values(values))

    def _count_miss(self, call: Call, command: CountMiss, at: datetime) -> None:
        more: dict[str, Any] = {"idle_since": at, "misses": agents.c.misses + 1}
        if command.stand_down:
            self._free(call, command.agent, at, AgentState.AWAY, {**more, "reason": "missed_ring"})
        else:
            self._free(call, command.agent, at, AgentState.AVAILABLE, more)

    def _start_talk(self, call: Call, login: str, at: datetime) -> None:
        mine = sa.or_(agents.c.call_id == call.call_id, agents.c.state == AgentState.AVAILABLE.value)
        talking = {"state": AgentState.TALKING.value, "since": at, "until": None, "misses": 0}
        statement = sa.update(agents).where(agents.c.login == login, mine)
        self.connection.execute(statement.values(call_id=call.call_id, **talking))

    def _wrap_up(self, call: Call, command: StartWrapUp, at: datetime) -> None:
        if command.seconds <= 0:
            self._free(call, command.agent, at, AgentState.AVAILABLE, {"idle_since": at})
            return
        until = at + timedelta(seconds=command.seconds)
        self._free(call, command.agent, at, AgentState.WRAP_UP, {"until": until, "call_id": call.call_id})

    def _list(self, call: Call, command: ListForRingBack, at: datetime) -> None:
        number = _fitting(ring_backs.c.number, command.number)
        row = {"call_id": call.call_id, "number": number, "reason": command.reason, "listed_at": at}
        known = sa.select(ring_backs.c.id).where(ring_backs.c.call_id == call.call_id)
        if self.connection.execute(known).first() is None:
            self.connection.execute(sa.insert(ring_backs), {**row, "done": False})

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
        self.connection.execute(_add_event, row)

    def _digest(self, rules: Rules) -> str:
        """The rules' digest; their text is stored until a unit that stored it is known to be durable."""
        known = self.digests.get(rules)
        if known is not None:
            return known
        body = codec.rules_to_json(rules)
        digest = hashlib.sha256(body.encode()).hexdigest()
        self.connection.execute(_store_rules, {"digest": digest, "body": body})
        self.written[rules] = digest
        return digest


def _over(at: Any) -> sa.ColumnElement[bool]:
    """A wrap-up that is over; a lease that is, unless its call still stands by it: perhaps they talk already."""
    with_him = (Phase.RINGING.value, Phase.FETCHING.value, Phase.TALKING.value)
    stands = sa.exists().where(calls.c.id == agents.c.call_id, calls.c.phase.in_(with_him))
    lease = sa.and_(agents.c.state == AgentState.RESERVED.value, sa.not_(stands))
    return sa.and_(agents.c.until <= at, sa.or_(agents.c.state == AgentState.WRAP_UP.value, lease))


def _fitting(column: sa.Column[Any], text: str | None) -> str | None:
    """A foreign text as long as its column, without the one character PostgreSQL cannot keep: no call fails for it."""
    length = column.type.length if isinstance(column.type, sa.String) else None
    return None if text is None else text.replace("\0", "")[:length]


def _wanted_or(state: AgentState) -> sa.ColumnElement[str]:
    """What he asked for during the call comes before what we would make him."""
    return sa.func.coalesce(agents.c.wanted, state.value)


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


def _due() -> sa.Select[Any]:
    """An agent to free, or one free while somebody waits."""
    at = sa.bindparam("at", type_=Moment())
    over = sa.select(agents.c.login).where(_over(at))
    free = sa.select(agents.c.login).where(agents.c.state == AgentState.AVAILABLE.value)
    waits = sa.select(calls.c.id).where(calls.c.phase.in_(IN_LINE))
    return sa.select(sa.or_(sa.exists(over), sa.and_(sa.exists(free), sa.exists(waits))))


_anything_due = _due()
