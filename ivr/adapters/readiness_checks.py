"""What the hotline leans on, one probe each: the database, its schema, Redis, and a worker that is alive."""

import sqlalchemy as sa

from ivr.adapters.rq_jobs import newest_heartbeat, redis_client
from ivr.adapters.sql_engine import read_engine
from ivr.service.ports import Clock
from ivr.service.readiness import Check, NotReadyError

WORKER_SILENT_SECONDS = 90.0  # an idle worker started with --worker-ttl 60 is heard of every 45


def readiness_checks(database_url: str, redis_url: str, clock: Clock) -> tuple[Check, ...]:
    """Each opens its own connection anew: an old one may live on where a new one would be refused."""
    return (
        Check(name="database", probe=lambda: _database(database_url)),
        Check(name="migrations", probe=lambda: _migrations(database_url)),
        Check(name="redis", probe=lambda: _redis(redis_url)),
        Check(name="worker", probe=lambda: _worker(redis_url, clock)),
    )


def _database(url: str) -> str:
    engine = read_engine(url)
    try:
        with engine.begin() as connection:
            connection.execute(sa.text("SELECT 1"))
    finally:
        engine.dispose()
    return "answers"


def _migrations(url: str) -> str:
    from ivr.adapters.sql_migrations import at_head  # Alembic is slow to load, and the web is to answer soon

    engine = read_engine(url)
    try:
        if not at_head(engine):
            raise NotReadyError("not at this version's schema")
    finally:
        engine.dispose()
    return "at head"


def _redis(url: str) -> str:
    with redis_client(url) as client:
        client.ping()
    return "answers"


def _worker(url: str, clock: Clock) -> str:
    with redis_client(url) as client:
        heard_at = newest_heartbeat(client)
    if heard_at is None:
        raise NotReadyError("no worker")
    age = (clock.now() - heard_at).total_seconds()
    if age > WORKER_SILENT_SECONDS:
        raise NotReadyError(f"not heard of for {age:.0f} s")
    return f"heard of {max(age, 0):.0f} s ago"
