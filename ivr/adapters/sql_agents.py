"""Agents in SQL. A change asked for during a call waits in `wanted`; a reservation is never overwritten by it."""

import hashlib
import secrets

import sqlalchemy as sa

from ivr.adapters.sql_engine import create_engine, read_engine
from ivr.adapters.sql_postgres import Turn
from ivr.adapters.sql_schema import agents
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

    def add(self, login: str, name: str, role: str, phone: Phone, password: str | None) -> SipAccount | None:
        """A new agent, offline; `endpoint:NEW` makes his SIP account and returns it. Raises AgentError."""
        now = self._clock.now()
        with self._engine.begin() as connection:
            if connection.execute(sa.select(agents.c.login).where(agents.c.login == login)).first():
                raise AgentError(f"login {login!r} exists already")
            account = add_account(connection, self._clock) if str(phone) == "endpoint:NEW" else None
            row = {
                "login": login,
                "name": name,
                "role": role,
                "password": None if password is None else _hashed(password),
                "phone": f"endpoint:{account.name}" if account else str(phone),
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
        mine = agents.c.login == change.login
        with self._engine.begin() as connection:
            state = connection.execute(sa.select(agents.c.state).where(mine)).scalar()
            if state is None:
                return None
            if state in _IN_A_CALL:
                wanted = None if change.state is AgentState.AVAILABLE else change.state.value
                connection.execute(sa.update(agents).where(mine), {"wanted": wanted})
                return AgentState(state)
            if state != change.state.value:
                connection.execute(sa.update(agents).where(mine), _fresh(change))
        return change.state

    def login_of(self, phone: str) -> str | None:
        """The agent who has that phone; of two who share it the one who is not offline."""
        offline = sa.case((agents.c.state == AgentState.OFFLINE.value, 1), else_=0)
        mine = sa.select(agents.c.login).where(agents.c.phone == phone).order_by(offline, agents.c.login)
        with self._readers.connect() as connection:
            return connection.execute(mine.limit(1)).scalar()

    def count(self) -> int:
        """How many there are."""
        with self._readers.connect() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(agents)).scalar_one()

    def accounts(self) -> tuple[SipAccount, ...]:
        """Every registering phone's account."""
        with self._readers.connect() as connection:
            return all_accounts(connection)


def _hashed(password: str) -> str:
    """scrypt as OWASP's cheat sheet has it, with its own salt; never the password."""
    salt = secrets.token_bytes(16)
    digest = hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=5)
    return f"scrypt${salt.hex()}${digest.hex()}"


def _fresh(change: AgentChange) -> dict[str, object]:
    return {
        "state": change.state.value,
        "reason": None,
        "since": change.at,
        "idle_since": change.at,
        "until": None,
        "misses": 0,
        "call_id": None,
        "wanted": None,
    }
