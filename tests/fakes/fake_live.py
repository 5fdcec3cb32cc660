"""News and their log in memory: of LiveNews and LiveLog, with a switch for being away."""

import threading

from ivr.service.live_ports import BEGINNING, LiveLogUnavailable, News, Stamp, StampedNews


class FakeLive:
    """Tells and keeps, `kept` at most; stamps go up by one."""

    def __init__(self, kept: int = 20_000) -> None:
        self.told: list[StampedNews] = []
        self.away = False
        self._kept, self._cut, self._next = kept, False, 1
        self._changed = threading.Condition()

    def tell(self, to: str, kind: str, call_id: int | None = None, callback_id: int | None = None) -> None:
        if self.away:
            return
        with self._changed:
            news = News(to=to, kind=kind, call_id=call_id, callback_id=callback_id)
            self.told.append(StampedNews(stamp=(self._next, 0), news=news))
            self._next += 1
            if len(self.told) > self._kept:
                del self.told[0]
                self._cut = True
            self._changed.notify_all()

    def wipe(self) -> None:
        """As if it had never been told anything."""
        self.told.clear()
        self._cut = False

    def newest(self) -> Stamp:
        self._answer()
        return self.told[-1].stamp if self.told else BEGINNING

    def later(self, than: Stamp, wait_seconds: float) -> tuple[StampedNews, ...]:
        self._answer()
        with self._changed:
            self._changed.wait_for(lambda: self._after(than), wait_seconds)
            return self._after(than)

    def between(self, after: Stamp, until: Stamp) -> tuple[StampedNews, ...] | None:
        self._answer()
        if after > until:
            return None
        if after != until:
            first = self.told[0].stamp if self.told else None
            known = not self._cut if after == BEGINNING else first is not None and first <= after
            if not known:
                return None
        return tuple(each for each in self._after(after) if each.stamp <= until)

    def _after(self, than: Stamp) -> tuple[StampedNews, ...]:
        return tuple(each for each in self.told if each.stamp > than)

    def _answer(self) -> None:
        if self.away:
            raise LiveLogUnavailable("away")
