"""What the call book asks of its database, every statement once. `:n` below is a value given at each execution."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam

from ivr.adapters.sql_schema import Moment, agents, alerts, calls, events, outbox, ring_backs
from ivr.adapters.sql_statement import Statement
from ivr.policy.call import IN_LINE, Phase
from ivr.policy.floor import AgentState

_AVAILABLE, _RESERVED, _AWAY = AgentState.AVAILABLE.value, AgentState.RESERVED.value, AgentState.AWAY.value
_NOW: Any = bindparam("now", type_=Moment())
_in_line = sa.or_(*(calls.c.phase == phase.value for phase in IN_LINE))
_mine = calls.c.id == bindparam("id")


def _insert(table: sa.Table, names: str) -> sa.Insert:
    return sa.insert(table).values({name: bindparam(name) for name in names.split()})


# ---- calls --------------------------------------------------------------------------------------------------------

FIND = Statement(sa.select(calls).where(calls.c.door == bindparam("door"), calls.c.ref == bindparam("ref")))
FIND_ID = Statement(sa.select(calls).where(_mine))
ADD_CALL = Statement(
    _insert(calls, "door ref hotline caller channel presented_at phase outcome state standing").returning(
        calls.c.id
    )
)
ADD_OUTBOX = Statement(_insert(outbox, "topic ref created_at"))
ADD_EVENT = Statement(_insert(events, "call_id at kind body floor rules commands"))
ADD_ALERT = Statement(_insert(alerts, "at kind agent call_id"))
STORE_RULES = Statement(
    sa.text("INSERT INTO rule_sets (digest, body) VALUES (:digest, :body) ON CONFLICT DO NOTHING")
)
KNOWN_RING_BACK = Statement(sa.select(ring_backs.c.id).where(ring_backs.c.call_id == bindparam("call_id")))
ADD_RING_BACK = Statement(_insert(ring_backs, "call_id number reason listed_at done"))

_saved = "phase greeted_at greeted_by served_at ended_at outcome agent state standing"
_save = sa.update(calls).where(_mine).values({name: bindparam(name) for name in _saved.split()})
SAVE = Statement(_save)
SAVE_WITH_KEY = Statement(_save.values(last_key=bindparam("key")))
SAVE_SERVED_BY = Statement(sa.update(calls).where(_mine).values(served_by=bindparam("served_by")))

# ---- the floor ----------------------------------------------------------------------------------------------------

ON_FLOOR = Statement(
    sa.select(agents.c.login, agents.c.phone, agents.c.state, agents.c.idle_since, agents.c.misses).where(
        agents.c.state != AgentState.OFFLINE.value, agents.c.state != _AWAY
    )
)
LINE = Statement(
    sa.select(calls.c.id, calls.c.presented_at, calls.c.state)
    .where(_in_line)
    .order_by(calls.c.presented_at, calls.c.id)
    .limit(bindparam("most"))
)
RESERVE = Statement(
    sa.update(agents)
    .where(agents.c.login == bindparam("agent"), agents.c.state == _AVAILABLE)
    .values(
        state=_RESERVED,
        reason=None,
        since=_NOW,
        until=bindparam("lease"),
        call_id=bindparam("call"),
        epoch=agents.c.epoch + 1,
    )
)


def _wanted_or(state: str) -> Any:
    """What he asked for during the call comes before what we would make him."""
    return sa.func.coalesce(agents.c.wanted, state)


def _let_go(**more: Any) -> Statement:
    """His call lets him go, if it is still his."""
    values = {"state": _wanted_or(_AVAILABLE), "since": _NOW, "until": None, "call_id": None, "wanted": None}
    his = (agents.c.login == bindparam("agent"), agents.c.call_id == bindparam("call"))
    return Statement(sa.update(agents).where(*his).values({**values, **more}))


RELEASE = _let_go()
BACK = _let_go(idle_since=_NOW)
MISSED = _let_go(idle_since=_NOW, misses=agents.c.misses + 1)
STOOD_DOWN = _let_go(
    idle_since=_NOW, misses=agents.c.misses + 1, state=_AWAY, reason="missed_ring", wanted=agents.c.wanted
)
WRAP_UP = _let_go(
    state=AgentState.WRAP_UP.value, until=bindparam("until"), call_id=agents.c.call_id, wanted=agents.c.wanted
)
TALK = Statement(
    sa.update(agents)
    .where(
        agents.c.login == bindparam("agent"),
        sa.or_(agents.c.call_id == bindparam("call"), agents.c.state == _AVAILABLE),
    )
    .values(state=AgentState.TALKING.value, since=_NOW, until=None, misses=0, call_id=bindparam("call"))
)


def _over() -> sa.ColumnElement[bool]:
    """A wrap-up that is over; a lease that is, unless its call still stands by it: perhaps they talk already."""
    with_him = [calls.c.phase == phase.value for phase in (Phase.RINGING, Phase.FETCHING, Phase.TALKING)]
    stands = sa.exists().where(calls.c.id == agents.c.call_id, sa.or_(*with_him))
    lease = sa.and_(agents.c.state == _RESERVED, sa.not_(stands))
    return sa.and_(agents.c.until <= _NOW, sa.or_(agents.c.state == AgentState.WRAP_UP.value, lease))


FREE_WHO_IS_DUE = Statement(
    sa.update(agents)
    .where(_over())
    .values(
        state=_wanted_or(_AVAILABLE),
        idle_since=agents.c.until,
        since=_NOW,
        until=None,
        call_id=None,
        reason=None,
        wanted=None,
    )
)


def _anything_due() -> sa.Select[Any]:
    over = sa.select(agents.c.login).where(_over())
    free = sa.select(agents.c.login).where(agents.c.state == _AVAILABLE)
    waits = sa.select(calls.c.id).where(_in_line)
    return sa.select(sa.or_(sa.exists(over), sa.and_(sa.exists(free), sa.exists(waits))).label("due"))


ANYTHING_DUE = Statement(_anything_due())
