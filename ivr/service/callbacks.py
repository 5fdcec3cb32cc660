"""Callbacks as they are carried out: claimed before anything leaves, told to the switch after the commit, and swept.

Nothing is dialled on a guess. What the switch tells may come twice, late or never; the sweep asks it until it is known.
"""

import logging
import secrets
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from math import floor as whole

from ivr.policy.call import Call
from ivr.policy.callback import Attempt, Callback, CallbackState
from ivr.policy.callback_commands import Dial
from ivr.policy.callback_events import (
    AttemptEnded,
    AttemptResult,
    CallerLeft,
    CallerServed,
    Claimed,
    DueTimeCannotBeMet,
    LeaseEnded,
    NewTimeNotTold,
    NewTimeTold,
    ResultMissing,
    RouteLost,
    SwitchSays,
)
from ivr.policy.callback_flow import BY_HAND_SECONDS, CUSTOMER_RING_SECONDS, lease_seconds
from ivr.policy.callback_flow import GRACE_SECONDS as SEEN_AFTER_SECONDS
from ivr.policy.floor import Agent, Waiting
from ivr.policy.offer import best_time
from ivr.policy.prompts import CHINESE
from ivr.policy.routes import Route
from ivr.policy.rules import Rules
from ivr.policy.spoken import new_time_prompts, whisper_prompts
from ivr.service.callback_book import JoinedInVain, OpenAttempt, ToTell
from ivr.service.callback_ports import (
    AnnounceOrder,
    AttemptName,
    AttemptSeen,
    CallbackSwitch,
    Placed,
    PlaceOrder,
)
from ivr.service.callback_steps import apply_callback, caller_left, turned_down
from ivr.service.ports import BookUnavailable, CallBook, CallUnit, Clock

SWEEP_SECONDS = 2.0
LEASE_BEYOND_SECONDS = (
    30.0  # past the attempt's own lease: by then the switch has been asked what became of it
)
BY_A_PERSON_SECONDS = 300.0  # before the due time: so long somebody has who must call by hand
TELL_BEFORE_SECONDS = 90.0  # a customer's phone rings for half of it, and our words take some seconds
ANNOUNCE_RING_SECONDS = 30.0
GRACE_SECONDS = 60.0  # after the due time an announcement that nobody knows of counts as not heard

log = logging.getLogger(__name__)


