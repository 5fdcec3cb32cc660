"""What the books and the lines say about calling one caller back: the part of the floor that an offer is made from."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ivr.policy.callback_guard import Allowed, Refusal, Verdict
from ivr.policy.routes import Route
from ivr.policy.wait import Pace, Position, estimate_wait


@dataclass(frozen=True, kw_only=True)
class OpenCallback:
    """A callback promised to this number and not kept yet; `ahead` counts the places in line before its own.

    `calls_today` are the calls from this number, the present one too; `joined_call` is the one that has its place.
    """

    callback_id: int
    presented_at: datetime
    due_at: datetime
    ahead: int = 0
    calls_today: int = 0
    joined_call: int | None = None


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """Everybody promised a call and not called yet, while nobody is called: they stand in line for the next opening.

    `agents` are expected there then.
    """

    promised: int
    agents: int
    pace: Pace

    @property
    def span(self) -> timedelta:
        """From the opening on, until nine of ten who come after all of them are called.

        What callers on the line teach the estimate may make it longer here, but not shorter.
        """
        last = Position(ahead=self.promised, callbacks_ahead=self.promised, serving=self.agents)
        careful = replace(self.pace, correction=max(self.pace.correction, 1.0))
        return timedelta(minutes=estimate_wait(last, careful).promised_minutes)


@dataclass(frozen=True, kw_only=True)
class CallbackDesk:
    """About one number: whether it may be called back, and what is promised to it already.

    `channels_free` are those the trunk has left beside this call, None where nobody counts or this call takes none.
    `done`: the customer whose callback this call has joined was spoken with in another call of his. `crowd` None:
    somebody is on duty, and customers may be called now. `route`: by which he would be called.
    """

    verdict: Verdict
    open: OpenCallback | None = None
    channels_free: int | None = None
    done: bool = False
    crowd: Crowd | None = None
    route: Route | None = None

    @property
    def allows(self) -> bool:
        """Whether this number may be promised a callback."""
        return isinstance(self.verdict, Allowed)

    @property
    def refusal(self) -> Refusal | None:
        """Why not, if not."""
        return None if isinstance(self.verdict, Allowed) else self.verdict.reason
