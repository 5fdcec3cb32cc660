"""The tables of what was promised to callers and what came of it; part of sql_schema's metadata."""

import sqlalchemy as sa
from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from ivr.adapters.sql_schema import Key, Moment, metadata

OPEN_STATES = ("pending", "dialing")
_unsettled = sa.text("result IS NULL")
_open = sa.text("state IN ('pending', 'dialing')")

callbacks = Table(
    "callbacks",
    metadata,
    Column("id", Key, primary_key=True),
    Column("call_id", Key, ForeignKey("calls.id"), nullable=False, index=True),
    Column("number", String(32), nullable=False),  # E.164
    Column("prefix", String(16), nullable=False),  # what numbers have in common that are made up in a row
    Column("state", String(16), nullable=False),
    Column("presented_at", Moment, nullable=False),  # his place in line
    Column("promised_at", Moment, nullable=False),
    Column("consent_at", Moment),
    Column("due_at", Moment, nullable=False),  # as he was told last
    Column("first_due_at", Moment, nullable=False),  # as he was told first
    Column("epoch", Integer, nullable=False),
    Column("lease_until", Moment),
    Column(
        "by_hand", Boolean, nullable=False, default=False
    ),  # of the last attempt: an agent's own, no switch's
    Column("route", String(16), nullable=False, server_default="asterisk"),  # of the last attempt
    Column("next_at", Moment),
    Column("new_due_at", Moment),
    Column("announced_at", Moment),  # when the call that tells him the new time was placed
    Column("announcements", Integer, nullable=False, default=0),  # how many such calls there were
    Column("announcement_nonce", String(16)),  # of the last such call
    Column("announcement_route", String(16), nullable=False, server_default="asterisk"),
    Column("joined_call", Key),
    Column("agent", String(64)),  # who rings him now, or who spoke
    Column("second_person", String(64)),
    Column("hand_over_reason", String(32)),
    Column("called_at", Moment),  # the first time his network was asked for him, or he was served
    Column("served_at", Moment),  # when a person spoke with him
    Column("closed_at", Moment),
    Index("uq_callbacks_open_number", "number", unique=True, sqlite_where=_open, postgresql_where=_open),
    Index("ix_callbacks_state_presented_at", "state", "presented_at"),
    Index("ix_callbacks_promised_at", "promised_at"),
    Index("ix_callbacks_number", "number"),
)

callback_attempts = Table(
    "callback_attempts",
    metadata,
    Column("id", Key, primary_key=True),
    Column("callback_id", Key, ForeignKey("callbacks.id"), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("at", Moment, nullable=False, index=True),
    Column("agent", String(64), nullable=False),
    Column("nonce", String(16), nullable=False, default=""),  # empty where an agent dialled by hand
    Column("result", String(32)),
    Column("served_at", Moment),
    Column("ended_at", Moment),
    UniqueConstraint("callback_id", "epoch"),
    Index("ix_callback_attempts_open", "callback_id", sqlite_where=_unsettled, postgresql_where=_unsettled),
)

callback_events = Table(
    "callback_events",
    metadata,
    Column("id", Key, primary_key=True),
    Column("callback_id", Key, ForeignKey("callbacks.id"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("body", Text, nullable=False),  # the event as JSON
    Column("commands", Text),  # what was decided, as JSON; null where the event meant nothing
)

twilio_attempts = Table(
    "twilio_attempts",
    metadata,
    Column("name", String(48), primary_key=True),  # ID-EPOCH-NONCE, or ID-nNUMBER-NONCE of an announcement
    Column("callback_id", Key, ForeignKey("callbacks.id"), nullable=False),
    Column("epoch", Integer),  # null of an announcement
    Column("rung", String(320), nullable=False),  # whom Twilio was told to ring first, as it writes it
    Column("customer", String(32), nullable=False),
    Column("customer_seconds", Integer, nullable=False),
    Column("prompts", Text, nullable=False),  # their names: what is said first to who is rung first
    Column("not_after_at", Moment, nullable=False),
    Column("ordered_at", Moment, nullable=False, index=True),
    Column("sid", String(34)),  # null while nobody knows whether Twilio took the order
    Column("stopped", Boolean, nullable=False, default=False),  # from now on it rings no customer
    Column("asked_at", Moment),  # when the first document was given out, with the question for a key
    Column("dialled_at", Moment),  # when the document was given out that rings the customer
    Column("served_at", Moment),
    Column("result", String(32)),
    Column("ended_at", Moment),
)

promises = Table(
    "promises",
    metadata,
    Column("id", Key, primary_key=True),
    Column("call_id", Key, ForeignKey("calls.id"), nullable=False),
    Column("callback_id", Key, ForeignKey("callbacks.id")),
    Column("record_id", Key, ForeignKey("records.id"), index=True),  # of one an agent made
    Column("kind", String(32), nullable=False),
    Column("said_text", Text, nullable=False),
    Column("made_by", String(64), nullable=False),  # server, or a login
    Column("made_at", Moment, nullable=False, index=True),
    Column("due_at", Moment, nullable=False),
    Column("owner", String(64)),
    Column("state", String(16), nullable=False),  # open, kept, broken, handed_over
    Column("kept_at", Moment),  # also of one that was kept too late
    Column(
        "broken_at", Moment
    ),  # when it was seen that its time had passed in silence, whoever had it in hand
    UniqueConstraint("callback_id", "call_id"),
    Index("ix_promises_state_due_at", "state", "due_at"),
    Index("ix_promises_call_id", "call_id"),
)

ratings = Table(
    "ratings",
    metadata,
    Column("id", Key, primary_key=True),
    Column("call_id", Key, ForeignKey("calls.id"), nullable=False, unique=True),
    Column("callback_id", Key, ForeignKey("callbacks.id"), unique=True),  # asked when called back
    Column("caller", String(80)),
    Column("agent", String(64)),
    Column("asked_at", Moment, nullable=False),
    Column("score", Integer),  # 1 to 5; null where no key was pressed
    Index("ix_ratings_caller_asked_at", "caller", "asked_at"),
)

idle_waits = Table(
    "idle_waits",
    metadata,
    Column("id", Key, primary_key=True),
    Column("at", Moment, nullable=False, index=True),  # the moment he was given away
    Column("agent", String(64), nullable=False),
    Column("call_id", Key, nullable=False),
    Column("milliseconds", Integer, nullable=False),  # so long he was free while that caller waited
)
