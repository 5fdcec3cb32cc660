"""How long the next attempt to sign in has to wait: longer after every wrong password, and never for ever.

A login waits from its fifth failure in a row, an address from its thirtieth in an hour. Where a login has signed in
before, only that address's own failures count for it: nobody keeps the rightful person out from elsewhere.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

FREE_BY_LOGIN = 4
FREE_BY_ADDRESS = 29  # a whole office may stand behind one address
LONGEST = timedelta(minutes=5)
LOOKED_BACK = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Failures:
    """Wrong passwords of the last hour since the last right one, and the moment of the latest (None with 0)."""

    count: int
    last_at: datetime | None


def open_again_at(by_login: Failures, by_address: Failures) -> datetime | None:
    """From when on the next attempt is looked at; None: any time."""
    moments = (_after(by_login, FREE_BY_LOGIN), _after(by_address, FREE_BY_ADDRESS))
    return max((moment for moment in moments if moment is not None), default=None)


def _after(failures: Failures, free: int) -> datetime | None:
    """2 s after the first that is too many, then 4 s, 8 s, up to five minutes."""
    too_many = failures.count - free
    if too_many <= 0 or failures.last_at is None:
        return None
    return failures.last_at + min(timedelta(seconds=2 ** min(too_many, 16)), LONGEST)
