"""Callbacks and promises in SQL, inside the call book's own transactions: what is promised is there before it is said.

A callback is saved by what it was before: whoever comes second finds it changed and decides again.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ivr.adapters import sql_agent_statements as of_agents
from ivr.adapters import sql_callback_statements as ask
from ivr.adapters import sql_promise_statements as given
from ivr.adapters.sql_call_statements import ADD_ALERT, ADD_IDLE_WAIT, ADD_RING_BACK, ALERTED, KNOWN_RING_BACK
from ivr.adapters.sql_guard import SqlGuardUnit, midnight
from ivr.adapters.sql_statement import Statement
from ivr.policy.callback import Attempt, Callback, CallbackState, Place
from ivr.policy.callback_commands import CallbackCommand, HandOverReason
from ivr.policy.callback_events import AttemptResult, CallbackEvent
from ivr.policy.routes import Route, Ways, route_of
from ivr.service import callback_codec, codec
from ivr.service.callback_book import BrokenPromise, FreedHow, JoinedInVain, OpenAttempt, ToTell
from ivr.service.callback_ports import AttemptName
from ivr.service.live_ports import EVERYBODY, MANAGERS, LiveKind
from ivr.service.ports import Clock, ReservationLost
from ivr.service.tidings import Tidings


@dataclass(kw_only=True)
class SqlCallbackUnit(SqlGuardUnit):
    """CallbackUnit over one open transaction.

    `ways` are those by which customers can be called; `words` are the prompts' own.
    """

    clock: Clock
    ways: Ways = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    tidings: Tidings = field(default_factory=Tidings)

    @property
    def has_route(self) -> bool:
        return bool(self.ways) or self.rules.dials_by_hand

    def route_to(self, number: str) -> Route | None:
        routes = self.rules.callback_routes
        up = frozenset(route for route, leads in self.ways.items() if leads())
        return route_of(number, routes, up) or route_of(number, routes, self.ways)

    def leads_to(self, number: str) -> bool:
        return self.rules.dials_by_hand or self.route_to(number) is not None

    def callback(self, callback_id: int) -> Callback | None:
        row = ask.CALLBACK.on(self.connection, {"id": callback_id}).first
        if row is None:
            return None
        attempts = ask.ATTEMPTS.on(self.connection, {"id": callback_id}).rows if row.epoch else ()
        return as_callback(row, map(as_attempt, attempts))

    def save_callback(self, before: Callback, after: Callback) -> None:
        self.tidings.add(EVERYBODY, LiveKind.CALLBACKS)
        values = {
            "id": before.callback_id,
            "was_epoch": before.epoch,
            "was_state": before.state.value,
            "state": after.state.value,
            "due_at": after.due_at,
            "epoch": after.epoch,
            "lease_until": after.lease_until,
            "by_hand": after.by_hand,
            "route": after.route.value,
            "next_at": after.next_at,
            "new_due_at": after.new_due_at,
            "announcements": after.announcements,
            "joined_call": after.joined_call,
            "second_person": after.second_person,
            "hand_over_reason": after.hand_over_reason and after.hand_over_reason.value,
            "closed_at": after.closed_at,
            "agent": _agent_of(after),
        }
        if ask.SAVE_CALLBACK.on(self.connection, values).rowcount != 1:
            raise ReservationLost
        self._save_attempts(before, after)
        if after.due_at != before.due_at:
            ask.NOT_ANNOUNCED.on(self.connection, {"id": before.callback_id})

    def _save_attempts(self, before: Callback, after: Callback) -> None:
        for attempt in after.attempts[len(before.attempts) :]:
            row = {"callback_id": after.callback_id, "epoch": attempt.epoch, "at": attempt.at}
            ask.ADD_ATTEMPT.on(self.connection, row | {"agent": attempt.agent, "nonce": attempt.nonce})
        for was, now in zip(before.attempts, after.attempts, strict=False):
            if now.result is not None and was != now:
                mine = {"id": after.callback_id, "epoch": now.epoch}
                row = mine | {"result": now.result.value, "at": now.ended_at}
                ask.SAVE_ATTEMPT.on(self.connection, row)

    # ---- its log -----------------------------------------------------------------------------------------------

    def note_callback(
        self, callback_id: int, event: CallbackEvent, commands: tuple[CallbackCommand, ...] | None
    ) -> None:
        row = {
            "callback_id": callback_id,
            "at": event.at,
            "kind": type(event).__name__,
            "body": callback_codec.event_to_json(event),
            "commands": None if commands is None else callback_codec.commands_to_json(commands),
        }
        ask.ADD_CALLBACK_EVENT.on(self.connection, row)

    def note_overtaking(self, callback_id: int, at: datetime, place: Place, earlier: int) -> None:
        due_at = place.near_due_at and place.near_due_at.isoformat()
        body = json.dumps({"due_at": due_at, "earlier": earlier})
        row = {"callback_id": callback_id, "at": at, "kind": "Overtook", "body": body, "commands": "[]"}
        ask.ADD_CALLBACK_EVENT.on(self.connection, row)

    def note_idle(self, agent: str, call_id: int, at: datetime, seconds: float) -> None:
        row = {"agent": agent, "call_id": call_id, "at": at, "milliseconds": round(seconds * 1000)}
        ADD_IDLE_WAIT.on(self.connection, row)

    # ---- its agent ---------------------------------------------------------------------------------------------

    def reserve_for(self, callback: Callback, agent: str, at: datetime, until: datetime) -> None:
        values = {"call": callback.call_id, "callback": callback.callback_id, "lease": until}
        taken = of_agents.RESERVE_FOR_CALLBACK.on(self.connection, values | {"agent": agent, "now": at})
        if taken.rowcount != 1:
            raise ReservationLost
        self.tidings.add(agent, LiveKind.RING, callback.call_id, callback.callback_id)
        self.tidings.add(EVERYBODY, LiveKind.LINE)

    def stay_reserved(self, callback_id: int, agent: str, until: datetime) -> None:
        values = {"callback": callback_id, "agent": agent, "until": until}
        of_agents.STAY_RESERVED.on(self.connection, values)

    def serve_callback(self, callback_id: int, epoch: int, agent: str, at: datetime) -> bool:
        mine = {"id": callback_id, "epoch": epoch, "at": at}
        if ask.SERVE_ATTEMPT.on(self.connection, mine).rowcount != 1:
            return False
        talking = {"callback": callback_id, "agent": agent, "now": at}
        of_agents.TALK_WITH_CUSTOMER.on(self.connection, talking)
        self.tidings.add(agent, LiveKind.TALK, callback_id=callback_id)
        self.tidings.add(EVERYBODY, LiveKind.LINE)
        return True

    def served_at(self, callback_id: int, epoch: int) -> datetime | None:
        row = ask.ATTEMPT_SERVED_AT.on(self.connection, {"id": callback_id, "epoch": epoch}).first
        return row and row.served_at

    def free_from(
        self, callback_id: int, agent: str, how: FreedHow, at: datetime, wrap_up_seconds: float = 0.0
    ) -> None:
        statement = {
            FreedHow.PLACE_KEPT: of_agents.BY_CALLBACK.release,
            FreedHow.MISSED: of_agents.BY_CALLBACK.missed,
            FreedHow.STOOD_DOWN: of_agents.BY_CALLBACK.stood_down,
            FreedHow.WRAP_UP: of_agents.BY_CALLBACK.wrap_up,
        }[how]
        if how is FreedHow.WRAP_UP and wrap_up_seconds <= 0:
            statement = of_agents.BY_CALLBACK.back
        values = {"callback": callback_id, "agent": agent, "now": at}
        until = at + timedelta(seconds=wrap_up_seconds)
        over = LiveKind.STATE if how is FreedHow.WRAP_UP else LiveKind.RING_OVER
        for kind in (over, LiveKind.STATE):
            self.tidings.add(agent, kind, callback_id=callback_id)
        self.tidings.add(EVERYBODY, LiveKind.LINE)
        if statement.on(self.connection, values | {"until": until}).rowcount == 0:
            of_agents.BY_CALLBACK.to_his_second_call.on(self.connection, values)

    def second_person(self, besides: str | None) -> str | None:
        row = of_agents.SECOND_PERSON.on(self.connection, {"besides": besides or ""}).first
        return row and row.login

    # ---- what was promised -------------------------------------------------------------------------------------

    def called(self, callback_id: int, at: datetime) -> None:
        for statement in (ask.CALLED, given.KEEP_PROMISES):
            statement.on(self.connection, {"id": callback_id, "at": at})

    def reached(self, callback_id: int, agent: str | None, at: datetime) -> None:
        ask.REACHED.on(self.connection, {"id": callback_id, "agent": agent, "at": at})
        self.called(callback_id, at)

    def served_by(self, call_id: int) -> str | None:
        row = ask.SERVED_BY.on(self.connection, {"id": call_id}).first
        return row and row.agent

    def move_promise(self, callback_id: int, due_at: datetime) -> None:
        given.MOVE_PROMISES.on(self.connection, {"id": callback_id, "due_at": due_at})

    def own_promise(self, callback_id: int, owner: str) -> None:
        given.OWN_PROMISES.on(self.connection, {"id": callback_id, "owner": owner})

    def hand_over(self, callback: Callback, reason: HandOverReason, to: str | None, at: datetime) -> None:
        listed = {"call_id": callback.call_id, "number": callback.number, "reason": reason.value}
        if KNOWN_RING_BACK.on(self.connection, {"call_id": callback.call_id}).first is None:
            ADD_RING_BACK.on(self.connection, {**listed, "listed_at": at, "owner": to, "done": False})
        given.HAND_OVER_PROMISES.on(self.connection, {"id": callback.callback_id})
        self.tidings.add(EVERYBODY, LiveKind.CALLBACKS)
        if to is not None:
            self.own_promise(callback.callback_id, to)

    def alert(self, kind: str, agent: str | None, call_id: int, at: datetime) -> None:
        self.tidings.add(MANAGERS, LiveKind.ALERT, call_id)
        ADD_ALERT.on(self.connection, {"at": at, "kind": kind, "agent": agent, "call_id": call_id})

    def alerted_since(self, kind: str, since: datetime) -> bool:
        return ALERTED.on(self.connection, {"kind": kind, "since": since}).first is not None

    # ---- his calls ---------------------------------------------------------------------------------------------

    def other_call(self, callback: Callback, besides: int) -> int | None:
        rows = ask.LIVE_OF_NUMBER.on(self.connection, {"number": callback.number}).rows
        calls = (codec.call_from_json(row.state) for row in rows if row.id != besides)
        its = (call.call_id for call in calls if call.joined_callback == callback.callback_id)
        return next(its, None)

    def calls_today(self, number: str, at: datetime) -> int:
        values = {"number": number, "since": midnight(at, self.rules)}
        return int(ask.CALLS_OF_NUMBER.on(self.connection, values).rows[0].n)

    # ---- what is to be looked at -------------------------------------------------------------------------------

    def running(self) -> tuple[OpenAttempt, ...]:
        return self._open_attempts(ask.RUNNING)

    def left_behind(self) -> tuple[OpenAttempt, ...]:
        return self._open_attempts(ask.LEFT_BEHIND)

    def _open_attempts(self, statement: Statement) -> tuple[OpenAttempt, ...]:
        return tuple(
            OpenAttempt(
                callback_id=row.callback_id,
                epoch=row.epoch,
                lease_until=row.lease_until,
                by_hand=bool(row.by_hand),
                route=Route(row.route),
                nonce=row.nonce,
            )
            for row in statement.on(self.connection).rows
        )

    def joined_in_vain(self) -> tuple[JoinedInVain, ...]:
        rows = ask.JOINED_IN_VAIN.on(self.connection).rows
        return tuple(
            JoinedInVain(callback_id=row.id, call_id=row.joined_call, served_at=row.served_at) for row in rows
        )

    def stranded(self, at: datetime, soon: datetime) -> tuple[int, ...]:
        rows = ask.STRANDED.on(self.connection, {"now": at, "soon": soon}).rows
        return tuple(row.id for row in rows)

    def in_danger(self, at: datetime, soon: datetime) -> tuple[int, ...]:
        rows = ask.IN_DANGER.on(self.connection, {"now": at, "soon": soon}).rows
        return tuple(row.id for row in rows)

    def to_tell(self) -> tuple[ToTell, ...]:
        rows = ask.TO_TELL.on(self.connection).rows
        return tuple(
            ToTell(
                callback_id=row.id,
                number=row.number,
                due_at=row.due_at,
                new_due_at=row.new_due_at,
                announced_at=row.announced_at,
                name=_announcement(row),
            )
            for row in rows
        )

    def announced(self, callback_id: int, nonce: str, route: Route, at: datetime) -> bool:
        mine = {"id": callback_id, "nonce": nonce, "route": route.value, "at": at}
        return ask.ANNOUNCED.on(self.connection, mine).rowcount == 1

    def announcement(self, callback_id: int) -> AttemptName | None:
        row = ask.CALLBACK.on(self.connection, {"id": callback_id}).first
        return None if row is None else _announcement(row)

    def break_promises(self, at: datetime) -> tuple[BrokenPromise, ...]:
        rows = given.OVERDUE.on(self.connection, {"now": at}).rows
        for row in rows:
            given.BREAK_PROMISE.on(self.connection, {"id": row.id, "now": at})
        return tuple(BrokenPromise(call_id=row.call_id, agent=row.agent) for row in rows)


def _agent_of(callback: Callback) -> str | None:
    """Who rings him now, or who spoke."""
    last = callback.attempts[-1] if callback.attempts else None
    running = callback.state is CallbackState.DIALING
    if last is None or not (running or last.result is AttemptResult.REACHED):
        return None
    return last.agent


def _announcement(row: Any) -> AttemptName:
    nonce = row.announcement_nonce or ""
    route = Route(row.announcement_route)
    return AttemptName(
        callback_id=row.id, number=row.announcements, nonce=nonce, is_announcement=True, route=route
    )


def as_attempt(row: Any) -> Attempt:
    """A row of the attempts."""
    return Attempt(
        epoch=row.epoch,
        at=row.at,
        agent=row.agent,
        nonce=row.nonce,
        result=None if row.result is None else AttemptResult(row.result),
        ended_at=row.ended_at,
    )


def as_callback(row: Any, attempts: Any) -> Callback:
    """A row of the callbacks with its attempts in order."""
    return Callback(
        callback_id=row.id,
        call_id=row.call_id,
        number=row.number,
        presented_at=row.presented_at,
        promised_at=row.promised_at,
        due_at=row.due_at,
        state=CallbackState(row.state),
        attempts=tuple(attempts),
        epoch=row.epoch,
        lease_until=row.lease_until,
        by_hand=bool(row.by_hand),
        route=Route(row.route),
        next_at=row.next_at,
        new_due_at=row.new_due_at,
        announcements=row.announcements,
        joined_call=row.joined_call,
        second_person=row.second_person,
        hand_over_reason=None if row.hand_over_reason is None else HandOverReason(row.hand_over_reason),
        closed_at=row.closed_at,
    )
