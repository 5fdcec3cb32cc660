"""The callback as a caller meets it: the offer, his number read back, the promise, and its place when he rings again.

A promise is made only of a number read back and confirmed, and of a time that lies in hours when he may be rung; it is
committed before he hears of it (R70). Where a function returns None, nothing was agreed: he keeps his place in line.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from ivr.policy.call import Call, Offer, Phase, Step
from ivr.policy.callback_guard import Refusal
from ivr.policy.commands import Ask, Command, HangUp, JoinCallback, ListForRingBack, PromiseCallback, Say
from ivr.policy.desk import OpenCallback
from ivr.policy.events import DigitsPressed
from ivr.policy.floor import Floor
from ivr.policy.opening_hours import OpeningHours
from ivr.policy.phone_number import typed_number
from ivr.policy.prompts import CHINESE, Prompt
from ivr.policy.routes import Route
from ivr.policy.rules import Rules
from ivr.policy.spoken import (
    callback_by_prompts,
    callback_within_prompts,
    dialled_number_prompts,
    place_prompts,
)
from ivr.policy.wait import LEAST_PROMISE_MINUTES, estimate_wait

CALLBACK_KEY = "1"
CONFIRM_KEY, OTHER_NUMBER_KEY = "1", "2"
KEY_SECONDS = 5.0
NUMBER_DIGITS = 18  # of a mobile with everything that people dial before it: 0086, 17951
NUMBER_SECONDS = 5.0
AFTER_AN_OPENING = timedelta(minutes=30)  # at least: all who were promised a call for then come at once
LEAST = timedelta(minutes=LEAST_PROMISE_MINUTES, seconds=5)  # from the key on, so ten minutes from the commit
CLOSED_BETWEEN = 20  # stretches of closed or quiet hours looked past for a time that can be promised
_MINUTE = timedelta(minutes=1)


# ---- the offer --------------------------------------------------------------------------------------------------


def may_offer(call: Call, floor: Floor) -> bool:
    """A way to call him, no callback of his open, and a number that may be called, or that he has yet to key in."""
    desk = floor.desk
    if desk is None or call.joined_callback is not None:
        return False
    return desk.allows or (call.number_to_call is None and desk.refusal is not Refusal.NO_ROUTE)


def is_long(floor: Floor, rules: Rules) -> bool:
    """Longer than anybody should hold the line for; an unknown wait is not."""
    if floor.position is None or floor.pace is None:
        return False
    return estimate_wait(floor.position, floor.pace).p80_seconds > rules.hold_if_wait_at_most_seconds


def offer(call: Call, at: datetime, floor: Floor, prompts: tuple[str, ...], rules: Rules) -> Step | None:
    """Wait on the line, or be called back in the same order: one key says which, silence keeps his place (R69, R70)."""
    return _offer(call, at, floor, prompts, rules, Phase.CHOOSING)


def offer_instead(
    call: Call, at: datetime, floor: Floor, prompts: tuple[str, ...], rules: Rules
) -> Step | None:
    """The same to somebody who cannot wait any longer, where people will be there to keep the promise."""
    if not (call.outside_hours or floor.on_duty):
        return None
    return _offer(call, at, floor, prompts, rules, Phase.BOOKING)


def _offer(
    call: Call, at: datetime, floor: Floor, prompts: tuple[str, ...], rules: Rules, phase: Phase
) -> Step | None:
    promise = best_time(at, floor, rules) if may_offer(call, floor) else None
    if promise is None:
        return None
    last = (Prompt.ELSE_WAIT,) if phase is Phase.CHOOSING else ()
    words = (*prompts, Prompt.OFFER_CALLBACK, *_within(promise, at, rules), Prompt.PRESS_FOR_CALLBACK, *last)
    asked = replace(call, phase=phase, offer=promise, said_greeting=True)
    return Step(call=asked, commands=(Ask(prompts=words, digits=1, seconds=KEY_SECONDS),))


def best_time(at: datetime, floor: Floor, rules: Rules) -> Offer | None:
    """The time nine of ten such callers are called back by, in hours when he may be rung; None where there is none."""
    return _callable_time(at, _span(floor), rules.hours)


def _span(floor: Floor) -> timedelta:
    """While nobody is there, or nobody may be called, it counts who was promised a call before him."""
    crowd = None if floor.desk is None else floor.desk.crowd
    spans = [] if crowd is None else [max(crowd.span, AFTER_AN_OPENING)]
    if floor.position is not None and floor.pace is not None:
        spans.append(timedelta(minutes=estimate_wait(floor.position, floor.pace).promised_minutes))
    return max(spans, default=AFTER_AN_OPENING)


def _callable_time(at: datetime, span: timedelta, hours: OpeningHours) -> Offer | None:
    """Hours are considered now, so that the promise need never be postponed for them: they do not count."""
    first = start = hours.next_callable(at)
    left = span
    for _ in range(CLOSED_BETWEEN):
        if start is None:
            break
        left = max(left, AFTER_AN_OPENING) if start > at else left
        due_at, until = _whole_minute(start + left), hours.callable_until(start)
        if until is None or due_at <= until:
            return Offer(due_at=due_at, not_before_at=first if first != at else None)
        left -= until - start
        start = hours.next_callable(until)
    return None


def _whole_minute(moment: datetime) -> datetime:
    """Rounded up: what is spoken and what is written are the same."""
    whole = moment.replace(second=0, microsecond=0)
    return whole if whole == moment else whole + _MINUTE


def _within(promise: Offer, at: datetime, rules: Rules) -> tuple[str, ...]:
    local = rules.hours.local
    return callback_within_prompts(local(promise.due_at), local(at), CHINESE)


# ---- what he answers --------------------------------------------------------------------------------------------


def chosen(call: Call, event: DigitsPressed) -> Step | None:
    """To the offer."""
    return _read_back(call, ()) if event.digits == CALLBACK_KEY else None


def wanted(call: Call, event: DigitsPressed, floor: Floor, rules: Rules) -> Step | None:
    """In the middle of the music: he hears the time first, then his number."""
    promise = best_time(event.at, floor, rules) if may_offer(call, floor) else None
    if event.digits != CALLBACK_KEY or promise is None:
        return None
    return _read_back(replace(call, offer=promise), _within(promise, event.at, rules))


def keyed(call: Call, event: DigitsPressed, rules: Rules) -> Step | None:
    """Another number: read back too; one that cannot be rung is asked for again."""
    number = typed_number(event.digits, rules.area_code)
    if number is not None:
        return _read_back(replace(call, callback_number=number), ())
    return _ask_number(call, (Prompt.NUMBER_INVALID,)) if event.digits else None


def confirmed(call: Call, event: DigitsPressed, floor: Floor, rules: Rules) -> Step | None:
    """Yes: consent, with its moment. The guard is asked about this very number, perhaps a keyed one, only now."""
    if event.digits == OTHER_NUMBER_KEY:
        return _ask_number(call, ())
    if event.digits != CONFIRM_KEY:
        return None
    return _agreed(call, event.at, floor, rules)


def _read_back(call: Call, prompts: tuple[str, ...]) -> Step:
    number = call.number_to_call
    if number is None:
        return _ask_number(call, prompts)
    words = (*prompts, Prompt.NUMBER_PREFIX, *dialled_number_prompts(number), Prompt.CONFIRM_NUMBER)
    ask = Ask(prompts=words, digits=1, seconds=KEY_SECONDS)
    return Step(call=replace(call, phase=Phase.CONFIRMING), commands=(ask,))


def _ask_number(call: Call, prompts: tuple[str, ...]) -> Step:
    ask = Ask(prompts=(*prompts, Prompt.ASK_CALLBACK_NUMBER), digits=NUMBER_DIGITS, seconds=NUMBER_SECONDS)
    return Step(call=replace(call, phase=Phase.KEYING), commands=(ask,))


def _agreed(call: Call, at: datetime, floor: Floor, rules: Rules) -> Step | None:
    number, desk = call.number_to_call, floor.desk
    assert number is not None
    assert call.offer is not None
    if desk is None:
        return listed(call, number, (), Refusal.NO_ROUTE)
    if desk.open is not None:
        mine = replace(call, joined_callback=desk.open.callback_id)
        return stands(mine, at, floor, (), rules).after(*_join(desk.open))
    if desk.refusal is not None:
        return listed(call, number, (), desk.refusal)
    promise = _not_too_soon(call.offer, at, rules)
    if promise is None:
        return None
    if promise.due_at > max(call.offer.due_at, _whole_minute(at + LEAST)):
        return _read_back(replace(call, offer=promise), _within(promise, at, rules))
    return _promise(call, number, promise, (), at, _seen_from(rules, desk.route), consent_at=at)


def _not_too_soon(promise: Offer, at: datetime, rules: Rules) -> Offer | None:
    """What he agreed to, unless that has come nearer than the least, while he listened and keyed.

    Then the least counts from now; where that runs into hours when he may not be rung, it is another time, to which
    he has not agreed yet.
    """
    if promise.due_at - at >= LEAST:
        return promise
    return _callable_time(at, LEAST, rules.hours)


# ---- the promise ------------------------------------------------------------------------------------------------


def release(call: Call, at: datetime, floor: Floor, rules: Rules) -> Step | None:
    """The last channels are for new callers: a short apology and, without a conversation, a callback (R67, R70)."""
    desk = floor.desk
    if desk is None or desk.channels_free is None or desk.channels_free >= rules.inbound_reserve:
        return None
    prompts = (*call.greeting(rules), Prompt.LINES_BUSY)
    if call.joined_callback is not None:
        return stands(call, at, floor, prompts, rules)
    found = best_time(at, floor, rules) if desk.allows else None
    promise = found and _not_too_soon(found, at, rules)
    if call.number is None:
        return _last_words(call, (*prompts, Prompt.NO_NUMBER))
    if promise is None:
        return listed(call, call.number, prompts, "no_channel")
    return _promise(call, call.number, promise, prompts, at, _seen_from(rules, desk.route), consent_at=None)


def _promise(
    call: Call,
    number: str,
    promise: Offer,
    prompts: tuple[str, ...],
    at: datetime,
    rules: Rules,
    *,
    consent_at: datetime | None,
) -> Step:
    """Written first; the sentence names the time and the number he will see."""
    words = (*prompts, Prompt.CALLBACK_BOOKED, *_by(promise.due_at, at, rules), *_calling_from(rules))
    said = (*words, Prompt.GOODBYE)
    order = PromiseCallback(
        number=number,
        due_at=promise.due_at,
        not_before_at=promise.not_before_at,
        consent_at=consent_at,
        said_prompts=said,
    )
    return _last_words(replace(call, promised=True, offer=promise), said).after(order)


def _by(due_at: datetime, at: datetime, rules: Rules) -> tuple[str, ...]:
    local = rules.hours.local
    return callback_by_prompts(local(due_at), local(at), CHINESE)


def _seen_from(rules: Rules, route: Route | None) -> Rules:
    """With the number first that he will see on that way."""
    return replace(rules, own_numbers=(rules.twilio_number,)) if route is Route.TWILIO else rules


def _calling_from(rules: Rules) -> tuple[str, ...]:
    if not rules.own_numbers:
        return ()
    return (Prompt.CALLING_FROM, *dialled_number_prompts(rules.own_numbers[0]))


def listed(call: Call, number: str, prompts: tuple[str, ...], reason: str) -> Step:
    """For a person to ring; the sentence that says so is only spoken after the commit (R70)."""
    words = (*prompts, Prompt.NUMBER_NOTED, Prompt.GOODBYE)
    return _last_words(replace(call, listed=True), words).after(
        ListForRingBack(number=number, reason=str(reason))
    )


def _last_words(call: Call, prompts: tuple[str, ...]) -> Step:
    closing = replace(call, phase=Phase.CLOSING, said_greeting=True)
    return Step(call=closing, commands=(Say(prompts=prompts), HangUp()))


# ---- he rings again ---------------------------------------------------------------------------------------------


def joined(call: Call, floor: Floor) -> tuple[Call, tuple[Command, ...]]:
    """A callback promised to his number is open: its place in line is his, and nobody rings him meanwhile (R70).

    The place is the first call's that has joined it; whichever of his calls is served, he is not called back.
    """
    promised = _open(floor)
    if promised is None:
        return call, ()
    line_at = promised.presented_at if _place_is_free(promised, call) else None
    mine = replace(
        call, joined_callback=promised.callback_id, line_at=line_at, calls_today=promised.calls_today
    )
    return mine, _join(promised)


def _join(promised: OpenCallback) -> tuple[Command, ...]:
    return () if promised.joined_call is not None else (JoinCallback(callback_id=promised.callback_id),)


def as_it_stands(call: Call, floor: Floor) -> Call:
    """Who has joined a callback: it may be over by another call of his, or its place be his since that one left."""
    promised = _open(floor)
    if call.joined_callback is None or floor.desk is None:
        return call
    if floor.desk.done:
        return replace(call, joined_callback=None)
    if promised is None or not _place_is_free(promised, call):
        return call
    return replace(call, line_at=promised.presented_at)


def _place_is_free(promised: OpenCallback, call: Call) -> bool:
    return promised.joined_call in {None, call.call_id}


def place_and_time(call: Call, at: datetime, floor: Floor, rules: Rules) -> tuple[str, ...]:
    """What he is told then: that his callback stands, until when, and how many come before him."""
    promised = _open(floor)
    if call.joined_callback is None or promised is None:
        return ()
    place = place_prompts(promised.ahead, CHINESE) if _place_is_free(promised, call) else ()
    return (*_standing(promised, at, rules), *place, Prompt.HOLD_OR_HANG_UP)


def stands(call: Call, at: datetime, floor: Floor, prompts: tuple[str, ...], rules: Rules) -> Step:
    """Nobody can come now, and he is promised a callback already: that is said, and nothing else is noted."""
    promised = _open(floor)
    time = () if promised is None else _standing(promised, at, rules)
    return _last_words(call, (*prompts, *(time or (Prompt.CALLBACK_STANDS,)), Prompt.GOODBYE))


def _standing(promised: OpenCallback, at: datetime, rules: Rules) -> tuple[str, ...]:
    late = promised.due_at <= at
    return (Prompt.CALLBACK_LATE,) if late else (Prompt.CALLBACK_STANDS, *_by(promised.due_at, at, rules))


def _open(floor: Floor) -> OpenCallback | None:
    return None if floor.desk is None else floor.desk.open
