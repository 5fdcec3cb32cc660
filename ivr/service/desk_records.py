"""Records at the desk: opened for the call at hand, written as drafts, found again (R71, R72a-R72f).

A draft is saved over exactly the version its page has seen: what another page has saved meanwhile is never
overwritten unasked, and who takes over keeps what he has typed; what he replaces stays in the record's history.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta

from ivr.policy.endings import Change, may_undo, may_write
from ivr.policy.one_line import one_line
from ivr.policy.phrases import Finding, lint
from ivr.policy.record_answers import SOLUTION, Answers, Hint, current, hints, missing, parse_answers
from ivr.policy.record_form import Form
from ivr.policy.refusal import Reason, Refused
from ivr.policy.rules import Rules
from ivr.policy.say import Sentence, sentences
from ivr.service.agreements import match_name
from ivr.service.company_ports import KnownCompany
from ivr.service.desk_record_ports import (
    Around,
    Colleague,
    DeskRecord,
    DeskRecordBook,
    DeskRecordUnit,
    ListedRecord,
    RecordChange,
)
from ivr.service.live_ports import LiveNews
from ivr.service.ports import Clock
from ivr.service.records import CallUnknownError, RecordService

LAST_CALL = timedelta(hours=12)
COMPANIES_SHOWN = 8
PROMISED, CONTACTED, ENDED = "promise", "contact", "closed"
UNDOABLE = frozenset({PROMISED, CONTACTED, ENDED})
SAID = "said:"  # what an agent has said is a change of the record, so that its moment is known


class RecordUnknownError(Exception):
    """There is no record of that id."""


class StaleDraftError(Exception):
    """Another page has saved since; `record` is what stands there now."""

    def __init__(self, record: DeskRecord) -> None:
        self.record = record
        super().__init__(f"record {record.id} is at version {record.version}")


@dataclass(frozen=True, kw_only=True)
class By:
    """Who does it."""

    login: str
    manager: bool = False


@dataclass(frozen=True, kw_only=True)
class RecordView:
    """A record with everything a page shows of it. `undoable`: the change that can be undone right now."""

    record: DeskRecord
    around: Around
    company: KnownCompany | None
    missing: Sequence[str]
    hints: Sequence[tuple[str, Hint]]
    current: str | None
    writable: bool
    said: Mapping[str, datetime]
    undoable: RecordChange | None


@dataclass(frozen=True, kw_only=True)
class Saved:
    """A draft as it was saved."""

    version: int
    at: datetime
    company: KnownCompany | None
    hints: Sequence[tuple[str, Hint]]
    missing: Sequence[str]
    current: str | None
    unsayable: Sequence[Finding]  # in the words for the customer, which are then not saved


class DeskRecords:
    """Raises RecordUnknownError, Refused, and DatabaseUnavailableError."""

    def __init__(
        self,
        book: DeskRecordBook,
        records: RecordService,
        clock: Clock,
        form: Form,
        rules: Rules,
        greeting: str,
        news: LiveNews,
    ) -> None:
        self._book = book
        self._records = records
        self._clock = clock
        self._news = news
        self.form = form
        self.rules = rules
        self._greeting = greeting

    # ---- reading ------------------------------------------------------------------------------------------------

    def at_hand(self, by: By) -> RecordView | None:
        """The record of the call he is in, or was in last; opened now where nobody has opened it yet."""
        call_id = self._book.call_at_hand(by.login, self._clock.now() - LAST_CALL)
        if call_id is None:
            return None
        try:
            record_id = self._records.open_for_call(call_id)
        except CallUnknownError:
            return None
        return self.view(by, record_id)

    def view(self, by: By, record_id: int) -> RecordView:
        """Everybody may read every record."""
        record = self._known(self._book.record(record_id), record_id)
        around = self._book.around(record)
        return RecordView(
            record=record,
            around=around,
            company=None if record.company_id is None else self._book.company(record.company_id),
            missing=missing(self.form, record.answers),
            hints=hints(record.answers, self.today()),
            current=current(self.form, record.answers),
            writable=record.is_open and _may_write(by, record, around),
            said=said_since(around.changes),
            undoable=self._undoable(by, around.changes),
        )

    def mine(self, by: By) -> Sequence[ListedRecord]:
        """His open records."""
        return self._book.open_records_of(by.login)

    def companies(self, typed: str) -> Sequence[KnownCompany]:
        """Companies whose name, or its pinyin, has what was typed in it."""
        text = match_name(one_line(typed, 100))
        return self._book.companies_like(text, COMPANIES_SHOWN) if text else ()

    def bureaus(self) -> Sequence[str]:
        """The tax bureaus on file."""
        return self._book.bureaus()

    def company(self, company_id: int) -> KnownCompany | None:
        """That one; None where there is none."""
        return self._book.company(company_id)

    def team(self) -> Sequence[Colleague]:
        """The hotline's own people."""
        return self._book.team()

    def sentences(self) -> tuple[Sentence, ...]:
        """What is said at each step."""
        return sentences(self.form, self._greeting)

    def now(self) -> datetime:
        """The moment a page is made at."""
        return self._clock.now()

    def today(self) -> date:
        """In the hotline's own time zone."""
        return self.rules.hours.local(self._clock.now()).date()

    # ---- writing ------------------------------------------------------------------------------------------------

    def save_draft(
        self, by: By, record_id: int, seen_version: int, values: Mapping[str, str], *, take_over: bool = False
    ) -> Saved:
        """Whatever is typed so far. Raises AnswerError and StaleDraftError; then nothing is changed."""
        sent, now = parse_answers(self.form, values), self._clock.now()
        unsayable = lint(sent.fields.get(SOLUTION, ""))

        def work(unit: DeskRecordUnit) -> tuple[DeskRecord, Answers, int, KnownCompany | None]:
            record = writable(unit, by, record_id)
            answers = _without_unsayable(sent, record.answers) if unsayable else sent
            if record.version != seen_version:
                if not take_over:
                    raise StaleDraftError(record)
                unit.log(record_id, by.login, "taken_over", now, before=asdict(record.answers))
            company = unit.company_named(match_name(answers.company)) if answers.company else None
            known = None if company is None else company.id
            return record, answers, unit.save(record, answers, known, by.login, now), company

        record, answers, version, company = self._book.unit(work)
        self._news.tell(by.login, "record", call_id=record.call_id)
        return Saved(
            version=version,
            at=now,
            company=company,
            hints=hints(answers, self.today()),
            missing=missing(self.form, answers),
            current=current(self.form, answers),
            unsayable=unsayable,
        )

    def say(self, by: By, record_id: int, step: str) -> datetime:
        """He has said the sentence of that step; the moment of it."""
        now = self._clock.now()
        if step not in {sentence.step for sentence in self.sentences()}:
            raise Refused(Reason.KIND_UNKNOWN, step)

        def work(unit: DeskRecordUnit) -> DeskRecord:
            record = writable(unit, by, record_id)
            unit.log(record_id, by.login, f"{SAID}{step}"[:32], now)
            return record

        record = self._book.unit(work)
        self._news.tell(by.login, "record", call_id=record.call_id)
        return now

    def _undoable(self, by: By, changes: Sequence[RecordChange]) -> RecordChange | None:
        """The last thing done, while it can be undone."""
        done = [change for change in changes if change.action in UNDOABLE and not change.undone]
        if not done:
            return None
        last = done[-1]
        try:
            may_undo(
                Change(id=last.id, login=last.login, at=last.at, told=last.told), by.login, self._clock.now()
            )
        except Refused:
            return None
        return last

    @staticmethod
    def _known(record: DeskRecord | None, record_id: int) -> DeskRecord:
        if record is None:
            raise RecordUnknownError(record_id)
        return record


