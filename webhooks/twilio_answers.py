"""What each webhook was answered of late: whoever repeats one gets the very same document, and nothing happens twice.

This is only about the words: that nothing happens twice the call book sees to, also after a restart has forgotten
them. One web process answers all webhooks, so that they can be remembered here.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

REMEMBERED = 4096  # answers; about as many kilobytes
WAIT_SECONDS = 2.0  # for the first of two at the same time; longer than the call book's budget


class _Answer(Generic[T]):
    def __init__(self) -> None:
        self.told = threading.Event()
        self.value: T | None = None


class Answers(Generic[T]):
    """By a webhook's key, which says of what call and what step it is."""

    def __init__(self, wait_seconds: float = WAIT_SECONDS) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, _Answer[T]] = OrderedDict()
        self._wait_seconds = wait_seconds

    def first_or_again(self, key: str, work: Callable[[], T]) -> tuple[T, bool]:
        """The answer, and whether it had been given before. What `work` raises is no answer and is not kept."""
        mine, answer = self._claim(key)
        if not mine:
            answer.told.wait(self._wait_seconds)
            if answer.value is not None:
                return answer.value, True
        try:
            answer.value = work()
        except BaseException:
            self._forget(key, answer)
            raise
        finally:
            answer.told.set()
        return answer.value, False

    def _claim(self, key: str) -> tuple[bool, _Answer[T]]:
        with self._lock:
            known = self._kept.get(key)
            if known is not None:
                return False, known
            fresh = self._kept[key] = _Answer()
            if len(self._kept) > REMEMBERED:
                self._kept.popitem(last=False)
            return True, fresh

    def _forget(self, key: str, answer: _Answer[T]) -> None:
        with self._lock:
            if self._kept.get(key) is answer:
                del self._kept[key]
