"""One event in the life of a callback, written whole: the callback, its agent, the promise, who has to hear of it.

Whatever comes twice, late or of another epoch is noted in its log and changes nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ivr.policy.call import Step
from ivr.policy.callback import NOT_REACHED_SECONDS, Attempt, Callback, CallbackState, CallbackStep
from ivr.policy.callback_commands import CallbackCommand, HandOver, NameSecondPerson
from ivr.policy.callback_events import (
    AttemptEnded,
    AttemptResult,
    CallbackEvent,
    CallerLeft,
    CallerRangAgain,
    CallerServed,
    NewTimeTold,
    NumberRefused,
    SecondPersonNamed,
)
from ivr.policy.callback_flow import TOLL_FRAUD_SUSPECTED, UnexpectedCallbackEventError, advance_callback
from ivr.policy.callback_guard import Refused
from ivr.policy.commands import AlertManager, CountMiss, JoinCallback, LeaveCallback, ServeCallback
from ivr.policy.ring import missed
from ivr.policy.rules import Rules
from ivr.service.callback_book import FreedHow
from ivr.service.ports import CallUnit

NO_SECOND_PERSON = "no_second_person"
ALERT_AGAIN = timedelta(hours=1)
_NOT_TAKEN = {AttemptResult.AGENT_DECLINED, AttemptResult.AGENT_DID_NOT_ANSWER}


def apply_callback(
    unit: CallUnit, callback_id: int, event: CallbackEvent, rules: Rules
) -> CallbackStep | None:
    """What it led to, written; None where it meant nothing."""
    before = unit.callback(callback_id)
    if before is None:
        return None
    try:
        step = advance_callback(before, event, rules.callback_rules)
    except UnexpectedCallbackEventError:
        unit.note_callback(callback_id, event, None)
        return None
    if step.callback == before and not step.commands:
        return step
    unit.save_callback(before, step.callback)
    unit.note_callback(callback_id, event, step.commands)
    change = _Change(unit=unit, before=before, after=step.callback, event=event, rules=rules)
    change.carry_out(step.commands)
    return step


def turned_down(unit: CallUnit, callback: Callback, now: datetime, rules: Rules) -> Refused | None:
    """The guard's verdict just before a dial, carried out; None where it may be dialled."""
    verdict = unit.verdict_to_dial(callback, now)
    if not isinstance(verdict, Refused):
        return None
    known = unit.alerted_since(TOLL_FRAUD_SUSPECTED, now - ALERT_AGAIN)
    refused = NumberRefused(at=now, reason=verdict.reason, free_at=verdict.free_at, known=known)
    apply_callback(unit, callback.callback_id, refused, rules)
    return verdict


def tell_callbacks(unit: CallUnit, step: Step, at: datetime, rules: Rules) -> None:
    """What a call's decision means for the callback its caller has joined, in the call's own transaction."""
    call_id = step.call.call_id
    for command in step.for_the_books:
        match command:
            case JoinCallback(callback_id=callback_id):
                apply_callback(unit, callback_id, CallerRangAgain(at=at, call_id=call_id), rules)
            case LeaveCallback(callback_id=callback_id):
                caller_left(unit, callback_id, CallerLeft(at=at, call_id=call_id), rules)
            case ServeCallback(callback_id=callback_id):
                apply_callback(unit, callback_id, CallerServed(at=at, call_id=call_id), rules)
            case _:
                pass


def caller_left(unit: CallUnit, callback_id: int, event: CallerLeft, rules: Rules) -> None:
    """The promise stands, and its place is another call's of his, where one is on the line."""
    step = apply_callback(unit, callback_id, event, rules)
    other = None if step is None else unit.other_call(step.callback, event.call_id)
    if other is not None:
        apply_callback(unit, callback_id, CallerRangAgain(at=event.at, call_id=other), rules)


@dataclass(frozen=True, kw_only=True)
class _Change:
    """What follows from one event beside the callback itself."""

    unit: CallUnit
    before: Callback
    after: Callback
    event: CallbackEvent
    rules: Rules

    def carry_out(self, commands: tuple[CallbackCommand, ...]) -> None:
        self._keep_promise()
        self._free_agent()
        named = None
        for command in commands:
            match command:
                case NameSecondPerson(besides=besides):
                    named = self._name_second_person(besides)
                case HandOver(reason=reason, to=to):
                    self.unit.hand_over(self.after, reason, to or named, self.event.at)
                case AlertManager(kind=kind, agent=agent):
                    self._alert(kind, agent)
                case _:
                    pass  # for the switch: told after the commit, by whoever asked for this or by the sweep

    def _alert(self, kind: str, agent: str | None) -> None:
        self.unit.alert(kind, agent, self.after.call_id, self.event.at)

    def _keep_promise(self) -> None:
        """Kept by the call we promised, whether he was there or not."""
        callback_id = self.after.callback_id
        match self.event:
            case AttemptEnded(result=AttemptResult.REACHED):
                self.unit.reached(callback_id, self.after.attempts[-1].agent, self._spoke_at())
            case AttemptEnded(result=result, at=at) if result in NOT_REACHED_SECONDS:
                self.unit.called(callback_id, at)
            case CallerServed(call_id=call_id, at=at):
                self.unit.reached(callback_id, self.unit.served_by(call_id), at)
            case NewTimeTold():
                self.unit.move_promise(callback_id, self.after.due_at)
            case _:
                pass

    def _spoke_at(self) -> datetime:
        """The switch's stamp, if it reached us."""
        stamp = self.unit.served_at(self.after.callback_id, self.after.epoch)
        return stamp or self.event.at

    def _name_second_person(self, besides: str | None) -> str | None:
        login = self.unit.second_person(besides)
        if login is None:
            self._alert(NO_SECOND_PERSON, None)
            return None
        named = SecondPersonNamed(at=self.event.at, login=login)
        apply_callback(self.unit, self.after.callback_id, named, self.rules)
        self.unit.own_promise(self.after.callback_id, login)
        return login

    # ---- the agent ---------------------------------------------------------------------------------------------

    def _free_agent(self) -> None:
        attempt = self._settled()
        if attempt is None or attempt.result is None:
            return
        how = FreedHow.WRAP_UP if attempt.result is AttemptResult.REACHED else FreedHow.PLACE_KEPT
        if attempt.result in _NOT_TAKEN:
            how = self._missed(attempt.agent)
        seconds = self.rules.wrap_up_seconds
        self.unit.free_from(self.after.callback_id, attempt.agent, how, self.event.at, seconds)

    def _settled(self) -> Attempt | None:
        """The attempt that came to its end by this event; of an unknown end he waits for what the switch says."""
        if not self.after.attempts or len(self.after.attempts) != len(self.before.attempts):
            return None
        was, now = self.before.attempts[-1], self.after.attempts[-1]
        closed = self.after.state is not CallbackState.DIALING
        news = was != now or (closed and self.before.state is CallbackState.DIALING)
        known = now.result is not AttemptResult.UNKNOWN or closed
        return now if news and known else None

    def _missed(self, login: str) -> FreedHow:
        """As a caller's ring: two in a row stand him down, but never the last one on duty."""
        how = FreedHow.MISSED
        for command in missed(login, self.unit.floor()):
            match command:
                case CountMiss(stand_down=True):
                    how = FreedHow.STOOD_DOWN
                case AlertManager(kind=kind, agent=agent):
                    self._alert(kind, agent)
                case _:
                    pass
        return how
