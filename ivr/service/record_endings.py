"""How a record ends at the desk: closed, promised, handed on within the team, and undone (R9, R10, R72-R74, R82).

What an ending asks for is decided by ivr.policy.endings; here it is done in one transaction that holds the record, and
told to whoever has to know only after its commit.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from ivr.policy.endings import (
    Change,
    Contacted,
    Disposition,
    PromiseWish,
    keeps,
    may_close,
    may_promise,
    may_undo,
)
from ivr.policy.record_answers import missing
from ivr.policy.record_form import Form
from ivr.policy.refusal import Reason, Refused, of_the_team, written
from ivr.policy.rules import Rules
from ivr.policy.working_time import offered_times
from ivr.service.desk_record_ports import (
    CLOSED,
    OPEN,
    DeskRecord,
    DeskRecordBook,
    DeskRecordUnit,
    RecordChange,
)
from ivr.service.desk_records import (
    CONTACTED,
    ENDED,
    PROMISED,
    UNDOABLE,
    By,
    RecordUnknownError,
    said_since,
    writable,
)
from ivr.service.live_ports import LiveNews
from ivr.service.ports import Clock

T = TypeVar("T")


class RecordEndings:
    """Raises Refused, RecordUnknownError and DatabaseUnavailableError; then nothing was changed."""

    def __init__(self, book: DeskRecordBook, clock: Clock, form: Form, rules: Rules, news: LiveNews) -> None:
        self._book = book
        self._clock = clock
        self._form = form
        self._rules = rules
        self._news = news

    def offered_times(self) -> tuple[datetime, ...]:
        """What may be promised now."""
        return offered_times(self._rules.hours, self._clock.now(), self._rules.first_update_hours)

    def close(self, by: By, record_id: int, ending: Disposition, *, solved_fully: bool = False) -> int:
        """Solved, dialled wrong, or no business of ours; the change, to undo it by."""
        now = self._clock.now()

        def work(unit: DeskRecordUnit, record: DeskRecord) -> int:
            owed = unit.around(record).owed
            may_close(ending, missing(self._form, record.answers), owed, solved_fully=solved_fully)
            unit.set_record(
                record_id,
                disposition=ending.value,
                state=CLOSED,
                closed_at=now,
                owner=record.owner or by.login,
            )
            return unit.log(record_id, by.login, ENDED, now, before=_ending_of(record))

        return self._done(by, record_id, work)

    def promise(
        self,
        by: By,
        record_id: int,
        due_at: datetime | None,
        owner: str,
        *,
        text: str = "",
        customers_wish: bool = False,
    ) -> int:
        """A promise with its sentence said before, a time and a person; the change, to undo it by."""
        now, team = self._clock.now(), self._team()

        def work(unit: DeskRecordUnit, record: DeskRecord) -> int:
            said_at = said_since(unit.around(record).changes).get("promise")
            wish = PromiseWish(
                said_at=said_at, due_at=due_at, owner=owner, text=text, customers_wish=customers_wish
            )
            words = may_promise(wish, now, team, self._rules.hours, self._rules.first_update_hours)
            promise_id = unit.add_promise(
                record, said_text=words, made_by=by.login, made_at=now, due_at=due_at, owner=owner
            )
            unit.set_record(record_id, disposition=Disposition.PROMISE.value, owner=record.owner or by.login)
            before = {**_ending_of(record), "promise": promise_id}
            told = None if owner == by.login else owner
            return unit.log(record_id, by.login, PROMISED, now, before=before, told=told)

        return self._done(by, record_id, work, owner)

    def contacted(self, by: By, record_id: int, promise_id: int, result: Contacted, note: str = "") -> int:
        """The customer was called about a promise: reached, it is kept; else only the attempt is written down."""
        now = self._clock.now()

        def work(unit: DeskRecordUnit, record: DeskRecord) -> int:
            promises = {promise.id: promise for promise in unit.around(record).promises}
            promise = promises.get(promise_id)
            if promise is None or promise.kept_at is not None:
                raise Refused(Reason.NOT_NOW, "kept")
            before = {
                "promise": promise_id,
                "state": promise.state,
                "owner": promise.owner,
                "note": note[:400],
            }
            if result is Contacted.REACHED:
                keeps(result)
                unit.keep_promise(promise_id, by.login, now)
                return unit.log(record_id, by.login, CONTACTED, now, before=before)
            return unit.log(record_id, by.login, f"{CONTACTED}:{result.value}", now, before=before)

        return self._done(by, record_id, work)

    def consult(self, by: By, record_id: int, colleague: str, question: str) -> int:
        """Asks a colleague while the caller holds; the caller stays where he is (R74)."""
        now, team = self._clock.now(), self._team()

        def work(unit: DeskRecordUnit, _record: DeskRecord) -> int:
            of_the_team(colleague, team)
            before = {"question": written("question", question), "colleague": colleague}
            return unit.log(record_id, by.login, "consulted", now, before=before, told=colleague)

        return self._done(by, record_id, work, colleague)

    def hand_on(self, by: By, record_id: int, colleague: str, reason: str) -> int:
        """A colleague of the same team goes on with it, for a reason; there is no other place to hand it to (R74)."""
        now, team = self._clock.now(), self._team()

        def work(unit: DeskRecordUnit, record: DeskRecord) -> int:
            of_the_team(colleague, team)
            before = {"owner": record.owner, "reason": written("reason", reason)}
            unit.set_record(record_id, owner=colleague)
            return unit.log(record_id, by.login, "handed_on", now, before=before, told=colleague)

        return self._done(by, record_id, work, colleague)

    # ---- undo ---------------------------------------------------------------------------------------------------

    def undo(self, by: By, change_id: int) -> int:
        """The record as it was before that change; its id."""
        now = self._clock.now()

        def work(unit: DeskRecordUnit) -> DeskRecord:
            change = unit.change(change_id)
            if change is None or change.action not in UNDOABLE:
                raise Refused(Reason.TOO_LATE_TO_UNDO)
            record = unit.lock(change.record_id)
            if record is None:
                raise RecordUnknownError(change.record_id)
            done = Change(
                id=change.id, login=change.login, at=change.at, undone=change.undone, told=change.told
            )
            may_undo(done, by.login, now)
            if not unit.mark_undone(change.id, now):
                raise Refused(Reason.TOO_LATE_TO_UNDO)
            _put_back(unit, change)
            return record

        record = self._book.unit(work)
        self._tell(record, by.login)
        return record.id

    # ---- common -------------------------------------------------------------------------------------------------

    def _done(
        self,
        by: By,
        record_id: int,
        work: Callable[[DeskRecordUnit, DeskRecord], T],
        *tell: str,
    ) -> T:
        def locked(unit: DeskRecordUnit) -> tuple[DeskRecord, T]:
            record = writable(unit, by, record_id)
            return record, work(unit, record)

        record, result = self._book.unit(locked)
        self._tell(record, by.login, *tell)
        return result

    def _tell(self, record: DeskRecord, *logins: str) -> None:
        for login in {*logins, record.responsible or ""} - {""}:
            self._news.tell(login, "record", call_id=record.call_id)

    def _team(self) -> tuple[str, ...]:
        return tuple(colleague.login for colleague in self._book.team())


def _ending_of(record: DeskRecord) -> dict[str, str | None]:
    return {"disposition": record.disposition, "owner": record.owner, "state": record.state}


def _put_back(unit: DeskRecordUnit, change: RecordChange) -> None:
    before = change.before
    if change.action == CONTACTED:
        values = {"kept_at": None, "state": before["state"], "owner": before["owner"]}
        unit.set_promise(int(before["promise"]), **values)
        return
    if change.action == PROMISED:
        unit.remove_promise(int(before["promise"]))
    unit.set_record(
        change.record_id,
        disposition=before["disposition"],
        owner=before["owner"],
        state=OPEN,
        closed_at=None,
    )
