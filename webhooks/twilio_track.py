"""What our addresses at Twilio carry, because Twilio keeps nothing for us between two webhooks: when the call was
presented, the number of the step, and when a document of ours picked it up.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from ivr.adapters.twilio_addresses import PATIENCE, TwilioAddresses
from webhooks.moments import milliseconds


@dataclass(frozen=True, kw_only=True)
class Track:
    """`step` grows with every document of one call; it is a repeated webhook's key."""

    presented_at: datetime
    step: int
    greeted_at: datetime | None = None

    @property
    def path(self) -> str:
        """As part of an address; the inverse of `track_of`."""
        greeted = 0 if self.greeted_at is None else milliseconds(self.greeted_at)
        return f"{milliseconds(self.presented_at)}/{self.step}/{greeted}"

    def next(self, now: datetime, *, picks_up: bool) -> "Track":
        """For the document given out now."""
        greeted_at = now if picks_up and self.greeted_at is None else self.greeted_at
        step = max(self.step + 1, milliseconds(now))
        return Track(presented_at=self.presented_at, step=step, greeted_at=greeted_at)


def track_of(presented: int, step: int, greeted: int) -> Track:
    """From the three numbers of an address of ours."""
    return Track(presented_at=_moment(presented), step=step, greeted_at=_moment(greeted) if greeted else None)


def first_track(now: datetime) -> Track:
    """Of a call's first webhook: Twilio presents it at that moment."""
    return Track(presented_at=now, step=0)


@dataclass(frozen=True, kw_only=True)
class TwilioLinks:
    """Links of twiml.render for one document of the call with that CallSid."""

    addresses: TwilioAddresses
    ref: str
    track: Track

    @property
    def leg(self) -> str:
        return self.to("leg")

    def whisper(self, prompts: tuple[str, ...]) -> str:
        """Its own fields name the rung phone's leg: the caller's is in the address."""
        return self.to(f"whisper-{'.'.join(prompts)}/{self.ref}")

    @property
    def whispered(self) -> str:
        return self.to(f"whispered/{self.ref}")

    def to(self, route: str) -> str:
        return self.addresses.of(f"{route}/{self.track.path}", self.ref) + PATIENCE


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
