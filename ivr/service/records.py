"""Every call leaves a record, opened by itself, once, with what is known of the caller (R6, R71).

A number that belongs to two companies names neither: the agent asks instead of trusting a guess.
"""

from dataclasses import replace

from ivr.service.callback_book import LOG_CALLBACK
from ivr.service.live_ports import LiveKind, LiveNews, Silence
from ivr.service.ports import Clock
from ivr.service.record_ports import OPEN_RECORD, CallOnRecord, NewRecord, RecordBook, RecordUnit

RECORDS_A_COMMIT = 50


class CallUnknownError(Exception):
    """There is no call of that id."""


class CallbackUnknownError(Exception):
    """There is no callback of that id."""


class RecordService:
    """What is done to records."""

    def __init__(self, book: RecordBook, clock: Clock, news: LiveNews | None = None) -> None:
        self._book = book
        self._clock = clock
        self._news = news or Silence()

    def open_for_call(self, call_id: int) -> int:
        """The id of the call's record, opened now if it was not there yet. Raises CallUnknownError.

        Whatever else waits to be opened comes along in the same transaction: under load one commit opens many,
        and the jobs that follow find their work done without taking the write lock.
        """
        known = self._book.record_of(call_id)
        if known is not None:
            return known
        record_id, opened = self._book.unit(lambda unit: self._open_waiting(unit, call_id))
        for record in opened:
            if record.owner is not None:
                self._news.tell(record.owner, LiveKind.RECORD, record.call_id)
        return record_id

    def log_callback(self, callback_id: int) -> None:
        """The record of the call in which it was promised, with the company, and when it was logged; twice as once.

        What else waits to be logged comes along. Raises CallbackUnknownError.
        """
        if not self._book.is_logged(callback_id):
            self._book.unit(lambda unit: self._log_waiting(unit, callback_id))

    def do(self, topic: str, ref: int) -> None:
        """What a row of the outbox asks for; where no worker can be woken."""
        {OPEN_RECORD: self.open_for_call, LOG_CALLBACK: self.log_callback}[topic](ref)

    def _log_waiting(self, unit: RecordUnit, callback_id: int) -> None:
        self._log(unit, callback_id)
        for other in unit.undone(LOG_CALLBACK, RECORDS_A_COMMIT):
            self._log(unit, other)

    def _log(self, unit: RecordUnit, callback_id: int) -> None:
        callback = unit.callback(callback_id)
        if callback is None:
            raise CallbackUnknownError(callback_id)
        self._open(unit, callback.call_id, [])
        call, now = unit.call(callback.call_id), self._clock.now()
        if call is not None and call.caller is None:  # who withholds his number has keyed it in
            unit.know_caller(self._drawn_up(unit, replace(call, caller=callback.number)))
        unit.mark_done(LOG_CALLBACK, callback_id, now)

    def _open_waiting(self, unit: RecordUnit, call_id: int) -> tuple[int, list[NewRecord]]:
        opened: list[NewRecord] = []
        record_id = self._open(unit, call_id, opened)
        for other in unit.undone(OPEN_RECORD, RECORDS_A_COMMIT):
            self._open(unit, other, opened)
        return record_id, opened

    def _open(self, unit: RecordUnit, call_id: int, opened: list[NewRecord]) -> int:
        record_id = unit.record_of(call_id)
        if record_id is None:
            call = unit.call(call_id)
            if call is None:
                raise CallUnknownError(call_id)
            opened.append(self._drawn_up(unit, call))
            record_id = unit.add(opened[-1])
        unit.mark_done(OPEN_RECORD, call_id, self._clock.now())
        return record_id

    def _drawn_up(self, unit: RecordUnit, call: CallOnRecord) -> NewRecord:
        companies = unit.companies_with(call.caller) if call.caller else ()
        company = companies[0] if len(companies) == 1 else None
        return NewRecord(
            call_id=call.call_id,
            number=call.caller,
            company=company,
            open_records=tuple(unit.open_records(call.caller, company.id if company else None)),
            owner=call.served_by,
            opened_at=self._clock.now(),
        )
