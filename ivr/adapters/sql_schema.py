"""The tables, for SQLite and PostgreSQL alike. Moments are stored as whole milliseconds since 1970 UTC.

Alembic's first revision creates what stands here; a test holds the two against each other.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Moment(TypeDecorator[datetime]):
    """An aware UTC datetime, to the millisecond."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:  # noqa: ARG002 # SQLAlchemy's form
        return None if value is None else (value - _EPOCH) // _MILLISECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002 # likewise
        return None if value is None else _EPOCH + timedelta(milliseconds=value)


Key = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself only for INTEGER

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

calls = Table(
    "calls",
    metadata,
    Column("id", Key, primary_key=True),
    Column("door", String(16), nullable=False),
    Column("ref", String(160), nullable=False),  # the call's own reference at its door: linkedid, CallSid
    Column("hotline", String(64), nullable=False),
    Column("caller", String(80)),  # E.164, raw:…, or null
    Column("channel", String(160)),  # by which the switch can be told to fetch the caller
    Column("phase", String(16), nullable=False),
    Column("presented_at", Moment, nullable=False),
    Column("greeted_at", Moment),
    Column("greeted_by", String(16)),
    Column("served_at", Moment),
    Column("ended_at", Moment),
    Column("outcome", String(16), nullable=False),
    Column("agent", String(64)),  # reserved or talking now
    Column("served_by", String(64)),  # who spoke
    Column("estimated_wait_seconds", Integer),
    Column("state", Text, nullable=False),  # the policy's Call as JSON
    Column(
        "standing", Text, nullable=False
    ),  # the last line commands as JSON, repeated to whoever asks again
    Column("last_key", String(64)),  # the last burst handled, so that its repetition changes nothing
    UniqueConstraint("door", "ref"),
    Index("ix_calls_phase_presented_at", "phase", "presented_at"),
    Index("ix_calls_presented_at", "presented_at"),
)

events = Table(
    "events",
    metadata,
    Column("id", Key, primary_key=True),
    Column("call_id", Key, ForeignKey("calls.id"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("body", Text, nullable=False),  # the event as JSON
    Column(
        "floor", Text
    ),  # the floor the decision saw, as JSON; null where the event was refused as unexpected
    Column("rules", String(64)),  # sha256 of the rules in force
    Column("commands", Text, nullable=False),  # what was decided, as JSON
)

rule_sets = Table(
    "rule_sets",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("body", Text, nullable=False),
)

agents = Table(
    "agents",
    metadata,
    Column("login", String(64), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("role", String(16), nullable=False),
    Column("phone", String(400), nullable=False),
    Column("password", String(200)),  # a hash, null while nobody set one
    Column("state", String(16), nullable=False),
    Column("reason", String(40)),
    Column("since", Moment, nullable=False),
    Column("idle_since", Moment, nullable=False),  # orders the free ones
    Column("until", Moment),  # end of the wrap-up, or of the reservation's lease
    Column("misses", Integer, nullable=False, default=0),
    Column(
        "epoch", Integer, nullable=False, default=0
    ),  # counts reservations; a late writer holds an old one
    Column("call_id", Key),
    Column("wanted", String(16)),  # the state he asked for during a call, taken up after it
)

sip_accounts = Table(
    "sip_accounts",
    metadata,
    Column(
        "name", String(32), primary_key=True
    ),  # ag-<8 hex>: never a number, never guessable from a caller id
    Column("secret", String(64), nullable=False),
    Column("created_at", Moment, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Key, primary_key=True),
    Column("topic", String(32), nullable=False),
    Column("ref", BigInteger, nullable=False),  # the id of the row the job is about
    Column("created_at", Moment, nullable=False),
    Column("rung_at", Moment),  # last time the doorbell was rung
    Column("done_at", Moment),  # when the job had done it
    UniqueConstraint("topic", "ref"),
    Index("ix_outbox_done_at_rung_at", "done_at", "rung_at"),
)

companies = Table(
    "companies",
    metadata,
    Column("id", Key, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("match_name", String(200), nullable=False, unique=True),  # normal form: width, spaces, case
    Column("tax_bureau", String(200)),
    Column("agreement", String(80)),
    Column("agreement_expires_on", Date),
)

company_numbers = Table(
    "company_numbers",
    metadata,
    Column("number", String(32), primary_key=True),  # E.164
    Column("company_id", Key, ForeignKey("companies.id"), primary_key=True, index=True),
    Column("contact", String(80)),
)

records = Table(
    "records",
    metadata,
    Column("id", Key, primary_key=True),
    Column("call_id", Key, ForeignKey("calls.id"), nullable=False, unique=True),
    Column("number", String(80)),
    Column("company_id", Key, ForeignKey("companies.id")),
    Column("company", String(200)),
    Column("contact_phone", String(80)),
    Column("tax_bureau", String(200)),
    Column("symptom", Text),
    Column("fields", Text, nullable=False),
    Column("open_records", Text, nullable=False),  # ids of this caller's other open records, as JSON
    Column("disposition", String(32)),
    Column("owner", String(64)),
    Column("state", String(16), nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Index("ix_records_number_state", "number", "state"),
    Index("ix_records_company_id_state", "company_id", "state"),
)

ring_backs = Table(
    "ring_backs",
    metadata,
    Column("id", Key, primary_key=True),
    Column("call_id", Key, ForeignKey("calls.id"), nullable=False, unique=True),
    Column("number", String(80), nullable=False),
    Column("reason", String(40), nullable=False),
    Column("listed_at", Moment, nullable=False),
    Column("done", Boolean, nullable=False, default=False),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", Key, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("agent", String(64)),
    Column("call_id", Key),
    Column("detail", Text),
)
