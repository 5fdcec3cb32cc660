"""The four that are measured: each a port and a number to dial, the processes that serve it, and its own book.

A call counts only when it is whole in the variant's own book as well: picked up and forgotten is a failed call.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import sqlalchemy as sa

from ivr.adapters.sql_schema import calls, outbox, ring_backs
from tests.bench.rivals import Rivals
from tests.bench.search import GRID
from tests.real_asterisk.hotline import RunningHotline

CLASSIC_MOST = (
    60  # a process costs 0.08 s of a core: 600 begun at once only keep the machine busy for a minute
)


@dataclass(frozen=True, kw_only=True)
class Variant:
    """`written` counts whole calls so far, None for one without a book; `settle(seconds)` waits, at most so long, until
    its work is done and says how long it took. `most`: a rate beyond its power, where the search begins."""

    key: str
    name: str
    port: int
    to: str
    pid: int
    settle: Callable[[float], float]
    written: Callable[[], int] | None = None
    most: int = GRID[-1]


def hotline_variant(hotline: RunningHotline) -> Variant:
    """The product: whole is a call that ended with its number listed by the policy, not by a rescue."""
    whole = (
        sa.select(sa.func.count().label("n"))
        .select_from(ring_backs.join(calls, calls.c.id == ring_backs.c.call_id))
        .where(ring_backs.c.reason == "nobody_answered", calls.c.outcome == "fallback")
    )
    undone = sa.select(sa.func.count().label("n")).where(outbox.c.done_at.is_(None))

    def count(statement: sa.Select[int]) -> int:
        return int(hotline.rows(statement)[0]["n"])

    def settle(seconds: float) -> float:
        """Until every record is open; the seconds it took."""
        return _wait(lambda: count(undone) == 0, seconds)

    assert hotline._process is not None
    return Variant(
        key="a",
        name="hotline, full policy",
        port=hotline.settings.sip_port,
        to="4001234567",
        pid=hotline._process.pid,
        written=lambda: count(whole),
        settle=settle,
    )


def rival_variants(rivals: Rivals) -> tuple[Variant, ...]:
    """b, c and d, to be measured one after the other."""

    def variant(key: str, name: str, to: str) -> Variant:
        return Variant(
            key=key,
            name=name,
            port=rivals.settings.sip_port,
            to=to,
            pid=rivals.pid,
            settle=lambda seconds: _wait(rivals.is_quiet, seconds),
        )

    classic = variant("d", "classic AGI script", "3000")
    return (
        variant("b", "bare dialplan", "1000"),
        variant("c", "app_queue", "2000"),
        replace(classic, written=rivals.written, most=CLASSIC_MOST),
    )


def _wait(quiet: Callable[[], bool], seconds: float) -> float:
    since = time.monotonic()
    while not quiet() and time.monotonic() - since < seconds:
        time.sleep(0.2)
    return time.monotonic() - since
