"""Agents in SQL. A change asked for during a call waits in `wanted`; a reservation is never overwritten by it."""

import sqlalchemy as sa

from ivr.adapters.sql_engine import create_engine, read_engine
from ivr.adapters.sql_postgres import Turn
from ivr.adapters.sql_schema import AN_AGENT, agents, rung_phone
from ivr.adapters.sql_sip_accounts import SipAccount, add_account, all_accounts
from ivr.policy.floor import AgentState
from ivr.policy.phone import Phone
from ivr.service.agents import AgentChange, AgentError
from ivr.service.ports import Clock

_IN_A_CALL = (AgentState.RESERVED.value, AgentState.TALKING.value)


class SqlAgents:
    """AgentBook over one database; also the SIP accounts made for them."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._engine = create_engine(url, turn=Turn.FLOOR)
        self._readers = read_engine(url)
        self._clock = clock

    def add(
        self, login: str, name: str, role: str, phone: Phone | None, password: str | None
    ) -> SipAccount | None:
        """A new agent, offline; `endpoint:NEW` makes his SIP account and returns it. Raises AgentError."""
        now, hashed = self._clock.now(), None if password is None else _hashed(password)
        with self._engine.begin() as connection:
            if connection.execute(sa.select(agents.c.login).where(agents.c.login == login)).first():
                raise AgentError(f"login {login!r} exists already", "taken")
            account = add_account(connection, self._clock) if str(phone) == "endpoint:NEW" else None
            row = {
                "login": login,
                "name": name,
                "role": role,
                "password": hashed,
                "phone": f"endpoint:{account.name}" if account else str(phone or ""),
                "state": AgentState.OFFLINE.value,
                "since": now,
                "idle_since": now,
                "misses": 0,
                "epoch": 0,
            }
            connection.execute(sa.insert(agents), row)
        return account

    def change(self, change: AgentChange) -> AgentState | None:
        """Free or resting: at once. In a call: after it. The state he is in now; None for an unknown login."""
        mine = sa.and_(agents.c.login == change.login, AN_AGENT)
        with self._engine.begin() as connection:
            asked = sa.select(agents.c.state, agents.c.reason).where(mine)
            now = connection.execute(asked).one_or_none()
            if now is None:
                return None
            if now.state in _IN_A_CALL:
                wanted = None if change.state is AgentState.AVAILABLE else change.state.value
                later = {"wanted": wanted, "wanted_reason": change.reason}
                connection.execute(sa.update(agents).where(mine), later)
                return AgentState(now.state)
            if (now.state, now.reason) != (change.state.value, change.reason):
                connection.execute(sa.update(agents).where(mine), _fresh(change))
        return change.state

    def login_of(self, phone: str) -> str | None:
        """The agent who has that phone; of two who share it the one who is not offline."""
        offline = sa.case((agents.c.state == AgentState.OFFLINE.value, 1), else_=0)
        mine = sa.select(agents.c.login).where(rung_phone() == phone).order_by(offline, agents.c.login)
        with self._readers.connect() as connection:
            return connection.execute(mine.limit(1)).scalar()

    def count(self) -> int:
        """How many there are; admins are none."""
        with self._readers.connect() as connection:
            return connection.execute(sa.select(sa.func.count()).where(AN_AGENT)).scalar_one()

    def accounts(self) -> tuple[SipAccount, ...]:
        """Every registering phone's account."""
        with self._readers.connect() as connection:
            return all_accounts(connection)


def _hashed(password: str) -> str:
    """Slow on purpose, so never inside a transaction that calls wait for."""
    from ivr.adapters.argon2_passwords import Argon2Passwords  # the FastAGI server starts sooner without it

    return Argon2Passwords().hashed(password)


def _fresh(change: AgentChange) -> dict[str, object]:
    page = {} if change.from_page else {"page_seen_at": None}  # an open page is heard of again at once
    return {
        **page,
        "state": change.state.value,
        "reason": change.reason,
        "since": change.at,
        "idle_since": change.at,
        "until": None,
        "misses": 0,
        "call_id": None,
        "callback_id": None,
        "knock_call_id": None,
        "knock_until": None,
        "wanted": None,
        "wanted_reason": None,
    }
