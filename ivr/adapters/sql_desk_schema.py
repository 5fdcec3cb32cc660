"""The tables of the agents' desk and the managers' board; part of sql_schema's metadata."""

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, String, Table, Text

from ivr.adapters.sql_schema import Key, Moment, metadata

web_sessions = Table(
    "web_sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),  # sha256: who reads this table can sign in as nobody
    Column("login", String(64), index=True),  # null before anybody has signed in
    Column("started_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),  # the last thing a person did; an open page alone does nothing
    Column("data", Text, nullable=False),  # JSON: the CSRF secret, the language
)

login_attempts = Table(
    "login_attempts",
    metadata,
    Column("id", Key, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("login", String(64), nullable=False),
    Column("address", String(64), nullable=False),
    Column("succeeded", Boolean, nullable=False),
    Index("ix_login_attempts_login_at", "login", "at"),
    Index("ix_login_attempts_address_at", "address", "at"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Key, primary_key=True),
    Column("at", Moment, nullable=False, index=True),
    Column("login", String(64), nullable=False),
    Column("action", String(40), nullable=False),
    Column("about", String(80)),  # kind:id of what it was done to
    Column("detail", Text),
)

record_changes = Table(
    "record_changes",
    metadata,
    Column("id", Key, primary_key=True),
    Column("record_id", Key, ForeignKey("records.id"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("login", String(64), nullable=False),
    Column("action", String(32), nullable=False),
    Column("before", Text, nullable=False),  # as JSON what the change replaced, so that it can be undone
    Column("told", String(64)),  # who else knows of it: then it cannot be undone
    Column("undone_at", Moment),
)

visits = Table(
    "visits",
    metadata,
    Column("id", Key, primary_key=True),
    Column("record_id", Key, ForeignKey("records.id"), nullable=False, index=True),
    Column("state", String(16), nullable=False),  # requested, approved, declined, scheduled, cancelled
    Column("address", String(400), nullable=False),
    Column("agreement_expires_on", Date),  # as the caller said (R77)
    Column("agreement_unknown", Boolean, nullable=False),  # he was asked and did not know
    Column("agreement_on_file", Date),  # as the file had it then
    Column("charge_explained", Boolean, nullable=False),  # he knows that a visit after its end is charged for
    Column("requested_by", String(64), nullable=False),
    Column("requested_at", Moment, nullable=False),
    Column("decided_by", String(64)),
    Column("decided_at", Moment),
    Column("decline_reason", String(400)),
    Column("visit_at", Moment),  # agreed with the customer, only after the approval (R76)
    Column("route", String(400)),
    Column("engineer", String(64)),  # who goes: a login of ours, or a name
    Column("cancelled_by", String(64)),
    Column("cancelled_at", Moment),
    Column("cancel_reason", String(400)),  # none is dropped in silence (R11)
    Column("told_at", Moment),  # when the customer heard that nobody comes
    Column("done_at", Moment),
    Index("ix_visits_state_requested_at", "state", "requested_at"),
)

complaints = Table(
    "complaints",
    metadata,
    Column("id", Key, primary_key=True),
    Column("record_id", Key, ForeignKey("records.id"), nullable=False, index=True),
    Column("state", String(16), nullable=False),  # open, verified, closed
    Column("kind", String(32), nullable=False),  # service, skill, person, product, other
    Column("unit", String(200)),  # whom it is about
    Column("said", Text, nullable=False),  # in the customer's own words: never checked for phrases
    Column("answer", Text),  # what we tell him: checked
    Column("apologised", Boolean, nullable=False),  # R79
    Column("owner", String(64), nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("verify_due_at", Moment, nullable=False),
    Column("feedback_due_at", Moment, nullable=False),
    Column("verification", Text),  # what those it is about say to it
    Column("verified_at", Moment),
    Column("fed_back_at", Moment),
    Index("ix_complaints_state_feedback_due_at", "state", "feedback_due_at"),
)

recordings = Table(
    "recordings",
    metadata,
    Column("id", Key, primary_key=True),
    Column("call_id", Key, ForeignKey("calls.id"), nullable=False, index=True),
    Column("callback_id", Key, ForeignKey("callbacks.id")),
    Column("agent", String(64)),  # who spoke
    Column("started_at", Moment, nullable=False),
    Column("file", String(200), nullable=False, unique=True),  # its name in the recordings' directory
    Column("removed_at", Moment),
    Index("ix_recordings_removed_at_started_at", "removed_at", "started_at"),
)

visitors = Table(
    "visitors",
    metadata,
    Column("id", Key, primary_key=True),
    Column("login", String(64), nullable=False),  # our engineer at a customer's, or his name (R40)
    Column(
        "number", String(80), nullable=False, index=True
    ),  # a telephone of the customer's he may call from
    Column("company_id", Key, ForeignKey("companies.id")),
    Column("visit_id", Key, ForeignKey("visits.id"), index=True),  # of a visit that was agreed
    Column("from_at", Moment, nullable=False),
    Column("until_at", Moment, nullable=False, index=True),
)

kiosk_keys = Table(
    "kiosk_keys",
    metadata,
    Column("id", Key, primary_key=True),
    Column(
        "key_hash", String(64), nullable=False, unique=True
    ),  # sha256 of what stands in the display's address
    Column("name", String(80), nullable=False),  # where the display hangs
    Column("made_by", String(64), nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("revoked_by", String(64)),
    Column("revoked_at", Moment),
)
