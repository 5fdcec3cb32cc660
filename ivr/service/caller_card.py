"""Whom an agent has before him: the call that rings, is talked in or was, and a second one that came meanwhile.

Only what is in his own hands is ever looked up, so that nobody is shown another agent's caller.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from ivr.policy.call import Call, Phase
from ivr.policy.caller_card import (
    REPEATED_HOURS,
    Agreed,
    Guess,
    HeardFact,
    Why,
    agreed,
    days_left,
    formatted,
    guesses,
    heard,
    is_visiting,
    neighbours,
    region_abroad,
    ring_number,
    without_extension,
)
from ivr.policy.floor import AgentState
from ivr.policy.rules import Rules
from ivr.service import codec
from ivr.service.caller_card_ports import (
    CallbackRow,
    CardBook,
    CardReader,
    CompanyRow,
    ComplaintRow,
    ContactRow,
    NumberPlaces,
    PromiseRow,
    RecordRow,
    Seat,
    VisitRow,
)
from ivr.service.ports import Clock

_RINGS = frozenset({Phase.RINGING, Phase.FETCHING})


class Stage(StrEnum):
    """Where the agent stands with this caller."""

    RINGING = "ringing"
    CALLING_BACK = "calling_back"  # his phone rings, or he dials, to call a customer back
    TALKING = "talking"
    WRAP_UP = "wrap_up"


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the books know of a caller; `company` only where it is certain."""

    company: CompanyRow | None = None
    agreed: Agreed = Agreed.NONE
    days_left: int | None = None
    guesses: tuple[Guess, ...] = ()
    records: Sequence[RecordRow] = ()
    promises: Sequence[PromiseRow] = ()
    complaints: Sequence[ComplaintRow] = ()
    visits: Sequence[VisitRow] = ()
    callback: CallbackRow | None = None  # his open one
    calls_today: int = 0
    engineer: str | None = None  # ours, calling from this customer's telephone (R40)
    visit: VisitRow | None = None  # on which he is there, or may be


@dataclass(frozen=True, kw_only=True)
class Card:
    """One caller before the agent. `key` is the same for as long as it is the same ring; `ring` counts from 1.

    `ring` is None once anybody or anything has picked up; `callback` is the one he calls back for.
    """

    key: str
    stage: Stage
    call_id: int
    ref: str
    number: str | None  # as people read it
    place: str
    region: str | None
    presented_at: datetime
    greeted_at: datetime | None
    served_at: datetime | None
    ring: int | None
    heard: tuple[HeardFact, ...]
    known: Known
    callback: CallbackRow | None = None


@dataclass(frozen=True, kw_only=True)
class Before:
    """Everybody an agent has before him at `now`; with two, one of them waits for the other."""

    now: datetime
    first: Card | None = None
    second: Card | None = None
    until: datetime | None = None  # end of his wrap-up


class CallerCards:
    """Reads alone."""

    def __init__(self, book: CardBook, places: NumberPlaces, clock: Clock, rules: Rules) -> None:
        self._book = book
        self._places = places
        self._clock = clock
        self._rules = rules

    def of(self, login: str, language: str = "zh") -> Before:
        """Nobody, for whoever has nobody or is no agent."""
        now = self._clock.now()
        with self._book.reader() as reader:
            seat = reader.seat(login)
            if seat is None:
                return Before(now=now)
            look = _Look(reader, self._places, now, self._rules, language)
            first, second = look.first(seat), look.second(seat)
        until = seat.until if seat.state is AgentState.WRAP_UP else None
        return Before(now=now, first=first, second=second, until=until)

    def may_choose(self, login: str, call_id: int, company_id: int) -> bool:
        """Whether that call is in his hands, and that company one it may be."""
        before = self.of(login)
        cards = (card for card in (before.first, before.second) if card is not None)
        return any(
            card.call_id == call_id and company_id in {guess.company_id for guess in card.known.guesses}
            for card in cards
        )


