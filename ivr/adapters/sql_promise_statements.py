"""What the books ask of promises and ratings, every statement once; see sql_call_statements."""

import sqlalchemy as sa
from sqlalchemy import bindparam

from ivr.adapters.sql_agent_statements import NOW
from ivr.adapters.sql_callback_schema import callback_attempts, callbacks, promises, ratings
from ivr.adapters.sql_clauses import insert, moment
from ivr.adapters.sql_schema import calls, ring_backs
from ivr.adapters.sql_statement import Statement
from ivr.policy.callback import CallbackState

HANDED_OVER = "handed_over"
_DIALING = CallbackState.DIALING.value


# ---- promises -----------------------------------------------------------------------------------------------------

ADD_PROMISE = Statement(
    insert(promises, "call_id callback_id kind said_text made_by made_at due_at owner state")
)
_its = promises.c.callback_id == bindparam("id")
KEEP_PROMISES = Statement(
    sa.update(promises)
    .where(_its, promises.c.kept_at.is_(None))
    .values(kept_at=moment("at"), state=sa.case((promises.c.broken_at.is_not(None), "broken"), else_="kept"))
)
MOVE_PROMISES = Statement(
    sa.update(promises).where(_its, promises.c.state == "open").values(due_at=moment("due_at"))
)
HAND_OVER_PROMISES = Statement(
    sa.update(promises)
    .where(_its, promises.c.kept_at.is_(None))
    .values(state=sa.case((promises.c.state == "broken", "broken"), else_=HANDED_OVER))
)
WORDS_OF = Statement(sa.select(promises.c.said_text).where(_its).order_by(promises.c.id))
OWN_PROMISES = Statement(sa.update(promises).where(_its).values(owner=bindparam("owner")))
_in_silence = sa.and_(
    callbacks.c.state != _DIALING,
    callbacks.c.joined_call.is_(None),  # whom we speak with, or are just ringing, is not left in silence
    callbacks.c.new_due_at.is_(None),
)
OVERDUE = Statement(
    sa.select(
        promises.c.id,
        promises.c.call_id,
        sa.func.coalesce(callbacks.c.agent, promises.c.owner).label("agent"),
    )
    .outerjoin(callbacks, callbacks.c.id == promises.c.callback_id)
    .where(
        promises.c.kept_at.is_(None),
        promises.c.broken_at.is_(None),
        sa.or_(promises.c.state == "open", promises.c.state == HANDED_OVER),
        promises.c.due_at < NOW,
        sa.or_(promises.c.callback_id.is_(None), _in_silence),  # an agent's own promise has no callback
    )
    .order_by(promises.c.id)
)
BREAK_PROMISE = Statement(
    sa.update(promises)
    .where(promises.c.id == bindparam("id"), promises.c.broken_at.is_(None))
    .values(broken_at=NOW, state=sa.case((promises.c.state == HANDED_OVER, HANDED_OVER), else_="broken"))
)
PROMISE = Statement(
    sa.select(
        *(promises.c[name] for name in ("id", "call_id", "callback_id", "kept_at", "owner")),
        callbacks.c.state.label("callback"),
    )
    .outerjoin(callbacks, callbacks.c.id == promises.c.callback_id)
    .where(promises.c.id == bindparam("id"))
)
KEEP_PROMISE = Statement(
    sa.update(promises)
    .where(promises.c.id == bindparam("id"), promises.c.kept_at.is_(None))
    .values(
        kept_at=moment("at"),
        owner=bindparam("owner"),
        state=sa.case((promises.c.broken_at.is_not(None), "broken"), else_="kept"),
    )
)

# ---- the ring-back list -------------------------------------------------------------------------------------------

LISTED = Statement(
    sa.select(ring_backs.c.id, promises.c.id.label("promise_id"))
    .outerjoin(promises, promises.c.call_id == ring_backs.c.call_id)
    .where(ring_backs.c.id == bindparam("id"))
    .order_by(promises.c.id.desc())
    .limit(1)
)
RUNG_BACK = Statement(
    sa.update(ring_backs)
    .where(ring_backs.c.id == bindparam("id"), sa.not_(ring_backs.c.done))
    .values(done=True, owner=bindparam("agent"), done_by=bindparam("agent"), done_at=NOW)
)

# ---- ratings ------------------------------------------------------------------------------------------------------

_rated = calls.c.id == bindparam("call_id")
ADD_RATING = Statement(
    sa.insert(ratings).values(
        call_id=bindparam("call_id"),
        caller=bindparam("caller"),
        agent=sa.select(calls.c.served_by).where(_rated).scalar_subquery(),
        asked_at=moment("at"),
    )
)
CUSTOMER_OF = Statement(
    sa.select(callbacks.c.call_id, callbacks.c.number, callback_attempts.c.agent)
    .join(callbacks, callbacks.c.id == callback_attempts.c.callback_id)
    .where(
        *(callback_attempts.c[name] == bindparam(name) for name in ("callback_id", "epoch", "nonce")),
    )
)
ADD_CUSTOMERS_RATING = Statement(
    insert(ratings, "call_id callback_id caller agent").values(asked_at=moment("at"))
)
RATE_CALLBACK = Statement(
    sa.update(ratings)
    .where(ratings.c.callback_id == bindparam("id"), ratings.c.score.is_(None))
    .values(score=bindparam("score"))
)
RATED_ALREADY = Statement(sa.select(ratings.c.id).where(ratings.c.call_id == bindparam("call_id")))
RATE = Statement(
    sa.update(ratings).where(ratings.c.call_id == bindparam("call_id")).values(score=bindparam("score"))
)
ASKED_SINCE = Statement(
    sa.select(ratings.c.id)
    .where(ratings.c.caller == bindparam("caller"), ratings.c.asked_at >= moment("midnight"))
    .limit(1)
)
