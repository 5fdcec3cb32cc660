"""The Twilio door: a webhook's form becomes events, line commands become TwiML. Nothing is decided here.

Between two webhooks Twilio keeps nothing for us, so our own addresses carry what the call must not lose: when it
was presented, the number of the step, and when a document of ours picked it up.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
    HungUp,
    RingEnded,
    RingResult,
)
from ivr.policy.one_line import one_line
from ivr.policy.phone_number import caller_identity
from ivr.policy.prompts import Prompt
from ivr.policy.rules import Rules
from ivr.service.ports import Clock, Contact
from ivr.service.switchboard import Switchboard
from webhooks import twiml

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
# Voice webhooks are tried again when nobody answered in time; five seconds in all leave the deadline alone.
PATIENCE = "#ct=1000&rt=2500&tt=5000&rc=1&rp=all"
FIRST = frozenset({"incoming", "fallback"})  # of these the book may never have heard
_SID = re.compile(r"[A-Za-z0-9]{2,64}")

Form = Mapping[str, str]


class BadWebhook(ValueError):
    """Twilio sent what this server cannot read; `field` names it."""

    def __init__(self, field: str, value: str) -> None:
        self.field = field
        super().__init__(f"webhook field {field}: {value[:40]!r}")


class NothingToDo(Exception):
    """The book knows no next step for this call."""


@dataclass(frozen=True, kw_only=True)
class Track:
    """What our addresses carry: `step` grows with every document of one call; it is a repeated webhook's key."""

    presented_at: datetime
    step: int
    greeted_at: datetime | None = None

    @property
    def path(self) -> str:
        """As part of an address; the inverse of `track_of`."""
        greeted = 0 if self.greeted_at is None else _milliseconds(self.greeted_at)
        return f"{_milliseconds(self.presented_at)}/{self.step}/{greeted}"

    def next(self, now: datetime, *, picks_up: bool) -> "Track":
        """For the document given out now."""
        greeted_at = now if picks_up and self.greeted_at is None else self.greeted_at
        step = max(self.step + 1, _milliseconds(now))
        return Track(presented_at=self.presented_at, step=step, greeted_at=greeted_at)


def track_of(presented: int, step: int, greeted: int) -> Track:
    """From the three numbers of an address of ours."""
    return Track(presented_at=_moment(presented), step=step, greeted_at=_moment(greeted) if greeted else None)


def first_track(now: datetime) -> Track:
    """Of a call's first webhook: Twilio presents it at that moment."""
    return Track(presented_at=now, step=0)


@dataclass(frozen=True, kw_only=True)
class TwilioLinks:
    """Links of twiml.render for one document."""

    public_base_url: str
    track: Track

    @property
    def leg(self) -> str:
        return self._address("leg")

    def to(self, route: str) -> str:
        return self._address(route)

    def _address(self, route: str) -> str:
        return f"{self.public_base_url}/twilio/{route}/{self.track.path}{PATIENCE}"


@dataclass(frozen=True, kw_only=True)
class TwilioDoor:
    """What every route needs."""

    switchboard: Switchboard
    clock: Clock
    rules: Rules
    sounds: twiml.Sounds
    public_base_url: str

    def answer(self, route: str, form: Form, track: Track | None) -> str:
        """One webhook of the call itself: what happened goes in, the next document comes out."""
        now = self.clock.now()
        track = track or first_track(now)
        contact = self._contact(form, "CallSid", track.presented_at)
        if _word(CALL_IS_OVER, form, "CallStatus"):  # a ring ended because the caller left is nobody's miss
            events: tuple[Event, ...] = (HungUp(at=_stamped(form, now)),)
        else:
            events = ENTRIES[route](form, now)
        key = "end" if isinstance(events[-1], HungUp) else str(track.step)
        stamps = (*_greeted(track), *_bridged(form, now))
        commands = self.switchboard.handle(contact, key, (*stamps, *events))
        if not commands:  # an empty document would end the call
            raise NothingToDo(contact.ref)
        onward = track.next(now, picks_up=twiml.picks_up(commands))
        picked_up = track.greeted_at is not None
        return twiml.render(commands, self._links(onward), self.sounds, picked_up=picked_up)

    def leg(self, form: Form, track: Track) -> str:
        """The rung phone's own status: the moment a person speaks."""
        now = self.clock.now()
        contact = self._contact(form, "ParentCallSid", track.presented_at)
        if _word(LEG_ANSWERED, form, "CallStatus"):
            for event in (*_greeted(track), AgentAnswered(at=_stamped(form, now))):
                self.switchboard.note(contact, event)
        return twiml.nothing()

    def status(self, form: Form) -> str:
        """The call's own status: over, and for how long it had been picked up."""
        now = self.clock.now()
        contact = self._contact(form, "CallSid", now)
        if _word(CALL_IS_OVER, form, "CallStatus"):
            ended_at = _stamped(form, now)
            self.switchboard.handle(contact, "end", (*_lasted(form, ended_at), HungUp(at=ended_at)))
        return twiml.nothing()

    def apology(self, route: str, form: Form, track: Track | None) -> str:
        """When nothing else works: said again and again, with music between, until the book answers.

        Who has been served is owed no apology: his talk is over, and with it his call.
        """
        if form.get("DialBridged") == "true":
            return twiml.goodbye()
        now = self.clock.now()
        track = track or first_track(now)
        greeting = () if track.greeted_at else (self.sounds.greeting,)
        links = self._links(track.next(now, picks_up=True))
        again = links.to("incoming" if route in FIRST else "hold-elapsed")
        return twiml.apology((*greeting, Prompt.STATIC_APOLOGY), again, self.sounds)

    def _links(self, track: Track) -> TwilioLinks:
        return TwilioLinks(public_base_url=self.public_base_url, track=track)

    def _contact(self, form: Form, sid: str, presented_at: datetime) -> Contact:
        """Raises BadWebhook."""
        ref = form.get(sid, "")
        if _SID.fullmatch(ref) is None:
            raise BadWebhook(sid, ref)
        return Contact(
            door="twilio",
            ref=ref,
            hotline=one_line(form.get("To", ""), 64),
            caller=caller_identity(form.get("From", ""), self.rules.area_code),
            presented_at=presented_at,
            channel=ref,
        )


