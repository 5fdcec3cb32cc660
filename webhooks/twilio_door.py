"""The Twilio door: a webhook's form becomes events, line commands become TwiML. Nothing is decided here."""

import logging
import re
from dataclasses import dataclass, field, replace
from datetime import datetime

from ivr.adapters.twilio_addresses import TwilioAddresses
from ivr.policy.commands import LineCommand
from ivr.policy.events import (
    AgentAnswered,
    Event,
    HungUp,
)
from ivr.policy.masking import masked
from ivr.policy.one_line import one_line
from ivr.policy.phone_number import caller_identity
from ivr.policy.rules import Rules
from ivr.service.drainer import Spool
from ivr.service.ports import BookUnavailable, Clock, Contact
from ivr.service.switchboard import Switchboard
from webhooks import twiml
from webhooks.twilio_alone import TwilioAlone
from webhooks.twilio_answers import Answers
from webhooks.twilio_track import Track, TwilioLinks, first_track
from webhooks.twilio_words import (
    CALL_IS_OVER,
    ENTRIES,
    LEG_ANSWERED,
    BadWebhook,
    Form,
    bridged,
    greeted,
    keys_in,
    lasted,
    seconds_in,
    stamped,
    word,
)

# Within it a repeated webhook is answered letter by letter as before: the pickup's margin bears so much.
SAME_SECONDS = 1.0
_SID = re.compile(r"[A-Za-z0-9]{2,64}")

log = logging.getLogger(__name__)


