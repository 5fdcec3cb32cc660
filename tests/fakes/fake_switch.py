"""A switch that remembers whom it was told to fetch; `down`, `refuses` and `live` are set by the story."""

from collections.abc import Callable

from ivr.service.ports import Entry


class FakeSwitch:
    """Switch port."""

    def __init__(self) -> None:
        self.down = False
        self.refuses = False
        self.live: frozenset[str] | None = frozenset()
        self.fetched: list[str] = []
        self.on_fetch: Callable[[str], None] = lambda _channel: None

    @property
    def connected(self) -> bool:
        return not self.down

    def fetch(self, entry: Entry) -> bool:
        channel = entry.contact.channel or ""
        if self.down or self.refuses:
            return False
        self.on_fetch(channel)
        self.fetched.append(channel)
        return True

    def live_refs(self) -> frozenset[str] | None:
        return None if self.down else self.live
