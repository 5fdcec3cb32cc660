"""The call book in SQL: calls, events, the floor and the agents' reservations, a few prepared statements a burst.

Units are carried out one after the other, in every process; on top of that reserving an agent is one conditional
update: whoever comes second finds no row and decides again.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa

from ivr.adapters import sql_agent_statements as of_agents
from ivr.adapters import sql_call_statements as say
from ivr.adapters.sql_agent_moves import move_agent
from ivr.adapters.sql_by_hand import SqlByHandUnit
from ivr.adapters.sql_engine import create_engine, read_engine, what_failed
from ivr.adapters.sql_pace import SqlPace
from ivr.adapters.sql_postgres import Turn
from ivr.adapters.sql_promises import promise_callback
from ivr.adapters.sql_ratings import ask_rating, rate
from ivr.adapters.sql_schema import calls, ring_backs
from ivr.adapters.sql_writer import GroupWriter
from ivr.policy.call import Call, Phase
from ivr.policy.callback_guard import Limits
from ivr.policy.commands import (
    AlertManager,
    AskRating,
    BookCommand,
    CountMiss,
    Fetch,
    JoinCallback,
    Knock,
    LeaveCallback,
    ListForRingBack,
    PromiseCallback,
    Rate,
    Release,
    Reserve,
    ServeCallback,
    StartTalk,
    StartWrapUp,
)
from ivr.policy.events import AgentAnswered, Event
from ivr.policy.floor import Floor
from ivr.policy.routes import Ways
from ivr.policy.rules import Rules
from ivr.service import codec
from ivr.service.live_ports import LiveNews, Silence
from ivr.service.ports import (
    BookUnavailable,
    CallUnit,
    Clock,
    Contact,
    Decision,
    Entry,
    Told,
)
from ivr.service.record_ports import OPEN_RECORD
from ivr.service.tidings import Tidings

T = TypeVar("T")


class SqlCallBook:
    """CallBook over one database; `clock` stamps rows and says what is due, decisions carry their own time.

    `ways` are those by which customers can be called back; `words` are those of each prompt, kept with what was
    promised; open pages are told by `news`, after the commit.
    """

    def __init__(
        self,
        url: str,
        clock: Clock,
        *,
        rules: Rules | None = None,
        ways: Ways | None = None,
        words: Mapping[str, str] | None = None,
        limits: Limits | None = None,
        news: LiveNews | None = None,
    ) -> None:
        self._clock = clock
        self._news = news or Silence()
        self._rules = rules or Rules()
        self._ways, self._words, self._limits = ways or {}, words or {}, limits
        self._engine = create_engine(url, turn=Turn.FLOOR, on_call_path=True)
        self._readers = read_engine(url, on_call_path=True)
        self._writer = GroupWriter(self._engine)
        self._digests: dict[Rules, str] = {}
        self._pace = SqlPace(self._readers, clock, self._rules.wrap_up_seconds)

    def unit(self, work: Callable[["SqlCallUnit"], T], *, budget_seconds: float = 1.5) -> T:
        """One durable transaction; see the port."""
        self._pace.refresh()
        written: dict[Rules, str] = {}
        told = _Told(self._news)
        result = self._writer.run(
            lambda connection: work(told.of(self._unit(connection, written))), budget_seconds, told
        )
        self._digests.update(written)  # stored for good only now
        return result

    def unit_later(
        self, work: Callable[[CallUnit], T], then: Told[T], *, budget_seconds: float = 1.5
    ) -> None:
        """The same for who does not wait; see the port."""
        written: dict[Rules, str] = {}
        told = _Told(self._news)

        def noted(result: Callable[[], T]) -> T:
            value = result()
            self._digests.update(written)
            return value

        self._writer.later(
            lambda connection: work(told.of(self._unit(connection, written))),
            lambda result: then(lambda: noted(result)),
            budget_seconds,
            told,
        )

    def _unit(self, connection: sa.Connection, written: dict[Rules, str]) -> "SqlCallUnit":
        return SqlCallUnit(
            connection=connection,
            clock=self._clock,
            rules=self._rules,
            ways=self._ways,
            words=self._words,
            limits=self._limits,
            pace=self._pace.current,
            digests=self._digests,
            written=written,
        )

    def anything_due(self, at: datetime) -> bool:
        """An agent to free, or one free while somebody waits."""
        due = say.ANYTHING_DUE if self._can_dial() else say.CALLERS_DUE
        try:
            with self._readers.connect() as connection:
                return bool(due.on(connection, {"now": at}).rows[0].due)
        except sa.exc.SQLAlchemyError as error:
            raise BookUnavailable(what_failed(error)) from error

    def _can_dial(self) -> bool:
        return not self._rules.dials_by_hand and any(leads() for leads in self._ways.values())

    def close(self) -> None:
        """Finish what is queued."""
        self._writer.close()
        self._engine.dispose()
        self._readers.dispose()


class _Told:
    """Tells what the last attempt at a unit led to; of one that lost a race nobody hears."""

    def __init__(self, news: LiveNews) -> None:
        self._news = news
        self._tidings = Tidings()

    def of(self, unit: "SqlCallUnit") -> "SqlCallUnit":
        self._tidings = unit.tidings
        return unit

    def __call__(self) -> None:
        self._tidings.tell(self._news)


@dataclass(kw_only=True)
class SqlCallUnit(SqlByHandUnit):
    """CallUnit over one open transaction; `written` are the rules whose digests are as durable as this unit."""

    digests: Mapping[Rules, str] = field(default_factory=dict)
    written: dict[Rules, str] = field(default_factory=dict)

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
            "line_at": contact.presented_at,
            "phase": Phase.OFFERED.value,
            "outcome": "in_progress",
            "state": "{}",
            "standing": "[]",
        }
        call_id = say.ADD_CALL.on(self.connection, values).rows[0].id
        row = {"topic": OPEN_RECORD, "ref": call_id, "created_at": self.clock.now()}
        say.ADD_OUTBOX.on(self.connection, row)
        call = Call(call_id=call_id, presented_at=contact.presented_at, number=number, door=contact.door)
        return Entry(call=call, contact=contact, standing=(), last_key=None)

    def write(self, entry: Entry, decision: Decision) -> Entry:
        """The decision, whole."""
        step = decision.step
        for command in step.for_the_books:
            self._carry_out(step.call, command, decision.event.at)
        self.tidings.of_call(entry.call, step)
        self._note(entry, decision.event, floor=decision.floor, decision=decision)
        speaks = (
            step.call.agent or step.call.left_ringing
        )  # heard of only after the end: whose phone rang then
        if isinstance(decision.event, AgentAnswered) and speaks is not None:
            say.SAVE_SERVED_BY.on(self.connection, {"id": step.call.call_id, "served_by": speaks})
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
            "line_at": call.in_line_since,
            "greeted_at": call.greeted_at,
            "greeted_by": call.greeted_by,
            "served_at": call.served_at,
            "ended_at": call.ended_at,
            "outcome": call.outcome.value,
            "agent": call.agent,
            "estimated_wait_seconds": call.estimated_wait_seconds,
            "state": codec.call_to_json(call),
            "standing": codec.commands_to_json(entry.standing),
        }
        (say.SAVE if key is None else say.SAVE_WITH_KEY).on(self.connection, values)

    def free_agents_due(self, at: datetime) -> int:
        """Wrap-ups and leases that are over; a second call that is gone is offered to nobody any more."""
        of_agents.FORGET_KNOCKS.on(self.connection)
        freed = of_agents.FREE_WHO_IS_DUE.on(self.connection, {"now": at}).rows
        self.tidings.of_freed(row.login for row in freed)
        return len(freed)

    def unfinished(self, before: datetime) -> tuple[Entry, ...]:
        """Calls not ended and older than that."""
        rows = self.connection.execute(
            sa.select(calls).where(calls.c.phase != Phase.ENDED.value, calls.c.presented_at < before)
        )
        return tuple(entry for entry in map(self._entry, rows) if entry is not None)

    # ---- one method a book command ----------------------------------------------------------------------------

    def _carry_out(self, call: Call, command: BookCommand, at: datetime) -> None:  # noqa: C901 # a case a command
        match command:
            case Reserve() | Knock() | Release() | CountMiss() | StartTalk() | StartWrapUp():
                move_agent(self.connection, call, command, at)
            case ListForRingBack():
                self._list(call, command, at)
            case AlertManager(kind=kind, agent=login):
                self.alert(kind, login, call.call_id, at)
            case PromiseCallback():
                promise_callback(self, call, command, at)
            case AskRating():
                ask_rating(self.connection, call, at)
            case Rate(score=score):
                rate(self.connection, call, score)
            case JoinCallback() | ServeCallback() | LeaveCallback():
                pass  # the callback's own events, told to it by the switchboard in this same unit
            case Fetch():
                pass  # told to the switch after the commit, by the floor loop

    def _list(self, call: Call, command: ListForRingBack, at: datetime) -> None:
        number = _fitting(ring_backs.c.number, command.number)
        row = {
            "call_id": call.call_id,
            "number": number,
            "reason": command.reason,
            "listed_at": at,
            "owner": None,
        }
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
