"""What the call book asks of its database, every statement once. `:n` below is a value given at each execution."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam

from ivr.adapters.sql_agent_statements import AVAILABLE, over
from ivr.adapters.sql_callback_schema import idle_waits
from ivr.adapters.sql_callback_statements import CALLBACK_DUE
from ivr.adapters.sql_clauses import insert
from ivr.adapters.sql_schema import Moment, agents, alerts, calls, events, outbox, ring_backs
from ivr.adapters.sql_statement import Statement
from ivr.policy.call import IN_LINE

_in_line = sa.or_(*(calls.c.phase == phase.value for phase in IN_LINE))
_mine = calls.c.id == bindparam("id")


# ---- calls --------------------------------------------------------------------------------------------------------

FIND = Statement(sa.select(calls).where(calls.c.door == bindparam("door"), calls.c.ref == bindparam("ref")))
FIND_ID = Statement(sa.select(calls).where(_mine))
ADD_CALL = Statement(
    insert(
        calls, "door ref hotline caller channel presented_at line_at phase outcome state standing"
    ).returning(calls.c.id)
)
ADD_OUTBOX = Statement(insert(outbox, "topic ref created_at"))
ADD_EVENT = Statement(insert(events, "call_id at kind body floor rules commands"))
ADD_ALERT = Statement(insert(alerts, "at kind agent call_id"))
ALERTED = Statement(
    sa.select(alerts.c.id)
    .where(alerts.c.kind == bindparam("kind"), alerts.c.at > bindparam("since", type_=Moment()))
    .limit(1)
)
STORE_RULES = Statement(
    sa.text("INSERT INTO rule_sets (digest, body) VALUES (:digest, :body) ON CONFLICT DO NOTHING")
)
KNOWN_RING_BACK = Statement(sa.select(ring_backs.c.id).where(ring_backs.c.call_id == bindparam("call_id")))
ADD_RING_BACK = Statement(insert(ring_backs, "call_id number reason owner listed_at done"))
CLOSE_RING_BACK = Statement(
    sa.update(ring_backs)
    .where(ring_backs.c.call_id == bindparam("call_id"), sa.not_(ring_backs.c.done))
    .values(done=True)
)
ADD_IDLE_WAIT = Statement(insert(idle_waits, "agent call_id at milliseconds"))

_saved = "phase line_at greeted_at greeted_by served_at ended_at outcome agent estimated_wait_seconds state standing"
_save = sa.update(calls).where(_mine).values({name: bindparam(name) for name in _saved.split()})
SAVE = Statement(_save)
SAVE_WITH_KEY = Statement(_save.values(last_key=bindparam("key")))
SAVE_SERVED_BY = Statement(sa.update(calls).where(_mine).values(served_by=bindparam("served_by")))

# ---- the floor ----------------------------------------------------------------------------------------------------


def _head(door: str) -> sa.Select[Any]:
    head = (
        sa.select(calls.c.id, calls.c.line_at, calls.c.door, calls.c.state)
        .where(_in_line, calls.c.door == door)
        .order_by(calls.c.line_at, calls.c.id)
        .limit(bindparam("most"))
        .subquery()
    )
    return sa.select(head)


# The head of the line at each door: whom no free agent can be rung for keeps nobody behind him out of sight.
LINE = Statement(sa.union_all(_head("asterisk"), _head("twilio")))
AHEAD = Statement(
    sa.select(sa.func.count().label("n"))
    .select_from(calls)
    .where(
        _in_line,
        sa.or_(
            calls.c.line_at < bindparam("line_at"),
            sa.and_(calls.c.line_at == bindparam("line_at"), calls.c.id < bindparam("id")),
        ),
    )
)
LATEST = Statement(
    sa.select(calls.c.served_at, calls.c.ended_at, calls.c.served_by.label("agent"), calls.c.state)
    .order_by(calls.c.id.desc())
    .limit(bindparam("most"))
)


def _due(*waiting: sa.ColumnElement[bool]) -> sa.Select[Any]:
    free = sa.exists(sa.select(agents.c.login).where(agents.c.state == AVAILABLE))
    somebody_waits = sa.or_(sa.exists(sa.select(calls.c.id).where(_in_line)), *waiting)
    over_now = sa.exists(sa.select(agents.c.login).where(over()))
    return sa.select(sa.or_(over_now, sa.and_(free, somebody_waits)).label("due"))


CALLERS_DUE = Statement(_due())
ANYTHING_DUE = Statement(_due(sa.exists(CALLBACK_DUE)))