class CallbackService:
    """CallbackNews, and what the floor loop asks; `on_change` is told when an agent may have become free.

    `nonce` gives the random part of an attempt's name.
    """

    def __init__(self, book: CallBook, switch: CallbackSwitch, clock: Clock, rules: Rules) -> None:
        self._book = book
        self._switch = switch
        self._clock = clock
        self._rules = rules
        self.on_change: Callable[[], None] = lambda: None
        self.nonce: Callable[[], str] = _nonce

    # ---- an attempt --------------------------------------------------------------------------------------------

    def claim(self, unit: CallUnit, waiting: Waiting, agent: Agent, now: datetime) -> PlaceOrder | None:
        """This agent for this callback, to be placed after the commit; None where it may not be dialled (any more).

        Raises ReservationLost.
        """
        assert waiting.callback_id is not None
        callback = unit.callback(waiting.callback_id)
        if callback is None:
            return None
        if turned_down(unit, callback, now, self._rules):
            self.on_change()  # his agent is free for the next in line
            return None
        claimed = Claimed(at=now, agent=agent.login, nonce=self.nonce(), route=Route(waiting.door))
        step = apply_callback(unit, callback.callback_id, claimed, self._rules)
        dial = next((each for each in step.commands if isinstance(each, Dial)), None) if step else None
        if step is None or dial is None:
            return None
        until = dial.not_after_at + timedelta(seconds=LEASE_BEYOND_SECONDS)
        unit.reserve_for(callback, agent.login, now, until)
        return self._order(unit, step.callback, dial, agent)

    def _order(self, unit: CallUnit, callback: Callback, dial: Dial, agent: Agent) -> PlaceOrder:
        claimed = callback.attempts[-1]
        waited = whole(max((claimed.at - callback.presented_at).total_seconds(), 0) / 60)
        times = unit.calls_today(callback.number, claimed.at)
        return PlaceOrder(
            name=AttemptName(
                callback_id=callback.callback_id,
                number=claimed.epoch,
                nonce=claimed.nonce,
                route=callback.route,
            ),
            agent=agent.login,
            phone=agent.phone_at(callback.route) or agent.phone,
            number=dial.number,
            whisper=whisper_prompts(times, waited),
            not_after_at=dial.not_after_at,
            agent_ring_seconds=self._rules.agent_ring_seconds,
            customer_ring_seconds=CUSTOMER_RING_SECONDS,
        )

    def place(self, order: PlaceOrder) -> None:
        """After the commit that claimed it. What is not certain is left to the sweep."""
        if self._switch.place(order) is Placed.REFUSED:
            self.ended(order.name, AttemptResult.NOT_PLACED, None, self._clock.now())

    def served(self, name: AttemptName, at: datetime) -> None:
        """The customer and the agent speak. Raises BookUnavailable."""
        self._book.unit(lambda unit: self._serve(unit, name, at))

    def ended(
        self, name: AttemptName, result: AttemptResult, served_at: datetime | None, at: datetime
    ) -> None:
        """The attempt is over. Raises BookUnavailable."""

        def work(unit: CallUnit) -> None:
            if _attempt(unit.callback(name.callback_id), name) is None:
                log.warning("callback attempt %s is none of this database", name)
                return
            if served_at is not None:
                self._serve(unit, name, served_at)
            ended = AttemptEnded(at=at, epoch=name.number, result=result)
            apply_callback(unit, name.callback_id, ended, self._rules)

        self._book.unit(work)
        self.on_change()

    def told(self, name: AttemptName, heard: bool, at: datetime) -> None:
        """The announcement of a new time is over. Raises BookUnavailable."""

        def work(unit: CallUnit) -> None:
            if unit.announcement(name.callback_id) == name:
                self._heard(unit, name.callback_id, heard, at)

        self._book.unit(work)

    def _heard(self, unit: CallUnit, callback_id: int, heard: bool, at: datetime) -> None:
        event = NewTimeTold(at=at) if heard else NewTimeNotTold(at=at)
        apply_callback(unit, callback_id, event, self._rules)

    def _serve(self, unit: CallUnit, name: AttemptName, at: datetime) -> None:
        callback = unit.callback(name.callback_id)
        attempt = _attempt(callback, name)
        if callback is None or attempt is None or attempt.epoch != callback.epoch:
            return
        if callback.state is CallbackState.DIALING or attempt.result is None:
            unit.serve_callback(name.callback_id, attempt.epoch, attempt.agent, at)

    # ---- the sweep ---------------------------------------------------------------------------------------------

    def run(self, stop: threading.Event) -> None:
        """Until `stop`; a database that does not answer is tried again."""
        while not stop.wait(SWEEP_SECONDS):
            try:
                self.sweep(self._clock.now())
            except BookUnavailable:
                log.warning(
                    "the call book does not answer; callbacks are looked at again in %g s", SWEEP_SECONDS
                )
            except Exception:
                log.exception("the callbacks stumbled; they go on")

    def sweep(self, now: datetime) -> None:
        """Everything nobody told us: ends of attempts, callers gone, times that cannot be kept, promises broken."""
        running, left, to_tell = self._book.unit(lambda unit: self._look(unit, now))
        for attempt in running:
            self._ask(attempt, now)
        for attempt in left:
            self._leave(attempt, now)
        for each in to_tell:
            self._tell(each, now)

    def _look(
        self, unit: CallUnit, now: datetime
    ) -> tuple[tuple[OpenAttempt, ...], tuple[OpenAttempt, ...], tuple[ToTell, ...]]:
        for joined in unit.joined_in_vain():
            self._left_or_served(unit, joined, now)
        for broken in unit.break_promises(now):
            log.warning("call %d: a promise was broken in silence", broken.call_id)
            unit.alert("promise_broken", broken.agent, broken.call_id, now)
        self._give_to_persons(unit, now)
        for callback_id in unit.in_danger(now, now + timedelta(seconds=TELL_BEFORE_SECONDS)):
            self._endangered(unit, callback_id, now)
        running, left = unit.running(), unit.left_behind()
        self._give_up(unit, running, left, now)
        return _at_the_switch(running), _at_the_switch(left), unit.to_tell()

    def _left_or_served(self, unit: CallUnit, joined: JoinedInVain, now: datetime) -> None:
        if joined.served_at is None:
            left = CallerLeft(at=now, call_id=joined.call_id)
            caller_left(unit, joined.callback_id, left, self._rules)
            return
        served = CallerServed(at=joined.served_at, call_id=joined.call_id)
        apply_callback(unit, joined.callback_id, served, self._rules)

    def _give_up(
        self, unit: CallUnit, running: tuple[OpenAttempt, ...], left: tuple[OpenAttempt, ...], now: datetime
    ) -> None:
        """Of an attempt by hand no switch can be asked: when its time is over, it goes on without a result."""
        for attempt in running:
            if attempt.by_hand and attempt.lease_until <= now:
                missing = ResultMissing(at=now, epoch=attempt.epoch)
                apply_callback(unit, attempt.callback_id, missing, self._rules)
        for attempt in left:
            if attempt.by_hand and attempt.lease_until + timedelta(seconds=BY_HAND_SECONDS) <= now:
                unknown = AttemptEnded(at=now, epoch=attempt.epoch, result=AttemptResult.UNKNOWN)
                apply_callback(unit, attempt.callback_id, unknown, self._rules)

    def _give_to_persons(self, unit: CallUnit, now: datetime) -> None:
        """What was promised while there was a route is still promised."""
        for callback_id in unit.stranded(now, now + timedelta(seconds=BY_A_PERSON_SECONDS)):
            callback = unit.callback(callback_id)
            if callback is None or unit.leads_to(callback.number):
                continue
            log.warning("callback %d: no route leads to him, a person goes on", callback_id)
            apply_callback(unit, callback_id, RouteLost(at=now), self._rules)

    def _endangered(self, unit: CallUnit, callback_id: int, now: datetime) -> None:
        """Nobody has come to it until now, so nobody will in time: he is told before the time passes (R10).

        With nobody on duty there is no time that can be kept.
        """
        callback = unit.callback(callback_id)
        if callback is None:
            return
        his = Call(call_id=callback.call_id, presented_at=callback.presented_at, number=callback.number)
        heard_at = now + timedelta(seconds=TELL_BEFORE_SECONDS)  # at the latest
        floor = unit.floor(his)
        offer = best_time(heard_at, floor, self._rules) if floor.on_duty else None
        new_due_at = None if offer is None else offer.due_at
        apply_callback(unit, callback_id, DueTimeCannotBeMet(at=now, new_due_at=new_due_at), self._rules)

    def _ask(self, attempt: OpenAttempt, now: datetime) -> None:
        """The fence knows the end also where its burst was lost; only after the lease does silence mean anything."""
        seen = self._switch.attempt(attempt.name)
        if self._settle(attempt, seen, now) or attempt.lease_until > now:
            return
        ended = LeaseEnded(at=now, epoch=attempt.epoch, switch_says=seen.says)
        self._book.unit(lambda unit: self._lease_ended(unit, attempt, ended))

    def _leave(self, attempt: OpenAttempt, now: datetime) -> None:
        """The customer was served otherwise. What no switch has seen until after its time, none will see any more."""
        self._switch.stop(attempt.name)
        seen = self._switch.attempt(attempt.name)
        over_after = timedelta(seconds=lease_seconds(self._rules.callback_rules) + SEEN_AFTER_SECONDS)
        is_over = now - attempt.lease_until > over_after
        if not self._settle(attempt, seen, now) and is_over and seen.says is SwitchSays.NEVER_SEEN:
            self.ended(attempt.name, AttemptResult.NOT_PLACED, None, now)

    def _settle(self, attempt: OpenAttempt, seen: AttemptSeen, now: datetime) -> bool:
        """Whether its end is known."""
        if seen.result is not None:
            at = seen.ended_at or now
            self.ended(attempt.name, seen.result, seen.served_at, at)
        elif seen.served_at is not None:
            self.served(attempt.name, seen.served_at)
        return seen.result is not None

    def _lease_ended(self, unit: CallUnit, attempt: OpenAttempt, ended: LeaseEnded) -> None:
        step = apply_callback(unit, attempt.callback_id, ended, self._rules)
        if step is not None and ended.switch_says is SwitchSays.SEEN and step.callback.attempts:
            until = ended.at + timedelta(seconds=LEASE_BEYOND_SECONDS)
            unit.stay_reserved(attempt.callback_id, step.callback.attempts[-1].agent, until)

    # ---- a new time --------------------------------------------------------------------------------------------

    def _tell(self, each: ToTell, now: datetime) -> None:
        """At most one announcement a time; what is not certain to have been heard was not heard."""
        if each.announced_at is None and now < each.due_at:
            self._announce(each, now)
            return
        seen = None if each.announced_at is None else self._switch.attempt(each.name)
        if seen is not None and seen.result is not None:
            heard, at = seen.result is AttemptResult.REACHED, seen.ended_at or now
            self._book.unit(lambda unit: self._heard(unit, each.callback_id, heard, at))
        elif now >= each.due_at + timedelta(seconds=GRACE_SECONDS):
            self._book.unit(lambda unit: self._heard(unit, each.callback_id, False, now))

    def _announce(self, each: ToTell, now: datetime) -> None:
        """Looked at once more as it is written down: by now he may be called, or on our line."""
        nonce = self.nonce()
        route = self._book.unit(lambda unit: self._announced(unit, each, nonce, now))
        if route is None:
            return
        name = replace(each.name, nonce=nonce, route=route)
        local = self._rules.hours.local
        order = AnnounceOrder(
            name=name,
            number=each.number,
            prompts=new_time_prompts(local(each.new_due_at), local(now), CHINESE),
            not_after_at=each.due_at,
            customer_ring_seconds=ANNOUNCE_RING_SECONDS,
        )
        if self._switch.announce(order) is Placed.REFUSED:
            self.told(name, False, now)

    def _announced(self, unit: CallUnit, each: ToTell, nonce: str, now: datetime) -> Route | None:
        """By which way; a way that is gone refuses it, so that somebody hears of that."""
        route = unit.route_to(each.number) or Route.ASTERISK
        return route if unit.announced(each.callback_id, nonce, route, now) else None


def _nonce() -> str:
    return secrets.token_hex(4)


def _attempt(callback: Callback | None, name: AttemptName) -> Attempt | None:
    """None where the name is that of another database's."""
    attempts = () if callback is None else callback.attempts
    return next((each for each in attempts if (each.epoch, each.nonce) == (name.number, name.nonce)), None)


def _at_the_switch(attempts: tuple[OpenAttempt, ...]) -> tuple[OpenAttempt, ...]:
    return tuple(attempt for attempt in attempts if not attempt.by_hand)