class _Look:
    """One look at the books."""

    def __init__(
        self, reader: CardReader, places: NumberPlaces, now: datetime, rules: Rules, language: str
    ) -> None:
        self._reader = reader
        self._places = places
        self._now = now
        self._rules = rules
        self._language = language

    def first(self, seat: Seat) -> Card | None:
        """What has him."""
        stage = _stage(seat)
        if seat.call is None or stage is None:
            return None
        callback = None if seat.callback_id is None else self._reader.callback(seat.callback_id)
        return self._card(seat.call, stage, callback)

    def second(self, seat: Seat) -> Card | None:
        """What came while he talked (R67)."""
        call = seat.knock
        if call is None or call.phase == Phase.ENDED:
            return None
        return self._card(call, Stage.RINGING if seat.knock_rings else Stage.TALKING, None)

    def _card(self, contact: ContactRow, stage: Stage, callback: CallbackRow | None) -> Card:
        caller = contact.caller if callback is None else callback.number
        call = _call(contact)
        rings = stage is Stage.RINGING and contact.greeted_at is None
        return Card(
            key=_key(contact, stage, callback, call),
            stage=stage,
            call_id=contact.call_id,
            ref=contact.ref,
            number=formatted(caller),
            place=self._places.place(caller, self._language),
            region=region_abroad(caller),
            presented_at=contact.presented_at,
            greeted_at=contact.greeted_at,
            served_at=contact.served_at,
            ring=ring_number(contact.presented_at, self._now, self._rules) if rings else None,
            heard=() if call is None else heard(call),
            known=Known() if caller is None else self._known(caller, contact.call_id),
            callback=callback,
        )

    def _known(self, caller: str, call_id: int) -> Known:
        owners = self._reader.companies_with(caller)
        company = self._certain(owners, call_id)
        company_id = None if company is None else company.company_id
        records = self._reader.records(caller, company_id, call_id)
        visits = self._reader.visits(caller, company_id)
        expires_on = None if company is None else company.expires_on
        return Known(
            company=company,
            agreed=agreed(None if company is None else company.agreement, expires_on, self._today),
            days_left=None if expires_on is None else days_left(expires_on, self._today),
            guesses=self._guesses(caller, owners, records, company_id),
            records=records,
            promises=self._reader.promises(caller, company_id),
            complaints=self._reader.complaints(caller, company_id),
            visits=visits,
            callback=self._reader.open_callback(caller),
            calls_today=self._reader.calls_since(caller, self._now - timedelta(hours=REPEATED_HOURS)),
            engineer=self._reader.visitor(caller, self._now),
            visit=self._visit_now(visits),
        )

    def _certain(self, owners: Sequence[CompanyRow], call_id: int) -> CompanyRow | None:
        """The one an agent has chosen, else the only one that has this number."""
        chosen = self._reader.chosen_company(call_id)
        mine = next((owner for owner in owners if owner.company_id == chosen), None)
        if mine is None and chosen is not None:
            return self._reader.company(chosen)
        return mine or (owners[0] if len(owners) == 1 else None)

    def _guesses(
        self,
        caller: str,
        owners: Sequence[CompanyRow],
        records: Sequence[RecordRow],
        certain: int | None,
    ) -> tuple[Guess, ...]:
        shared = [Guess(company_id=each.company_id, name=each.name, why=Why.SHARED) for each in owners]
        earlier = [
            Guess(company_id=each.company_id, name=each.company or "", why=Why.RECORD)
            for each in records
            if each.company_id is not None
        ]
        near = [] if owners or certain is not None else self._near(caller)
        return guesses(shared, earlier, near, certain=certain)

    def _near(self, caller: str) -> Sequence[Guess]:
        shorter, beside = without_extension(caller), neighbours(caller)
        if shorter:
            return self._reader.companies_of_any(shorter)
        return self._reader.companies_between(*beside) if beside else ()

    def _visit_now(self, visits: Sequence[VisitRow]) -> VisitRow | None:
        here = (visit for visit in visits if visit.visit_at and is_visiting(visit.visit_at, self._now))
        return next(here, None)

    @property
    def _today(self) -> date:
        return self._rules.hours.local(self._now).date()


def _stage(seat: Seat) -> Stage | None:
    match seat.state:
        case AgentState.RESERVED if seat.callback_id is not None:
            return Stage.CALLING_BACK
        case AgentState.RESERVED:
            return Stage.RINGING if seat.call is not None and seat.call.phase in _RINGS else None
        case AgentState.TALKING:
            return Stage.TALKING
        case AgentState.WRAP_UP:
            return Stage.WRAP_UP
        case _:
            return None


def _call(contact: ContactRow) -> Call | None:
    """A state another version wrote is not guessed at: the card is shown without what he heard."""
    try:
        return codec.call_from_json(contact.state)
    except (ValueError, TypeError, KeyError, ExceptionGroup):
        return None


def _key(contact: ContactRow, stage: Stage, callback: CallbackRow | None, call: Call | None) -> str:
    """Another ring of the same call, after somebody let it ring, is another pop."""
    if callback is not None:
        return f"callback-{callback.callback_id}-{callback.attempt}"
    rung_at = None if call is None else call.rung_at
    if rung_at is None or stage is Stage.WRAP_UP:
        return f"call-{contact.call_id}"
    return f"call-{contact.call_id}-{rung_at:%H%M%S%f}"
