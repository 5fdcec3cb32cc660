"""The floor as the books have it: agents, the one line of live calls and callbacks, and the desk of one caller."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any

from ivr.adapters import sql_agent_statements as of_agents
from ivr.adapters import sql_call_statements as say
from ivr.adapters import sql_callback_statements as ask
from ivr.adapters.sql_callbacks import as_attempt, as_callback
from ivr.adapters.sql_ratings import SqlRatingUnit
from ivr.policy.call import Call
from ivr.policy.callback import Callback, CallbackState, place_in_line
from ivr.policy.callback_guard import Allowed, Refusal, Refused, Verdict
from ivr.policy.desk import CallbackDesk, Crowd, OpenCallback
from ivr.policy.floor import Agent, AgentState, Floor, Waiting, head_of, overtaking, place_of
from ivr.policy.routes import Route, route_of
from ivr.policy.wait import Pace
from ivr.policy.wait_inputs import FIRST_HANDLING_SECONDS
from ivr.service import codec

MOST_CALLBACKS = 200  # due at one moment and looked at: far more than agents


@dataclass(kw_only=True)
class SqlFloorUnit(SqlRatingUnit):
    """The part of CallUnit that decisions are made from; `pace` None where nobody knows how fast the line moves."""

    pace: Pace | None = None

    def floor(self, call: Call | None = None) -> Floor:
        """Agents on the floor and the head of the line; with nobody free, where this call stands."""
        now = self.clock.now()
        agents = tuple(_agent(row, now) for row in of_agents.ON_FLOOR.on(self.connection).rows)
        free = sum(agent.state is AgentState.AVAILABLE for agent in agents)
        callbacks = self._callbacks_in_line(now)
        floor = Floor(agents=agents)
        if free:
            rows = say.LINE.on(self.connection, {"most": free + 1}).rows
            floor = replace(floor, line=head_of((*map(_waiting, rows), *callbacks), floor.free, now))
        if call is None:
            return floor
        desk = self._desk(call, callbacks, now)
        if desk is not None:
            desk = replace(desk, crowd=self._crowd(len(floor.on_duty), now))
        floor = replace(floor, desk=desk, unrated_today=self._unrated(call, now), door=call.door)
        return floor if floor.free or not floor.on_duty else self._told_where(call, floor, callbacks)

    def _told_where(self, call: Call, floor: Floor, callbacks: tuple[Waiting, ...]) -> Floor:
        mine = place_of(call)
        before, later = self._callbacks_ahead(mine, callbacks), _later(mine, callbacks)
        ahead = self._live_ahead(mine) + before
        return replace(floor, ahead=ahead, callbacks_ahead=before, overtaking=later, pace=self.pace)

    def _live_ahead(self, mine: Waiting) -> int:
        values = {"line_at": mine.presented_at, "id": mine.call_id}
        return int(say.AHEAD.on(self.connection, values).rows[0].n)

    def _callbacks_ahead(self, mine: Waiting, callbacks: tuple[Waiting, ...]) -> int:
        """Everybody promised a call and not yet called who rang earlier, and those who must not wait any longer.

        But whoever may not be called while a caller of now is still held is in nobody's way.
        """
        if not self.has_route:
            return 0
        now = self.clock.now()
        soon = now + timedelta(seconds=self.rules.max_hold_seconds)
        callable_at = self.rules.hours.next_callable(now)
        if callable_at is None or callable_at > soon:
            return sum(each.near_due_at is not None for each in callbacks)
        values = {"line_at": mine.presented_at, "id": mine.call_id, "soon": soon}
        earlier = int(ask.UNTRIED_AHEAD.on(self.connection, values).rows[0].n)
        return earlier + _later(mine, callbacks)

    # ---- callbacks in line -------------------------------------------------------------------------------------

    def _callbacks_in_line(self, now: datetime) -> tuple[Waiting, ...]:
        """Those that could be placed at this moment, all at once: what cannot leave must keep no agent from a caller.

        Nor what agents take by hand: nobody knows when they will.
        """
        up = frozenset(route for route, leads in self.ways.items() if leads())
        if self.rules.dials_by_hand or not up:
            return ()
        due = self.callbacks_due(now, up=up)
        channels = self._channels_free()
        if channels is None:
            return due
        room = max(channels - self.rules.inbound_reserve, 0)
        by_trunk = [each for each in due if each.door == Route.ASTERISK]
        waits = {each.callback_id for each in by_trunk[room:]}
        return tuple(each for each in due if each.callback_id not in waits)

    def callbacks_due(
        self, at: datetime, most: int = MOST_CALLBACKS, up: frozenset[Route] | None = None
    ) -> tuple[Waiting, ...]:
        """Those whose time has come, in the order in which they are to be called; of `up` None each way will do."""
        handling = FIRST_HANDLING_SECONDS if self.pace is None else self.pace.handling_seconds
        rules = self.rules.callback_rules
        near = at + timedelta(seconds=handling)
        due = (
            (each, self._way(each, up), place_in_line(each, at, handling, rules))
            for each in self._due(at, near, most)
        )
        waiting = (
            Waiting(
                callback_id=callback.callback_id,
                call_id=place.call_id,
                presented_at=place.presented_at,
                near_due_at=place.near_due_at,
                passed_over=place.passed_over,
                door=route,
            )
            for callback, route, place in due
            if place is not None and route is not None
        )
        return tuple(sorted(waiting, key=lambda place: place.order))

    def _way(self, callback: Callback, up: frozenset[Route] | None) -> Route | None:
        return Route.ASTERISK if up is None else route_of(callback.number, self.rules.callback_routes, up)

    def _due(self, now: datetime, near: datetime, most: int) -> tuple[Callback, ...]:
        """Of a line too long to be looked at whole its head, and whose promise breaks first."""
        rows = ask.DUE.on(self.connection, {"now": now, "most": most}).rows
        if len(rows) == most:
            endangered = ask.NEARLY_DUE.on(self.connection, {"now": now, "near": near, "most": most}).rows
            rows = [*{row.id: row for row in (*rows, *endangered)}.values()]
        if not any(row.epoch for row in rows):
            return tuple(as_callback(row, ()) for row in rows)
        found = ask.ATTEMPTS_OF_DUE.on(self.connection, {"now": now}).rows
        grouped = groupby(found, key=attrgetter("callback_id"))
        attempts = {callback_id: tuple(map(as_attempt, its)) for callback_id, its in grouped}
        return tuple(as_callback(row, attempts.get(row.id, ())) for row in rows)

    def _channels_free(self) -> int | None:
        """Of the trunk, beside everything that lives on it; None where nobody counts."""
        if not self.rules.trunk_channels:
            return None
        return self.rules.trunk_channels - int(ask.CHANNELS_TAKEN.on(self.connection).rows[0].n)

    # ---- the desk of one caller --------------------------------------------------------------------------------

    def _desk(self, call: Call, callbacks: tuple[Waiting, ...], now: datetime) -> CallbackDesk | None:
        """What the books say about calling this caller back."""
        if not self.has_route and not self.rules.trunk_channels:
            return None
        number = call.number_to_call
        return CallbackDesk(
            verdict=self._verdict(number, now),
            route=None if number is None else self.route_to(number),
            open=self._open(call, callbacks, now),
            channels_free=self._channels_free() if call.door == Route.ASTERISK else None,
            done=self._is_done(call.joined_callback),
        )

    def _crowd(self, on_duty: int, now: datetime) -> Crowd | None:
        """Asked for only where it matters: the others know where they stand."""
        if not self.has_route or (on_duty and self.rules.hours.next_callable(now) == now):
            return None
        pace = self.pace or Pace(handling_seconds=FIRST_HANDLING_SECONDS)
        promised = int(ask.UNTRIED.on(self.connection).rows[0].n)
        return Crowd(promised=promised, agents=max(on_duty, pace.agents), pace=pace)

    def _is_done(self, callback_id: int | None) -> bool:
        its = None if callback_id is None else ask.CALLBACK.on(self.connection, {"id": callback_id}).first
        return its is not None and its.state == CallbackState.DONE.value

    def _verdict(self, number: str | None, now: datetime) -> Verdict:
        if not self.has_route:
            return Refused(reason=Refusal.NO_ROUTE)
        if number is None:
            return Refused(reason=Refusal.NOT_VALID)
        verdict = self.verdict_to_promise(number, now)
        lost = isinstance(verdict, Allowed) and not self.leads_to(number)
        return Refused(reason=Refusal.NO_ROUTE) if lost else verdict

    def _open(self, call: Call, callbacks: tuple[Waiting, ...], now: datetime) -> OpenCallback | None:
        """The callback promised to this number already, also where this call has joined it."""
        row = ask.OPEN_OF_NUMBER.on(self.connection, {"number": call.number_to_call}).first
        if row is None:
            return None
        its = Waiting(call_id=row.call_id, presented_at=row.presented_at, callback_id=row.id)
        others = tuple(each for each in callbacks if each.callback_id != row.id)
        ahead = self._live_ahead(its) + self._callbacks_ahead(its, others)
        return OpenCallback(
            callback_id=row.id,
            presented_at=row.presented_at,
            due_at=row.due_at,
            ahead=ahead,
            calls_today=self.calls_today(row.number, now),
            joined_call=row.joined_call,
        )


def _agent(row: Any, now: datetime) -> Agent:
    offered = row.knock_until is None or row.knock_until > now
    return Agent(
        login=row.login,
        phone=row.phone,
        state=AgentState(row.state),
        idle_since=row.idle_since,
        misses=row.misses,
        since=row.since,
        knocked=row.knock_call_id is not None and offered,
        given=row.given,
    )


def _later(mine: Waiting, callbacks: tuple[Waiting, ...]) -> int:
    return overtaking((mine.presented_at, mine.call_id), callbacks)


def _waiting(row: Any) -> Waiting:
    passed_over = codec.call_from_json(row.state).passed_over
    return Waiting(call_id=row.id, presented_at=row.line_at, passed_over=passed_over, door=row.door)
