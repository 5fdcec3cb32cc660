"""Twilio's words: what a webhook's form says, in events and moments of ours. A word we do not know is an error.

Nothing is taken for granted of a form: every field may be missing, and a new word may come without notice.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from ivr.policy.events import (
    AgentAnswered,
    CallerFetched,
    CallerGreeted,
    CallOffered,
    DigitsPressed,
    Event,
    HoldElapsed,
    RingEnded,
    RingResult,
)
from webhooks.twilio_track import Track

# Twilio's words; one not listed here is a bug to be heard of, not a no-answer.
RING_RESULTS = {
    "completed": RingResult.ANSWERED,
    "answered": RingResult.ANSWERED,
    "no-answer": RingResult.NO_ANSWER,
    "canceled": RingResult.NO_ANSWER,
    "busy": RingResult.BUSY,
    "failed": RingResult.UNREACHABLE,
}
CALL_IS_OVER = {
    "queued": False,
    "initiated": False,
    "ringing": False,
    "in-progress": False,
    "completed": True,
    "busy": True,
    "failed": True,
    "no-answer": True,
    "canceled": True,
}
LEG_ANSWERED = {status: status == "in-progress" for status in CALL_IS_OVER}

Form = Mapping[str, str]


class BadWebhook(ValueError):
    """Twilio sent what this server cannot read; `field` names it."""

    def __init__(self, field: str, value: str) -> None:
        self.field = field
        super().__init__(f"webhook field {field}: {value[:40]!r}")


# ---- what each route brings -----------------------------------------------------------------------------------


def _incoming(_form: Form, now: datetime) -> tuple[Event, ...]:
    return (CallOffered(at=now),)


def _ring_ended(form: Form, now: datetime) -> tuple[Event, ...]:
    status = form.get("DialCallStatus", "")
    if status not in RING_RESULTS:
        raise BadWebhook("DialCallStatus", status)
    return (RingEnded(at=now, result=RING_RESULTS[status]),)


def _ring_refused(_form: Form, now: datetime) -> tuple[Event, ...]:
    return (RingEnded(at=now, result=RingResult.UNREACHABLE),)


def _hold_elapsed(_form: Form, now: datetime) -> tuple[Event, ...]:
    return (HoldElapsed(at=now),)


def _fetched(_form: Form, now: datetime) -> tuple[Event, ...]:
    return (CallerFetched(at=now),)


def _digits(form: Form, now: datetime) -> tuple[Event, ...]:
    return (DigitsPressed(at=now, digits=keys_in(form)),)


def keys_in(form: Form) -> str:
    return "".join(key for key in form.get("Digits", "") if key in "0123456789*#")


ENTRIES: Mapping[str, Callable[[Form, datetime], tuple[Event, ...]]] = {
    "incoming": _incoming,
    "ring-ended": _ring_ended,
    "ring-refused": _ring_refused,
    "hold-elapsed": _hold_elapsed,
    "fetched": _fetched,
    "digits": _digits,
}
"""One function per address Twilio asks for the next document."""


def greeted(track: Track) -> tuple[Event, ...]:
    """A document that picked the call up has been read: its moment is a fact now."""
    return () if track.greeted_at is None else (CallerGreeted(at=track.greeted_at),)


def bridged(form: Form, now: datetime) -> tuple[Event, ...]:
    """The leg's own stamp may have been lost on its way: a Dial that bridged two people says as much, to the second."""
    if form.get("DialBridged") != "true":
        return ()
    return (AgentAnswered(at=now - seconds_in(form, "DialCallDuration")),)


def lasted(form: Form, ended_at: datetime) -> tuple[Event, ...]:
    """Who left inside the first document was greeted all the same; in whole seconds, so never too early."""
    lasted = seconds_in(form, "CallDuration")
    return (CallerGreeted(at=ended_at - lasted + timedelta(seconds=1)),) if lasted else ()


def stamped(form: Form, now: datetime) -> datetime:
    """Twilio's moment, given in whole seconds, where it is earlier than ours: status callbacks may come late."""
    try:
        stamp = parsedate_to_datetime(form.get("Timestamp", "")).astimezone(UTC)
    except ValueError:
        return now
    return min(now, stamp + timedelta(seconds=1))


def seconds_in(form: Form, field: str) -> timedelta:
    text = form.get(field, "")
    return timedelta(seconds=int(text) if re.fullmatch(r"[0-9]{1,6}", text) else 0)


def word(words: Mapping[str, bool], form: Form, field: str) -> bool:
    """Raises BadWebhook for a word of Twilio's that we do not know."""
    word = form.get(field, "")
    if word not in words:
        raise BadWebhook(field, word)
    return words[word]
