"""How others estimate a wait, asked at the same moment about the same caller."""

from collections import deque

from tests.estimates.traces import Arrival

LINE_LENGTH, HEAD_OF_LINE, LAST_SERVED = "QL", "HOL", "LES"
ASTERISK, VICIDIAL = "Asterisk", "VICIdial"
NAMES = (LINE_LENGTH, HEAD_OF_LINE, LAST_SERVED, ASTERISK, VICIDIAL)


class Rivals:
    """QL gets the handling time that ours uses; the others live on the history of waits."""

    def __init__(self) -> None:
        self._last = 0.0
        self._holdtime = 0
        self._last_five: deque[float] = deque(maxlen=5)
        self._line: deque[tuple[float, float]] = deque()  # arrived, waits no more

    def wait_ended(self, seconds: float, served: bool) -> None:
        if not served:
            return  # none of them learns from who left
        self._last = seconds
        # app_queue.c recalc_holdtime: ((oldvalue << 2) - oldvalue + newholdtime) >> 2, in whole seconds, once answered.
        self._holdtime = (3 * self._holdtime + int(seconds)) >> 2
        self._last_five.append(seconds)

    def joined(self, arrival: Arrival) -> None:
        self._line.append((arrival.at, arrival.at + arrival.waited))

    def guesses(self, arrival: Arrival, handling_seconds: float) -> dict[str, float]:
        """Seconds, by name."""
        while self._line and self._line[0][1] <= arrival.at:
            self._line.popleft()
        head = next((since for since, until in self._line if until > arrival.at), arrival.at)
        return {
            LINE_LENGTH: (arrival.ahead + 1) * handling_seconds / arrival.serving,
            HEAD_OF_LINE: arrival.at - head,
            LAST_SERVED: self._last,
            ASTERISK: float(self._holdtime),
            VICIDIAL: sum(self._last_five) / max(len(self._last_five), 1),
        }