# ---- what each route brings -----------------------------------------------------------------------------------


def _incoming(_form: Form, now: datetime) -> tuple[Event, ...]:
    return (CallOffered(at=now),)


def _ring_ended(form: Form, now: datetime) -> tuple[Event, ...]:
    return (RingEnded(at=now, result=RING_RESULTS[form["DialCallStatus"]]),)


def _ring_refused(_form: Form, now: datetime) -> tuple[Event, ...]:
    return (RingEnded(at=now, result=RingResult.UNREACHABLE),)


def _hold_elapsed(_form: Form, now: datetime) -> tuple[Event, ...]:
    return (HoldElapsed(at=now),)


def _fetched(_form: Form, now: datetime) -> tuple[Event, ...]:
    return (CallerFetched(at=now),)


def _digits(form: Form, now: datetime) -> tuple[Event, ...]:
    keys = "".join(key for key in form.get("Digits", "") if key in "0123456789*#")
    return (DigitsPressed(at=now, digits=keys),)


ENTRIES: Mapping[str, Callable[[Form, datetime], tuple[Event, ...]]] = {
    "incoming": _incoming,
    "ring-ended": _ring_ended,
    "ring-refused": _ring_refused,
    "hold-elapsed": _hold_elapsed,
    "fetched": _fetched,
    "digits": _digits,
}
"""One function per address Twilio asks for the next document."""


def _greeted(track: Track) -> tuple[Event, ...]:
    """A document that picked the call up has been read: its moment is a fact now."""
    return () if track.greeted_at is None else (CallerGreeted(at=track.greeted_at),)


def _bridged(form: Form, now: datetime) -> tuple[Event, ...]:
    """The leg's own stamp may have been lost on its way: a Dial that bridged two people says as much, to the second."""
    if form.get("DialBridged") != "true":
        return ()
    return (AgentAnswered(at=now - _seconds(form, "DialCallDuration")),)


def _lasted(form: Form, ended_at: datetime) -> tuple[Event, ...]:
    """Who left inside the first document was greeted all the same; in whole seconds, so never too early."""
    lasted = _seconds(form, "CallDuration")
    return (CallerGreeted(at=ended_at - lasted + timedelta(seconds=1)),) if lasted else ()


def _stamped(form: Form, now: datetime) -> datetime:
    """Twilio's moment, given in whole seconds, where it is earlier than ours: status callbacks may come late."""
    try:
        stamp = parsedate_to_datetime(form.get("Timestamp", "")).astimezone(UTC)
    except ValueError:
        return now
    return min(now, stamp + timedelta(seconds=1))


def _seconds(form: Form, field: str) -> timedelta:
    text = form.get(field, "")
    return timedelta(seconds=int(text) if re.fullmatch(r"[0-9]{1,6}", text) else 0)


def _word(words: Mapping[str, bool], form: Form, field: str) -> bool:
    """Raises BadWebhook for a word of Twilio's that we do not know."""
    word = form.get(field, "")
    if word not in words:
        raise BadWebhook(field, word)
    return words[word]


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
