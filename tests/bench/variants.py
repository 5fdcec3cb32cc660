"""The four that are measured: each a port and a number to dial, the processes that serve it, and its own book.

A call counts only when it is whole in the variant's own book as well: picked up and forgotten is a failed call.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from ivr.adapters.sql_schema import calls, outbox, ring_backs
from tests.bench.rivals import Rivals
from tests.real_asterisk.hotline import RunningHotline


def _nothing_to_wait_for(_seconds: float) -> float:
    return 0.0


@dataclass(frozen=True, kw_only=True)
class Variant:
    """`written` counts whole calls so far, None for one without a book; `settle` waits until its work is done."""

    key: str
    name: str
    port: int
    to: str
    pid: int
    written: Callable[[], int] | None = None
    settle: Callable[[float], float] = _nothing_to_wait_for


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
        since = time.monotonic()
        while count(undone) and time.monotonic() - since < seconds:
            time.sleep(0.2)
        return time.monotonic() - since

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
    port, pid = rivals.settings.sip_port, rivals.pid
    return (
        Variant(key="b", name="bare dialplan", port=port, to="1000", pid=pid),
        Variant(key="c", name="app_queue", port=port, to="2000", pid=pid),
        Variant(key="d", name="classic AGI script", port=port, to="3000", pid=pid, written=rivals.written),
    )
