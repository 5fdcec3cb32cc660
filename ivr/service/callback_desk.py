"""Everything an agent still has to call or to see to, the most overdue first (R6, R9, R10).

A caller who gave up is a caller to ring back until somebody has spoken with him: nobody is forgotten for having left.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ivr.service.callback_desk_ports import (
    CallbackDeskBook,
    DueCallback,
    DueComplaint,
    DuePromise,
    DueRingBack,
    DueVisit,
    RingBackResult,
)
from ivr.service.live_ports import EVERYBODY, LiveKind, LiveNews
from ivr.service.ports import Clock

LOOK_BACK = timedelta(days=7)  # who gave up earlier is not rung for it any more
MOST = 100  # of each kind; the most overdue come first
SETTLES = frozenset({RingBackResult.REACHED, RingBackResult.WRONG_NUMBER, RingBackResult.NOT_NEEDED})
"""After these nobody rings him for this call again."""


@dataclass(frozen=True, kw_only=True)
class ToDo:
    """At `now`; `mine` are callbacks in his hands or named to him, `floor` everybody's."""

    now: datetime
    mine: Sequence[DueCallback]
    floor: Sequence[DueCallback]
    ring_backs: Sequence[DueRingBack]
    promises: Sequence[DuePromise]
    visits: Sequence[DueVisit]
    complaints: Sequence[DueComplaint]


class CallbackDesk:
    """Raises DatabaseUnavailableError nowhere itself: what the book raises passes."""

    def __init__(self, book: CallbackDeskBook, clock: Clock, news: LiveNews) -> None:
        self._book = book
        self._clock = clock
        self._news = news

    def to_do(self, login: str) -> ToDo:
        """What is due, in the order in which it is to be done."""
        now = self._clock.now()
        callbacks = self._book.callbacks(MOST)
        mine = [each for each in callbacks if _is_his(each, login)]
        return ToDo(
            now=now,
            mine=mine,
            floor=[each for each in callbacks if each not in mine],
            ring_backs=self._book.ring_backs(now - LOOK_BACK, MOST),
            promises=self._book.promises(login, MOST),
            visits=self._book.visits(MOST),
            complaints=self._book.complaints(MOST),
        )

    def rung_back(self, login: str, call_id: int, result: RingBackResult) -> bool:
        """Said once; of two who say it at once one is heard. Whoever was not reached stays to be rung."""
        settled = self._book.settle(call_id, result, result in SETTLES, login, self._clock.now())
        if settled:
            self._news.tell(EVERYBODY, LiveKind.CALLBACKS, call_id=call_id)
        return settled


def _is_his(callback: DueCallback, login: str) -> bool:
    return login in {callback.agent, callback.second_person}