class NothingToDo(Exception):
    """The book knows no next step for this call."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """A document given out, with what it was made of and when."""

    document: str
    commands: tuple[LineCommand, ...]
    onward: Track
    at: datetime


@dataclass(frozen=True, kw_only=True)
class TwilioDoor:
    """What every route needs."""

    switchboard: Switchboard
    clock: Clock
    rules: Rules
    sounds: twiml.Sounds
    addresses: TwilioAddresses
    spool: Spool
    answers: Answers[Given] = field(default_factory=Answers)

    def answer(self, route: str, form: Form, track: Track | None) -> str:
        """One webhook of the call itself: what happened goes in, the next document comes out."""
        now = self.clock.now()
        track = track or first_track(now)
        contact = self._contact(form, "CallSid", track.presented_at)
        over = word(CALL_IS_OVER, form, "CallStatus")
        name = f"{contact.ref} {route} {track.step} {over}"
        given, again = self.answers.first_or_again(
            name, lambda: self._given(route, form, track, contact, over=over, now=now)
        )
        return self._again(given, contact.ref, track, now) if again else given.document

    def _given(
        self, route: str, form: Form, track: Track, contact: Contact, *, over: bool, now: datetime
    ) -> Given:
        if over:  # a ring ended because the caller left is nobody's miss
            events: tuple[Event, ...] = (HungUp(at=stamped(form, now)),)
        else:
            events = ENTRIES[route](form, now)
        key = "end" if over else str(track.step)
        stamps = (*greeted(track), *bridged(form, now))
        commands = self.switchboard.handle(contact, key, (*stamps, *events))
        if not commands:  # an empty document would end the call
            raise NothingToDo(contact.ref)
        onward = track.next(now, picks_up=twiml.picks_up(commands, self.sounds))
        document = self._rendered(commands, contact.ref, track, onward)
        return Given(document=document, commands=commands, onward=onward, at=now)

    def _again(self, given: Given, ref: str, track: Track, now: datetime) -> str:
        """The very same; only a ring that the pickup ends has become shorter meanwhile (R64)."""
        passed = (now - given.at).total_seconds()
        if passed < SAME_SECONDS:
            return given.document
        commands = twiml.later(given.commands, passed)
        if commands == given.commands:
            return given.document
        greeted_at = given.onward.greeted_at or (now if twiml.picks_up(commands, self.sounds) else None)
        return self._rendered(commands, ref, track, replace(given.onward, greeted_at=greeted_at))

    def _rendered(self, commands: tuple[LineCommand, ...], ref: str, track: Track, onward: Track) -> str:
        links, picked_up = self._links(ref, onward), track.greeted_at is not None
        return twiml.render(commands, links, self.sounds, picked_up=picked_up)

    def leg(self, form: Form, track: Track) -> str:
        """The rung phone's own status: the moment a person speaks."""
        now = self.clock.now()
        contact = self._contact(form, "ParentCallSid", track.presented_at)
        if word(LEG_ANSWERED, form, "CallStatus"):
            for event in (*greeted(track), AgentAnswered(at=stamped(form, now))):
                self.switchboard.note(contact, event)
        return twiml.nothing()

    def whisper(self, words: str, ref: str, track: Track) -> str:
        """What the agent hears first; the prompts stand in the address."""
        return twiml.whisper(tuple(words.split(".")), self._links(ref, track).whispered, self.sounds)

    def whispered(self, form: Form, ref: str, track: Track) -> str:
        """He has heard it: from now on a person speaks."""
        contact = self._contact({**form, "CallSid": ref}, "CallSid", track.presented_at)
        for event in (*greeted(track), AgentAnswered(at=self.clock.now())):
            self.switchboard.note(contact, event)
        return twiml.nothing()

    def status(self, form: Form) -> str:
        """The call's own status: over, and for how long it had been picked up. Raises OSError where nothing took it."""
        now = self.clock.now()
        contact = self._contact(form, "CallSid", now)
        if word(CALL_IS_OVER, form, "CallStatus"):
            ended_at = stamped(form, now)
            picked_up = lasted(form, ended_at)
            try:
                self.switchboard.handle(contact, "end", (*picked_up, HungUp(at=ended_at)))
            except BookUnavailable:
                contact = replace(contact, presented_at=ended_at - seconds_in(form, "CallDuration"))
                self.alone.ended(contact, ended_at, greeted_at=picked_up[0].at if picked_up else None)
        return twiml.nothing()

    # ---- nothing works ------------------------------------------------------------------------------------------

    def apology(self, form: Form, track: Track | None) -> str:
        """A document of ours could not be made: he is asked for pardon, then the book once more.

        Who has been served is owed no apology: his talk is over, and with it his call.
        """
        track = track or first_track(self.clock.now())
        if bridged(form, track.presented_at):
            return self._talk_over(form, track)
        return self.alone.apology(form.get("CallSid", ""), track)

    def go_on_alone(self, form: Form, track: Track, tried: int) -> str:
        """After our apology, or after so many phones: by the book where it answers again, else without it."""
        if bridged(form, track.presented_at):
            return self._talk_over(form, track)
        contact = self._contact(form, "CallSid", track.presented_at)
        try:
            return self.answer("hold-elapsed", form, track)
        except Exception as error:  # noqa: BLE001 - whatever it is, he is not to hear of it
            log.warning("call %s goes on without the book: %s", contact.ref, masked(str(error)))
            return self.alone.go_on(contact, track, tried)

    def _talk_over(self, form: Form, track: Track) -> str:
        """Raises OSError."""
        now = self.clock.now()
        [served] = bridged(form, now)
        contact = self._contact(form, "CallSid", track.presented_at)
        self.alone.ended(contact, now, greeted_at=track.greeted_at, served_at=served.at)
        return twiml.goodbye()

    def noted(self, form: Form, track: Track) -> str:
        """He has keyed in a number, or none."""
        contact = self._contact(form, "CallSid", track.presented_at)
        return self.alone.noted(contact, track, keys_in(form))

    @property
    def alone(self) -> TwilioAlone:
        return TwilioAlone(
            clock=self.clock, rules=self.rules, sounds=self.sounds, spool=self.spool, links=self._links
        )

    def _links(self, ref: str, track: Track) -> TwilioLinks:
        return TwilioLinks(addresses=self.addresses, ref=ref, track=track)

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
