"""What the books ask of promises and callbacks, every statement once; see sql_call_statements."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam

from ivr.adapters.sql_agent_statements import NOW
from ivr.adapters.sql_callback_schema import OPEN_STATES, callback_attempts, callback_events, callbacks
from ivr.adapters.sql_clauses import insert, moment
from ivr.adapters.sql_schema import calls
from ivr.adapters.sql_statement import Statement
from ivr.policy.call import Phase
from ivr.policy.callback import CallbackState
from ivr.policy.callback_events import AttemptResult
from ivr.policy.routes import Route

_PENDING, _DIALING = CallbackState.PENDING.value, CallbackState.DIALING.value
_mine = callbacks.c.id == bindparam("id")
_attempt = sa.and_(
    callback_attempts.c.callback_id == bindparam("id"), callback_attempts.c.epoch == bindparam("epoch")
)
_ended = sa.exists().where(calls.c.id == callbacks.c.call_id, calls.c.phase == Phase.ENDED.value)
_due = sa.and_(
    callbacks.c.state == _PENDING,
    callbacks.c.joined_call.is_(None),
    sa.or_(callbacks.c.next_at.is_(None), callbacks.c.next_at <= NOW),
    sa.or_(callbacks.c.new_due_at.is_(None), callbacks.c.announced_at.is_(None)),  # else we ring him already
    _ended,  # until then he is still on the line, hearing what we promise
)
_is_to_tell = sa.and_(
    callbacks.c.new_due_at.is_not(None),
    callbacks.c.state == _PENDING,
    callbacks.c.joined_call.is_(None),  # nobody is rung who is on our line, or whom an attempt rings
)


# ---- one callback --------------------------------------------------------------------------------------------------

CALLBACK = Statement(sa.select(callbacks).where(_mine))
ATTEMPTS = Statement(
    sa.select(callback_attempts)
    .where(callback_attempts.c.callback_id == bindparam("id"))
    .order_by(callback_attempts.c.epoch)
)
_open_columns = ("id", "call_id", "number", "presented_at", "due_at", "joined_call")
OPEN_OF_NUMBER = Statement(
    sa.select(*(callbacks.c[name] for name in _open_columns)).where(
        callbacks.c.number == bindparam("number"),
        sa.or_(*(callbacks.c.state == state for state in OPEN_STATES)),
    )
)
ADD_CALLBACK = Statement(
    insert(
        callbacks,
        "call_id number prefix state presented_at promised_at consent_at due_at first_due_at next_at epoch"
        " by_hand announcements",
    ).returning(callbacks.c.id)
)
_saved = (
    "state due_at epoch lease_until by_hand route next_at new_due_at announcements joined_call second_person"
    " hand_over_reason closed_at"
)
SAVE_CALLBACK = Statement(
    sa.update(callbacks)
    .where(_mine, callbacks.c.epoch == bindparam("was_epoch"), callbacks.c.state == bindparam("was_state"))
    .values({name: bindparam(name) for name in _saved.split()} | {"agent": bindparam("agent")})
)
CALLED = Statement(
    sa.update(callbacks).where(_mine, callbacks.c.called_at.is_(None)).values(called_at=moment("at"))
)
REACHED = Statement(
    sa.update(callbacks)
    .where(_mine, callbacks.c.served_at.is_(None))
    .values(served_at=moment("at"), agent=bindparam("agent"))
)
ANNOUNCED = Statement(
    sa.update(callbacks)
    .where(_mine, _is_to_tell, callbacks.c.announced_at.is_(None))
    .values(
        announced_at=moment("at"),
        announcement_nonce=bindparam("nonce"),
        announcement_route=bindparam("route"),
    )
)
NOT_ANNOUNCED = Statement(sa.update(callbacks).where(_mine).values(announced_at=None))
ADD_CALLBACK_EVENT = Statement(insert(callback_events, "callback_id at kind body commands"))

ADD_ATTEMPT = Statement(insert(callback_attempts, "callback_id epoch at agent nonce"))
SAVE_ATTEMPT = Statement(
    sa.update(callback_attempts).where(_attempt).values(result=bindparam("result"), ended_at=moment("at"))
)
LATEST_TALKS = Statement(
    sa.select(callback_attempts.c.served_at, callback_attempts.c.ended_at, callback_attempts.c.agent)
    .where(
        callback_attempts.c.result == AttemptResult.REACHED.value, callback_attempts.c.served_at.is_not(None)
    )
    .order_by(callback_attempts.c.id.desc())
    .limit(bindparam("most"))
)
ATTEMPT_SERVED_AT = Statement(sa.select(callback_attempts.c.served_at).where(_attempt))
SERVE_ATTEMPT = Statement(
    sa.update(callback_attempts)
    .where(_attempt, callback_attempts.c.served_at.is_(None))
    .values(served_at=moment("at"))
)

# ---- the line, and what is to be looked at ---------------------------------------------------------------------------

CALLBACK_DUE = sa.select(callbacks.c.id).where(_due)
DUE = Statement(
    sa.select(callbacks)
    .where(_due)
    .order_by(callbacks.c.presented_at, callbacks.c.call_id)
    .limit(bindparam("most"))
)
NEARLY_DUE = Statement(
    sa.select(callbacks)
    .where(_due, callbacks.c.called_at.is_(None), callbacks.c.due_at <= moment("near"))
    .order_by(callbacks.c.due_at, callbacks.c.call_id)
    .limit(bindparam("most"))
)
ATTEMPTS_OF_DUE = Statement(
    sa.select(callback_attempts)
    .join(callbacks, callbacks.c.id == callback_attempts.c.callback_id)
    .where(_due)
    .order_by(callback_attempts.c.callback_id, callback_attempts.c.epoch)
)
UNTRIED_AHEAD = Statement(
    sa.select(sa.func.count().label("n"))
    .select_from(callbacks)
    .where(
        callbacks.c.state == _PENDING,
        callbacks.c.joined_call.is_(None),  # who is on the line himself is counted there
        callbacks.c.called_at.is_(None),
        sa.or_(callbacks.c.next_at.is_(None), callbacks.c.next_at <= moment("soon")),
        sa.or_(
            callbacks.c.presented_at < moment("line_at"),
            sa.and_(callbacks.c.presented_at == moment("line_at"), callbacks.c.call_id < bindparam("id")),
        ),
    )
)
UNTRIED = Statement(
    sa.select(sa.func.count().label("n")).where(
        sa.or_(*(callbacks.c.state == state for state in OPEN_STATES)), callbacks.c.called_at.is_(None)
    )
)
RUNNING = Statement(
    sa.select(
        callbacks.c.id.label("callback_id"),
        callbacks.c.epoch,
        callbacks.c.lease_until,
        callbacks.c.by_hand,
        callbacks.c.route,
        callback_attempts.c.nonce,
    )
    .join(
        callback_attempts,
        sa.and_(
            callback_attempts.c.callback_id == callbacks.c.id, callback_attempts.c.epoch == callbacks.c.epoch
        ),
    )
    .where(callbacks.c.state == _DIALING)
    .order_by(callbacks.c.id)
)
LEFT_BEHIND = Statement(
    sa.select(
        callback_attempts.c.callback_id,
        callback_attempts.c.epoch,
        callback_attempts.c.at.label("lease_until"),  # it ended when it began: the callback has gone on
        callback_attempts.c.nonce,
        callbacks.c.by_hand,
        callbacks.c.route,
    )
    .join(callbacks, callbacks.c.id == callback_attempts.c.callback_id)
    .where(callback_attempts.c.result.is_(None), callbacks.c.state != _DIALING)
    .order_by(callback_attempts.c.id)
)
JOINED_IN_VAIN = Statement(
    sa.select(callbacks.c.id, callbacks.c.joined_call, calls.c.served_at)
    .join(calls, calls.c.id == callbacks.c.joined_call)
    .where(calls.c.phase == Phase.ENDED.value)
    .order_by(callbacks.c.id)
)
IN_DANGER = Statement(
    sa.select(callbacks.c.id)
    .where(
        callbacks.c.state == _PENDING,
        callbacks.c.called_at.is_(None),
        callbacks.c.joined_call.is_(None),
        callbacks.c.new_due_at.is_(None),
        callbacks.c.announced_at.is_(None),
        callbacks.c.due_at > NOW,
        callbacks.c.due_at <= moment("soon"),
    )
    .order_by(callbacks.c.id)
)
STRANDED = Statement(
    sa.select(callbacks.c.id)
    .where(
        callbacks.c.state == _PENDING,
        callbacks.c.joined_call.is_(None),
        sa.or_(
            sa.and_(callbacks.c.called_at.is_(None), callbacks.c.due_at <= moment("soon")),
            sa.and_(callbacks.c.called_at.is_not(None), callbacks.c.next_at <= NOW),
        ),
    )
    .order_by(callbacks.c.id)
)
TO_TELL = Statement(
    sa.select(
        callbacks.c.id,
        callbacks.c.number,
        callbacks.c.due_at,
        callbacks.c.new_due_at,
        callbacks.c.announced_at,
        callbacks.c.announcements,
        callbacks.c.announcement_nonce,
        callbacks.c.announcement_route,
    )
    .where(_is_to_tell)
    .order_by(callbacks.c.id)
)

# ---- who is on a line ------------------------------------------------------------------------------------------------


def _count(table: sa.FromClause, *conditions: Any) -> Any:
    return sa.select(sa.func.count()).select_from(table).where(*conditions).scalar_subquery()


_is_announced = sa.and_(
    callbacks.c.state == _PENDING, callbacks.c.new_due_at.is_not(None), callbacks.c.announced_at.is_not(None)
)
_live = sa.or_(*(calls.c.phase == phase.value for phase in Phase if phase is not Phase.ENDED))
CHANNELS_TAKEN = Statement(
    sa.select(
        (
            _count(calls, _live, calls.c.door == "asterisk")
            + _count(
                callbacks,
                callbacks.c.state == _DIALING,
                sa.not_(callbacks.c.by_hand),
                callbacks.c.route == Route.ASTERISK.value,
            )
            + _count(callbacks, _is_announced, callbacks.c.announcement_route == Route.ASTERISK.value)
        ).label("n")
    )
)
SERVED_BY = Statement(
    sa.select(sa.func.coalesce(calls.c.served_by, calls.c.agent).label("agent")).where(
        calls.c.id == bindparam("id")
    )
)
LIVE_OF_NUMBER = Statement(
    sa.select(calls.c.id, calls.c.state)
    .where(calls.c.caller == bindparam("number"), _live)
    .order_by(calls.c.line_at, calls.c.id)
)
CALLS_OF_NUMBER = Statement(
    sa.select(sa.func.count().label("n"))
    .select_from(calls)
    .where(calls.c.caller == bindparam("number"), calls.c.presented_at >= moment("since"))
)
