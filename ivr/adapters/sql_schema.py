"""The tables, for SQLite and PostgreSQL alike. Moments are stored as whole milliseconds since 1970 UTC.

Alembic's revisions create what stands here; a test holds the two against each other. The tables of promises and
callbacks are in sql_callback_schema, those of the desk in sql_desk_schema.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
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
    func,
    literal,
    text,
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


def _as_presented(context: Any) -> Any:
    return context.get_current_parameters()["presented_at"]


_standing = text("about IS NOT NULL AND cleared_at IS NULL")

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
    # his place in line: that of the callback he has joined, else when he was presented
    Column("line_at", Moment, nullable=False, default=_as_presented),
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
    Index("ix_calls_phase_line_at", "phase", "line_at"),
    Index("ix_calls_presented_at", "presented_at"),
    Index("ix_calls_caller", "caller"),
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
    Column("callback_id", Key),  # the callback he is reserved for or talks in; call_id is then its call's
    Column("wanted", String(16)),  # the state he asked for during a call, taken up after it
    Column("wanted_reason", String(40)),  # and why
    Column("knock_call_id", Key),  # a second call, offered to him while he talks, or in his ear
    Column("knock_until", Moment),  # end of that offer's lease; null once he has taken it
    Column("desk_phone", String(32)),  # the SIP account of his page while he takes calls in it; else null
    Column("page_seen_at", Moment),  # when his page was last heard of; null: he works without one
)

AN_AGENT = agents.c.role != "admin"
"""Whoever can be given a call; an admin has a login in the same table and is on no list of agents."""


def rung_phone() -> ColumnElement[str]:
    """How an agent is reached now: his page while it is his phone, else the phone he was given."""
    page = literal("endpoint:").concat(agents.c.desk_phone)
    return func.coalesce(page, agents.c.phone).label("phone")


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
    Column("pinyin", String(400)),  # of its name: whole and initials, by which agents find it
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
    Column(
        "phone_confirmed", Boolean, nullable=False, server_default=sa.false()
    ),  # by the caller, not by caller id
    Column("tax_bureau", String(200)),
    Column("symptom", Text),
    Column("fields", Text, nullable=False),
    Column("open_records", Text, nullable=False),  # ids of this caller's other open records, as JSON
    Column("disposition", String(32)),
    Column("owner", String(64)),
    Column("state", String(16), nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Column("version", Integer, nullable=False, server_default="0"),  # counts saved drafts
    Column("saved_at", Moment),
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
    Column("owner", String(64)),  # who goes on with it, where somebody is named
    Column("listed_at", Moment, nullable=False),
    Column("done", Boolean, nullable=False, default=False),
    Column("done_by", String(64)),
    Column("done_at", Moment),
    Column("result", String(32)),
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
    Column("seen_by", String(64)),  # the manager who has acknowledged it
    Column("seen_at", Moment),
    # of an alarm that begins and ends: what it is about ("" is the hotline), when it was last true, when it was over
    Column("about", String(80)),
    Column("still_at", Moment),
    Column("cleared_at", Moment),
    Index(
        "uq_alerts_open_episode",
        "kind",
        "about",
        unique=True,
        sqlite_where=_standing,
        postgresql_where=_standing,
    ),
    Index("ix_alerts_at", "at"),
)
