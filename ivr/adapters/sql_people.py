"""Every login in SQL, as the administration sees it. One transaction looks and changes: the last admin stays one."""

import sqlalchemy as sa

from ivr.adapters.sql_desk_schema import web_sessions
from ivr.adapters.sql_engine import create_engine, read_engine
from ivr.adapters.sql_postgres import Turn
from ivr.adapters.sql_schema import agents
from ivr.adapters.sql_sip_accounts import SipAccount, add_account
from ivr.policy.floor import AgentState
from ivr.policy.roles import ON_THE_FLOOR, Role
from ivr.service.agents import AgentError
from ivr.service.people_ports import Login, LoginChange
from ivr.service.ports import Clock

_IN_A_CALL = (AgentState.RESERVED.value, AgentState.TALKING.value)


class SqlPeople:
    """PeopleBook over one database."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._engine = create_engine(url, turn=Turn.FLOOR)
        self._readers = read_engine(url)
        self._clock = clock

    def everybody(self) -> tuple[Login, ...]:
        """In order of their logins."""
        browsers = sa.select(sa.func.count()).where(web_sessions.c.login == agents.c.login)
        query = sa.select(agents, browsers.scalar_subquery().label("signed_in")).order_by(agents.c.login)
        with self._readers.connect() as connection:
            return tuple(_login(row) for row in connection.execute(query))

    def change(self, login: str, change: LoginChange) -> SipAccount | None:
        """The account made for `endpoint:NEW`. Raises AgentError."""
        mine = agents.c.login == login
        with self._engine.begin() as connection:
            now = connection.execute(sa.select(agents).where(mine)).one_or_none()
            if now is None:
                raise AgentError(f"no login {login!r}", "unknown")
            _refuse(connection, now, change)
            account = add_account(connection, self._clock) if str(change.phone) == "endpoint:NEW" else None
            values = {"name": change.name, "role": change.role.value}
            if change.role not in ON_THE_FLOOR:
                values["phone"] = ""
            elif change.phone is not None:
                values["phone"] = f"endpoint:{account.name}" if account else str(change.phone)
            connection.execute(sa.update(agents).where(mine), values)
        return account


def _login(row: sa.Row[tuple[object, ...]]) -> Login:
    return Login(
        login=row.login,
        name=row.name,
        role=Role(row.role),
        phone=row.phone,
        state=AgentState(row.state),
        has_password=row.password is not None,
        signed_in=row.signed_in,
    )


def _refuse(connection: sa.Connection, now: sa.Row[tuple[object, ...]], change: LoginChange) -> None:
    """Raises AgentError for what would tear a call apart or leave nobody to administer."""
    if change.phone is not None and now.state in _IN_A_CALL:
        raise AgentError("phone: he is in a call; change it after that", "in_call")
    if change.role is Role.ADMIN and now.state != AgentState.OFFLINE.value:
        raise AgentError("role: an admin is never on the floor; he has to go offline first", "on_duty")
    if change.role is not Role.ADMIN and now.role == Role.ADMIN.value:
        if change.phone is None:
            raise AgentError("phone: whoever takes calls needs one", "phone_needed")
        admins = sa.select(sa.func.count()).where(agents.c.role == Role.ADMIN.value)
        if connection.execute(admins).scalar_one() < 2:
            raise AgentError("role: he is the last admin", "last_admin")
