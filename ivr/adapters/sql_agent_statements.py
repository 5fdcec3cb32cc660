"""What the books ask of the agents' table, every statement once: taken, talking, let go, free again.

An agent is let go only by the call or the callback that has him: `whose` says which; whoever is late changes nothing.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam

from ivr.adapters.sql_schema import Moment, agents, calls, rung_phone
from ivr.adapters.sql_statement import Statement
from ivr.policy.call import Phase
from ivr.policy.floor import AgentState

AVAILABLE, RESERVED, AWAY = AgentState.AVAILABLE.value, AgentState.RESERVED.value, AgentState.AWAY.value
OFFLINE, TALKING, WRAPPING_UP = (
    AgentState.OFFLINE.value,
    AgentState.TALKING.value,
    AgentState.WRAP_UP.value,
)
NOW: Any = bindparam("now", type_=Moment())
_him = agents.c.login == bindparam("agent")
_of_call = sa.and_(agents.c.call_id == bindparam("call"), agents.c.callback_id.is_(None))
_of_callback = agents.c.callback_id == bindparam("callback")
_in_his_ear = sa.and_(agents.c.knock_call_id.is_not(None), agents.c.knock_until.is_(None))

_seen = "login state idle_since misses since knock_call_id knock_until"
ON_FLOOR = Statement(
    sa.select(*(agents.c[name] for name in _seen.split()), rung_phone(), agents.c.phone.label("given")).where(
        agents.c.state != OFFLINE, agents.c.state != AWAY
    )
)


def _reserve(**more: Any) -> Statement:
    values = {"state": RESERVED, "reason": None, "since": NOW, "until": bindparam("lease", type_=Moment())}
    taken = sa.update(agents).where(_him, agents.c.state == AVAILABLE)
    return Statement(
        taken.values({**values, "call_id": bindparam("call"), "epoch": agents.c.epoch + 1, **more})
    )


RESERVE = _reserve()
_willing = sa.or_(*(agents.c.state == state for state in (AVAILABLE, WRAPPING_UP, AWAY)))
TAKE_BY_HAND = Statement(
    sa.update(agents)
    .where(_him, _willing)
    .values(
        state=RESERVED,
        reason=None,
        since=NOW,
        until=bindparam("lease", type_=Moment()),
        call_id=bindparam("call"),
        callback_id=bindparam("callback"),
        epoch=agents.c.epoch + 1,
        wanted=sa.case((agents.c.state == AWAY, AWAY), else_=agents.c.wanted),  # and away again after it
        wanted_reason=sa.case((agents.c.state == AWAY, agents.c.reason), else_=agents.c.wanted_reason),
    )
)
STATE_OF = Statement(sa.select(agents.c.state).where(_him))
RESERVE_FOR_CALLBACK = _reserve(callback_id=bindparam("callback"))


def _wanted_or(state: str) -> Any:
    """What he asked for during the call comes before what we would make him."""
    return sa.func.coalesce(agents.c.wanted, state)


def _free() -> dict[str, Any]:
    return {
        "state": _wanted_or(AVAILABLE),
        "since": NOW,
        "until": None,
        "call_id": None,
        "callback_id": None,
        "wanted": None,
        "reason": agents.c.wanted_reason,
        "wanted_reason": None,
    }


class LetGo:
    """The ways an agent is let go by what has him, unless a second call is in his ear."""

    def __init__(self, whose: sa.ColumnElement[bool]) -> None:
        self._whose = sa.and_(_him, whose)
        missed = {"idle_since": NOW, "misses": agents.c.misses + 1}
        until = bindparam("until", type_=Moment())
        self.release = self._statement()
        self.back = self._statement(idle_since=NOW)
        self.missed = self._statement(**missed)
        later = {"wanted": agents.c.wanted, "wanted_reason": agents.c.wanted_reason}
        self.stood_down = self._statement(**missed, **later, state=AWAY, reason="missed_ring")
        self.wrap_up = self._statement(
            **later, state=WRAPPING_UP, until=until, call_id=agents.c.call_id, reason=None
        )
        self.to_his_second_call = Statement(
            sa.update(agents)
            .where(self._whose, _in_his_ear)
            .values(
                state=TALKING,
                since=NOW,
                until=None,
                call_id=agents.c.knock_call_id,
                callback_id=None,
                knock_call_id=None,
            )
        )

    def _statement(self, **more: Any) -> Statement:
        let_go = sa.update(agents).where(self._whose, sa.not_(_in_his_ear))
        return Statement(let_go.values({**_free(), **more}))


BY_CALL = LetGo(_of_call)
BY_CALLBACK = LetGo(_of_callback)

_knocks = agents.c.knock_call_id == bindparam("call")
TALK = Statement(
    sa.update(agents)
    .where(
        _him,
        sa.or_(_of_call, agents.c.state == AVAILABLE, sa.and_(_knocks, agents.c.state != TALKING)),
    )
    .values(
        state=TALKING,
        since=NOW,
        until=None,
        misses=0,
        call_id=bindparam("call"),
        callback_id=None,
        knock_call_id=sa.case((_knocks, None), else_=agents.c.knock_call_id),
        knock_until=sa.case((_knocks, None), else_=agents.c.knock_until),
    )
)
TALK_WITH_CUSTOMER = Statement(
    sa.update(agents).where(_him, _of_callback).values(state=TALKING, since=NOW, until=None, misses=0)
)
STAY_RESERVED = Statement(
    sa.update(agents)
    .where(_him, _of_callback, agents.c.state == RESERVED)
    .values(until=bindparam("until", type_=Moment()))
)

# ---- a second call for who talks already ---------------------------------------------------------------------------

KNOCK = Statement(
    sa.update(agents)
    .where(
        _him,
        agents.c.state == TALKING,
        agents.c.call_id != bindparam("call"),
        sa.or_(agents.c.knock_call_id.is_(None), agents.c.knock_until < NOW),
    )
    .values(knock_call_id=bindparam("call"), knock_until=bindparam("lease", type_=Moment()))
)
TAKE_KNOCK = Statement(sa.update(agents).where(_him, _knocks).values(knock_until=None))
DROP_KNOCK = Statement(sa.update(agents).where(_him, _knocks).values(knock_call_id=None, knock_until=None))
_gone = sa.not_(sa.exists().where(calls.c.id == agents.c.knock_call_id, calls.c.phase != Phase.ENDED.value))
FORGET_KNOCKS = Statement(
    sa.update(agents)
    .where(agents.c.knock_call_id.is_not(None), _gone)
    .values(knock_call_id=None, knock_until=None)
)

# ---- time brings them back -----------------------------------------------------------------------------------------


def over() -> sa.ColumnElement[bool]:
    """A wrap-up that is over; a lease that is, unless its call still stands by it: perhaps they talk already.

    A callback's lease is over when it is over: whoever learns that they talk has written it by then.
    """
    with_him = [calls.c.phase == phase.value for phase in (Phase.RINGING, Phase.FETCHING, Phase.TALKING)]
    stands = sa.exists().where(calls.c.id == agents.c.call_id, sa.or_(*with_him))
    lease = sa.and_(agents.c.state == RESERVED, sa.or_(agents.c.callback_id.is_not(None), sa.not_(stands)))
    return sa.and_(agents.c.until <= NOW, sa.or_(agents.c.state == WRAPPING_UP, lease))


FREE_WHO_IS_DUE = Statement(
    sa.update(agents)
    .where(over())
    .values({**_free(), "idle_since": agents.c.until})
    .returning(agents.c.login)
)

# ---- who else ------------------------------------------------------------------------------------------------------

_on_duty = sa.or_(*(agents.c.state == state for state in (AVAILABLE, RESERVED, TALKING, WRAPPING_UP)))
_manager = agents.c.role == "manager"
SECOND_PERSON = Statement(
    sa.select(agents.c.login)
    .where(agents.c.login != bindparam("besides"), sa.or_(_on_duty, _manager))
    .order_by(sa.case((_on_duty, 0), else_=1), agents.c.idle_since, agents.c.login)
    .limit(1)
)