def writable(unit: DeskRecordUnit, by: By, record_id: int) -> DeskRecord:
    """The record, locked, where he may write into it. Raises RecordUnknownError and Refused."""
    record = unit.lock(record_id)
    if record is None:
        raise RecordUnknownError(record_id)
    if not record.is_open:
        raise Refused(Reason.ALREADY_CLOSED)
    if not _may_write(by, record, unit.around(record)):
        raise Refused(Reason.NOT_YOURS, record.responsible or "")
    return record


def _may_write(by: By, record: DeskRecord, around: Around) -> bool:
    """Also who was named for a promise or a complaint, and who has asked for a visit: he has to say what came of it."""
    named = {
        *(promise.owner for promise in around.promises),
        *(complaint.owner for complaint in around.complaints),
        *(visit.visit.requested_by for visit in around.visits),
    }
    return by.login in named or may_write(
        by.login, record.responsible, record.disposition, manager=by.manager
    )


def _without_unsayable(sent: Answers, before: Answers) -> Answers:
    """Everything else is saved: nobody loses what a customer said over a phrase of his own."""
    fields = {name: answer for name, answer in sent.fields.items() if name != SOLUTION}
    kept = before.fields.get(SOLUTION)
    return replace(sent, fields=fields if kept is None else {**fields, SOLUTION: kept})


def said_since(changes: Sequence[RecordChange]) -> Mapping[str, datetime]:
    """When each sentence was said last; what a promise has used up counts no more for the next."""
    said: dict[str, datetime] = {}
    for change in changes:
        if change.action.startswith(SAID):
            said[change.action.removeprefix(SAID)] = change.at
        elif change.action == PROMISED and not change.undone:
            said.pop("promise", None)
    return said
