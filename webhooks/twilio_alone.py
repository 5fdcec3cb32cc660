"""The rung without a book: it does not answer, and the caller is greeted, told that we are sorry, and helped (R68).

First a little music, and the book is asked once more; then the fallback phones are rung one after the other, and the
book is asked after each; at last his number is on the disk, and only then does he hear that we have it. Addresses
carry how far we are: nothing is kept here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ivr.policy.commands import Ask, HangUp, Hold, LineCommand, Ring, Say, Sound
from ivr.policy.offer import NUMBER_DIGITS, NUMBER_SECONDS
from ivr.policy.phone_number import number_to_ring
from ivr.policy.prompts import Prompt
from ivr.policy.rules import Rules
from ivr.service.drainer import Spool, line_about
from ivr.service.ports import Clock, Contact
from webhooks import twiml
from webhooks.twilio_track import Track, TwilioLinks

APOLOGY_SECONDS = 10.0  # of music between the apology and the next look for the book
LEAST_DIGITS = 3


@dataclass(frozen=True, kw_only=True)
class AloneLinks:
    """Where a document of this rung leads: to the next phone, or to where a number is taken."""

    links: TwilioLinks
    tried: int

    @property
    def ref(self) -> str:
        return self.links.ref

    @property
    def leg(self) -> str:
        return self.links.leg

    def whisper(self, prompts: tuple[str, ...]) -> str:
        return self.links.whisper(prompts)

    def to(self, route: str) -> str:
        return self.links.to("noted" if route == "digits" else f"alone-{self.tried}")


@dataclass(frozen=True, kw_only=True)
class TwilioAlone:
    """`links` are those of one document of one call."""

    clock: Clock
    rules: Rules
    sounds: twiml.Sounds
    spool: Spool
    links: Callable[[str, Track], TwilioLinks]

    def apology(self, ref: str, track: Track) -> str:
        """Needs nothing but recordings; the number of the call is whatever Twilio says it is."""
        greeting = () if track.greeted_at else (self.rules.greeting,)
        words = Say(prompts=(*greeting, Prompt.STATIC_APOLOGY))
        return self._said((words, Hold(seconds=APOLOGY_SECONDS, sound=Sound.MUSIC)), ref, track, tried=0)

    def go_on(self, contact: Contact, track: Track, tried: int) -> str:
        """The next of the phones, else his number. Raises OSError."""
        phones = [phone for phone in self.rules.fallback_phones if twiml.rings(phone)]
        if tried < len(phones):
            seconds = self.rules.agent_ring_seconds
            ring = Ring(agent=None, phone=phones[tried], seconds=seconds, sound=Sound.MUSIC)
            return self._said((ring,), contact.ref, track, tried=tried + 1)
        number = number_to_ring(contact.caller)
        if number is not None:
            return self.noted(contact, track, number)
        ask = Ask(prompts=(Prompt.ASK_NUMBER,), digits=NUMBER_DIGITS, seconds=NUMBER_SECONDS)
        return self._said((ask,), contact.ref, track, tried=tried)

    def noted(self, contact: Contact, track: Track, number: str) -> str:
        """Written first, said second. Raises OSError: a disk that took nothing is not promised away."""
        if len(number) < LEAST_DIGITS:
            return self._said((Say(prompts=(Prompt.NO_NUMBER,)), HangUp()), contact.ref, track, tried=0)
        now = self.clock.now()
        self.spool.write(line_about(contact, "noted", now, greeted_at=track.greeted_at, number=number))
        words = Say(prompts=(Prompt.NUMBER_NOTED, Prompt.GOODBYE))
        return self._said((words, HangUp()), contact.ref, track, tried=0)

    def sorry(self, ref: str, track: Track) -> str:
        """Not even the disk takes his number."""
        return self._said((Say(prompts=(Prompt.NO_NUMBER,)), HangUp()), ref, track, tried=0)

    def ended(
        self,
        contact: Contact,
        at: datetime,
        *,
        greeted_at: datetime | None = None,
        served_at: datetime | None = None,
    ) -> None:
        """The caller's leg is gone, and the book did not hear of it. Raises OSError."""
        self.spool.write(line_about(contact, "ended", at, greeted_at=greeted_at, served_at=served_at))

    def _said(self, commands: tuple[LineCommand, ...], ref: str, track: Track, *, tried: int) -> str:
        onward = track.next(self.clock.now(), picks_up=True)
        links = AloneLinks(links=self.links(ref, onward), tried=tried)
        return twiml.render(commands, links, self.sounds, picked_up=True)
