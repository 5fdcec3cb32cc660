"""Every call leaves a record, opened by itself, once, with what is known of the caller (R6, R71).

A number that belongs to two companies names neither: the agent asks instead of trusting a guess.
"""

from ivr.service.ports import Clock
from ivr.service.record_ports import OPEN_RECORD, CallOnRecord, NewRecord, RecordBook, RecordUnit

RECORDS_A_COMMIT = 50


class CallUnknownError(Exception):
    """There is no call of that id."""


class RecordService:
    """What is done to records."""

    def __init__(self, book: RecordBook, clock: Clock) -> None:
        self._book = book
        self._clock = clock

    def open_for_call(self, call_id: int) -> int:
        """The id of the call's record, opened now if it was not there yet. Raises CallUnknownError.

        Whatever else waits to be opened comes along in the same transaction: under load one commit opens many,
        and the jobs that follow find their work done without taking the write lock.
        """
        known = self._book.record_of(call_id)
        return known if known is not None else self._book.unit(lambda unit: self._open_waiting(unit, call_id))

    def _open_waiting(self, unit: RecordUnit, call_id: int) -> int:
        record_id = self._open(unit, call_id)
        for other in unit.undone(OPEN_RECORD, RECORDS_A_COMMIT):
            self._open(unit, other)
        return record_id

    def _open(self, unit: RecordUnit, call_id: int) -> int:
        record_id = unit.record_of(call_id)
        if record_id is None:
            call = unit.call(call_id)
            if call is None:
                raise CallUnknownError(call_id)
            record_id = unit.add(self._drawn_up(unit, call))
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
