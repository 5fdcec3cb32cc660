"""What may be done to callbacks inside one transaction of the call book; part of CallUnit."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from ivr.policy.callback import Callback, Place
from ivr.policy.callback_commands import CallbackCommand, HandOverReason
from ivr.policy.callback_events import CallbackEvent
from ivr.policy.callback_guard import Verdict
from ivr.policy.routes import Route
from ivr.service.callback_ports import AttemptName

LOG_CALLBACK = "callback"  # the outbox's topic; its ref is the callback's id


class FreedHow(StrEnum):
    """How an agent comes out of an attempt."""

    PLACE_KEPT = "place_kept"  # the customer was not there, or nothing was placed
    MISSED = "missed"  # he let it ring, or declined: the others come first now
    STOOD_DOWN = "stood_down"
    WRAP_UP = "wrap_up"


@dataclass(frozen=True, kw_only=True)
class OpenAttempt:
    """An attempt whose end nobody has told us yet."""

    callback_id: int
    epoch: int
    lease_until: datetime  # of a callback that is closed: when it began
    by_hand: bool = False
    route: Route = Route.ASTERISK
    nonce: str = ""

    @property
    def name(self) -> AttemptName:
        """As the switch knows it."""
        return AttemptName(
            callback_id=self.callback_id, number=self.epoch, nonce=self.nonce, route=self.route
        )


@dataclass(frozen=True, kw_only=True)
class JoinedInVain:
    """A caller who joined his callback and whose call is over; `served_at` None where nobody spoke with him."""

    callback_id: int
    call_id: int
    served_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class ToTell:
    """A customer who is to hear a new time, in the announcement `name`; `announced_at` is when he was rung for that."""

    callback_id: int
    number: str
    due_at: datetime
    new_due_at: datetime
    announced_at: datetime | None
    name: AttemptName  # without a nonce until he is rung


@dataclass(frozen=True, kw_only=True)
class BrokenPromise:
    """A promise whose time has passed without a word from us."""

    call_id: int
    agent: str | None


class CallbackUnit(Protocol):
    """Nothing of it is seen before the commit."""

    @property
    def has_route(self) -> bool:
        """Whether customers can be called back: by a line of ours, though it may be down just now, or by hand."""

    def route_to(self, number: str) -> Route | None:
        """The first way allowed for this number that leads anywhere now, else the first there is."""

    def leads_to(self, number: str) -> bool:
        """Whether anybody can call this number back: a switch of ours, or an agent by hand."""

    def callback(self, callback_id: int) -> Callback | None: ...

    def save_callback(self, before: Callback, after: Callback) -> None:
        """Where it stands now, its attempts too. Raises ReservationLost where it is no longer as `before` says."""

    def note_callback(
        self, callback_id: int, event: CallbackEvent, commands: tuple[CallbackCommand, ...] | None
    ) -> None:
        """One event in its log; `commands` None: it meant nothing."""

    def note_overtaking(self, callback_id: int, at: datetime, place: Place, earlier: int) -> None:
        """Taken before `earlier` others who have waited longer: its promise would have broken."""

    def note_idle(self, agent: str, call_id: int, at: datetime, seconds: float) -> None:
        """So long this agent was free while that caller waited."""

    def reserve_for(self, callback: Callback, agent: str, at: datetime, until: datetime) -> None:
        """Raises ReservationLost."""

    def stay_reserved(self, callback_id: int, agent: str, until: datetime) -> None: ...

    def serve_callback(self, callback_id: int, epoch: int, agent: str, at: datetime) -> bool:
        """The customer speaks with him in this attempt; False where that was known."""

    def served_at(self, callback_id: int, epoch: int) -> datetime | None:
        """When they began to speak in that attempt, if the switch has told."""

    def free_from(
        self, callback_id: int, agent: str, how: FreedHow, at: datetime, wrap_up_seconds: float = 0.0
    ) -> None:
        """Only if this callback still has him."""

    def called(self, callback_id: int, at: datetime) -> None:
        """His network was asked for him: what was promised is kept."""

    def reached(self, callback_id: int, agent: str | None, at: datetime) -> None:
        """A person spoke with him, in an attempt or in a call of his own; the first time counts."""

    def served_by(self, call_id: int) -> str | None:
        """Who spoke, or speaks, in that call."""

    def move_promise(self, callback_id: int, due_at: datetime) -> None:
        """He has heard the new time."""

    def own_promise(self, callback_id: int, owner: str) -> None: ...

    def hand_over(self, callback: Callback, reason: HandOverReason, to: str | None, at: datetime) -> None:
        """On the list a person works through."""

    def alert(self, kind: str, agent: str | None, call_id: int, at: datetime) -> None: ...

    def second_person(self, besides: str | None) -> str | None:
        """The longest idle other agent on duty, else a manager; None where there is neither."""

    def alerted_since(self, kind: str, since: datetime) -> bool:
        """Whether a manager has heard of that since then."""

    def verdict_to_dial(self, callback: Callback, at: datetime) -> Verdict:
        """Leaving out this callback; of what passes it is said when."""

    def other_call(self, callback: Callback, besides: int) -> int | None:
        """Of the customer's other calls on the line that have joined it the first, which had not its place so far."""

    def calls_today(self, number: str, at: datetime) -> int:
        """How often this number has rung us today."""

    def ask_customer(self, name: AttemptName, at: datetime) -> bool:
        """Note that he is asked what he thinks of us after this attempt; False where he was asked today."""

    def rate_customer(self, name: AttemptName, score: int) -> bool:
        """What he answered; False where he was not asked, or has answered."""

    # ---- what is to be looked at ----

    def running(self) -> tuple[OpenAttempt, ...]:
        """Of callbacks that are being dialled."""

    def left_behind(self) -> tuple[OpenAttempt, ...]:
        """Of callbacks that are closed: the customer was served otherwise."""

    def joined_in_vain(self) -> tuple[JoinedInVain, ...]: ...

    def stranded(self, at: datetime, soon: datetime) -> tuple[int, ...]:
        """Callbacks that somebody should be placing: never tried and due by then, or to be tried again by now."""

    def in_danger(self, at: datetime, soon: datetime) -> tuple[int, ...]:
        """Callbacks never tried that are due between those moments."""

    def to_tell(self) -> tuple[ToTell, ...]:
        """Nobody whom we are just calling, or who is on our line himself."""

    def announced(self, callback_id: int, nonce: str, route: Route, at: datetime) -> bool:
        """Mark that he is rung for it; False where somebody else did, or where he is no longer to be told."""

    def announcement(self, callback_id: int) -> AttemptName | None:
        """The name of his last one."""

    def break_promises(self, at: datetime) -> tuple[BrokenPromise, ...]:
        """Mark what was promised for earlier and is not kept; each is told once."""
