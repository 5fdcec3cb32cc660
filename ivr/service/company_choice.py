"""An agent says whose number it is, where the books could only guess: the call's record then has that company."""

from datetime import datetime
from typing import Protocol

from ivr.service.caller_card import CallerCards
from ivr.service.live_ports import LiveKind, LiveNews
from ivr.service.ports import Clock
from ivr.service.records import RecordService


class ChoiceBook(Protocol):
    """The records, as far as this goes."""

    def name_company(self, record_id: int, company_id: int, login: str, at: datetime) -> bool:
        """Into an open record, with a note of what stood there; whether there was one."""


class CompanyChoice:
    """Never raises for a choice that is not his to make: it is answered no."""

    def __init__(
        self, cards: CallerCards, records: RecordService, book: ChoiceBook, clock: Clock, news: LiveNews
    ) -> None:
        self._cards = cards
        self._records = records
        self._book = book
        self._clock = clock
        self._news = news

    def choose(self, login: str, call_id: int, company_id: int) -> bool:
        """Only for a call in his own hands, and only one of the companies it may be."""
        if not self._cards.may_choose(login, call_id, company_id):
            return False
        record_id = self._records.open_for_call(call_id)
        named = self._book.name_company(record_id, company_id, login, self._clock.now())
        if named:
            self._news.tell(login, LiveKind.RECORD, call_id=call_id)
        return named
