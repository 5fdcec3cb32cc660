"""What the doctor asks the books about promises: callbacks that nobody has logged, and times that passed in silence."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import sqlalchemy as sa

from ivr.adapters.sql_callback_schema import callbacks, promises
from ivr.adapters.sql_engine import read_engine
from ivr.adapters.sql_schema import outbox
from ivr.service.callback_book import LOG_CALLBACK
from ivr.service.doctor_ports import Finding, Words, warning, well, wrong

UNLOGGED_SECONDS = 10.0  # a worker needs one or two
LOOK_BACK = timedelta(days=1)


def promise_findings(url: str, now: datetime, *, by_hand: bool) -> Iterator[Finding]:
    """The promises stand either way; what is late is the record, or the call itself."""
    unlogged, broken, due = _counts(url, now)
    if by_hand:
        yield _to_be_taken(due)
    if unlogged:
        yield warning(
            "callbacks_logged",
            Words(
                f"{unlogged} 个回电约定还没有登记：约定有效，记录会晚到",
                f"{unlogged} callbacks are not logged yet: the promises stand, their records come late",
            ),
            Words(
                "records 没有在跑：看 log/records.log 和 log/redis.log",
                "no worker does it: see log/records.log and log/redis.log",
            ),
        )
    else:
        yield well("callbacks_logged", Words("回电约定都已登记", "every callback promised is logged"))
    if broken:
        yield wrong(
            "promises_kept",
            Words(
                f"24 小时内有 {broken} 个约定到时没有回电，也没有通知新的时间",
                f"{broken} promises of the last 24 hours passed without a call and without a new time",
            ),
            Words(
                "hotline promises 看是哪些，马上回电；再看有没有座席值班、HOTLINE_OUTBOUND_TRUNK 打不打得出去",
                "`hotline promises` lists them: call them; then see who was on duty, and the trunk",
            ),
        )
    else:
        yield well("promises_kept", Words("24 小时内没有失约", "no promise of the last 24 hours was broken"))


def _to_be_taken(due: int) -> Finding:
    """Nothing rings for them."""
    if not due:
        said = Words("回电由座席自己拨打，现在没有待拨的", "agents dial callbacks by hand; none is due now")
        return well("callbacks_by_hand", said)
    return warning(
        "callbacks_by_hand",
        Words(
            f"回电由座席自己拨打（callback_dialing = manual），{due} 个待拨",
            f"agents dial callbacks by hand (callback_dialing = manual), {due} are due",
        ),
        Words(
            "hotline callbacks 看是哪些，hotline callbacks take ID --agent LOGIN 领取",
            "`hotline callbacks` lists them, `hotline callbacks take ID --agent LOGIN` takes one",
        ),
    )


def _counts(url: str, now: datetime) -> tuple[int, int, int]:
    late = outbox.c.created_at < now - timedelta(seconds=UNLOGGED_SECONDS)
    recent = promises.c.due_at >= now - LOOK_BACK
    unlogged = _count(outbox, outbox.c.done_at.is_(None), outbox.c.topic.concat("") == LOG_CALLBACK, late)
    broken = _count(promises, promises.c.broken_at.is_not(None), promises.c.kept_at.is_(None), recent)
    its_time = sa.or_(callbacks.c.next_at.is_(None), callbacks.c.next_at <= now)
    due = _count(callbacks, callbacks.c.state == "pending", callbacks.c.joined_call.is_(None), its_time)
    engine = read_engine(url)
    try:
        with engine.connect() as connection:
            found = connection.execute(sa.select(unlogged, broken, due)).one()
            return int(found[0]), int(found[1]), int(found[2])
    finally:
        engine.dispose()


def _count(table: sa.Table, *conditions: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
    return sa.select(sa.func.count()).select_from(table).where(*conditions).scalar_subquery()
