"""PostgreSQL: one turn after the other where decisions are made, an answer in time, commits that are on the disk.

A decision reads before it writes, and another process may decide at the same moment. So its transaction begins by
waiting for its turn, before it has read anything: nothing read is old, and no lock is ever waited for half-way.
"""

from enum import IntEnum
from typing import Any

import sqlalchemy as sa

LOCK_TIMEOUT_MS = 1200
LOST_SERVER_MS = 4000  # a machine that has vanished is noticed by then, also while nothing is being sent
_DRIVER = "postgresql+psycopg"


class Turn(IntEnum):
    """Who comes one after the other, as the keys of advisory locks; the numbers only have to stay as they are.

    Advisory, because a lock on the table would stand in line with autovacuum.
    """

    FLOOR = 7_301_001  # calls and agents
    RECORDS = 7_301_002
    MIGRATION = 7_301_003
    SIGN_IN = 7_301_004


def postgres_engine(
    url: str, *, turn: Turn | None = None, read_only: bool = False, in_time: bool = False
) -> sa.Engine:
    """An engine by the URL; a connection that died since its last use is replaced before anything is begun."""
    engine = sa.create_engine(
        with_driver(url),
        isolation_level="READ COMMITTED",  # a turn's first look comes after its lock, whatever the server's default
        pool_pre_ping=True,
        pool_timeout=LOCK_TIMEOUT_MS / 1000,
        hide_parameters=True,
        connect_args=_patience(),
    )
    settings = _settings(read_only=read_only, in_time=in_time)

    def connected(connection: Any, _record: object) -> None:
        connection.autocommit = True
        connection.execute(settings)
        connection.autocommit = False

    def began(connection: sa.Connection) -> None:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({turn:d})")

    sa.event.listen(engine, "connect", connected)
    if turn is not None:
        sa.event.listen(engine, "begin", began)
    return engine


def with_driver(url: str) -> sa.URL:
    """`postgresql://` means the driver we bring along; one named in the URL is left as it is."""
    parsed = sa.make_url(url)
    return parsed.set(drivername=_DRIVER) if parsed.drivername == "postgresql" else parsed


def _patience() -> dict[str, int]:
    """libpq's, in its own units; two seconds is the least it knows for a connect."""
    return {
        "connect_timeout": 2,
        "tcp_user_timeout": LOST_SERVER_MS,
        "keepalives_idle": 1,
        "keepalives_interval": 1,
        "keepalives_count": 3,
    }


def _settings(*, read_only: bool, in_time: bool) -> str:
    """One statement for a new connection. A server told to wait for its standbys too is left so."""
    keep = "CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END"
    settings = {
        "synchronous_commit": keep,
        "default_transaction_read_only": f"'{'on' if read_only else 'off'}'",
    }
    if in_time:
        settings["lock_timeout"] = settings["statement_timeout"] = f"'{LOCK_TIMEOUT_MS}ms'"
    values = ", ".join(f"set_config('{name}', {value}, false)" for name, value in settings.items())
    return f"SELECT {values}"
