"""The agents' desk and the managers' board. There is no way back: an older version starts from its backup."""

import sqlalchemy as sa
from alembic import op

from ivr.adapters.sql_pinyin import fill_pinyin

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("about", sa.String(length=80), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_at"), "audit", ["at"], unique=False)

    op.create_table(
        "kiosk_keys",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_by", sa.String(length=64), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kiosk_keys")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_kiosk_keys_key_hash")),
    )

    op.create_table(
        "login_attempts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("succeeded", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_attempts")),
    )
    op.create_index("ix_login_attempts_address_at", "login_attempts", ["address", "at"], unique=False)
    op.create_index("ix_login_attempts_login_at", "login_attempts", ["login", "at"], unique=False)

    op.create_table(
        "web_sessions",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("login", sa.String(length=64), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_web_sessions")),
    )
    op.create_index(op.f("ix_web_sessions_login"), "web_sessions", ["login"], unique=False)

    op.create_table(
        "visitors",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_visitors_company_id_companies")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visitors")),
    )
    op.create_index(op.f("ix_visitors_number"), "visitors", ["number"], unique=False)

    op.create_table(
        "complaints",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("record_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("unit", sa.String(length=200), nullable=True),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("apologised", sa.Boolean(), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("verify_due_at", sa.BigInteger(), nullable=False),
        sa.Column("feedback_due_at", sa.BigInteger(), nullable=False),
        sa.Column("verification", sa.Text(), nullable=True),
        sa.Column("verified_at", sa.BigInteger(), nullable=True),
        sa.Column("fed_back_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["record_id"], ["records.id"], name=op.f("fk_complaints_record_id_records")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaints")),
    )
    op.create_index(op.f("ix_complaints_record_id"), "complaints", ["record_id"], unique=False)
    op.create_index(
        "ix_complaints_state_feedback_due_at", "complaints", ["state", "feedback_due_at"], unique=False
    )

    op.create_table(
        "record_changes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("record_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("told", sa.String(length=64), nullable=True),
        sa.Column("undone_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["record_id"], ["records.id"], name=op.f("fk_record_changes_record_id_records")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record_changes")),
    )
    op.create_index(op.f("ix_record_changes_record_id"), "record_changes", ["record_id"], unique=False)

    op.create_table(
        "recordings",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("call_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("callback_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("agent", sa.String(length=64), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("file", sa.String(length=200), nullable=False),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_recordings_call_id_calls")),
        sa.ForeignKeyConstraint(
            ["callback_id"], ["callbacks.id"], name=op.f("fk_recordings_callback_id_callbacks")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recordings")),
        sa.UniqueConstraint("file", name=op.f("uq_recordings_file")),
    )
    op.create_index(op.f("ix_recordings_call_id"), "recordings", ["call_id"], unique=False)
    op.create_index(
        "ix_recordings_removed_at_started_at", "recordings", ["removed_at", "started_at"], unique=False
    )

    op.create_table(
        "visits",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("record_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("address", sa.String(length=400), nullable=False),
        sa.Column("agreement_expires_on", sa.Date(), nullable=True),
        sa.Column("agreement_unknown", sa.Boolean(), nullable=False),
        sa.Column("agreement_on_file", sa.Date(), nullable=True),
        sa.Column("charge_explained", sa.Boolean(), nullable=False),
        sa.Column("requested_by", sa.String(length=64), nullable=False),
        sa.Column("requested_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("decline_reason", sa.String(length=400), nullable=True),
        sa.Column("visit_at", sa.BigInteger(), nullable=True),
        sa.Column("route", sa.String(length=400), nullable=True),
        sa.Column("cancelled_by", sa.String(length=64), nullable=True),
        sa.Column("cancelled_at", sa.BigInteger(), nullable=True),
        sa.Column("cancel_reason", sa.String(length=400), nullable=True),
        sa.Column("told_at", sa.BigInteger(), nullable=True),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["record_id"], ["records.id"], name=op.f("fk_visits_record_id_records")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visits")),
    )
    op.create_index(op.f("ix_visits_record_id"), "visits", ["record_id"], unique=False)
    op.create_index("ix_visits_state_requested_at", "visits", ["state", "requested_at"], unique=False)

    op.add_column("agents", sa.Column("wanted_reason", sa.String(length=40), nullable=True))
    op.add_column("agents", sa.Column("desk_phone", sa.String(length=32), nullable=True))
    op.add_column("agents", sa.Column("page_seen_at", sa.BigInteger(), nullable=True))

    _alarms_begin_and_end()

    op.add_column("companies", sa.Column("pinyin", sa.String(length=400), nullable=True))
    fill_pinyin(op.get_bind())

    with op.batch_alter_table("promises") as promises:
        promises.add_column(
            sa.Column("record_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        )
        promises.create_index(op.f("ix_promises_record_id"), ["record_id"], unique=False)
        promises.create_index("ix_promises_call_id", ["call_id"], unique=False)
        promises.create_foreign_key(op.f("fk_promises_record_id_records"), "records", ["record_id"], ["id"])

    op.add_column("records", sa.Column("version", sa.Integer(), server_default="0", nullable=False))
    op.add_column("records", sa.Column("saved_at", sa.BigInteger(), nullable=True))
    op.add_column(
        "records", sa.Column("phone_confirmed", sa.Boolean(), server_default=sa.false(), nullable=False)
    )

    op.add_column("ring_backs", sa.Column("done_by", sa.String(length=64), nullable=True))
    op.add_column("ring_backs", sa.Column("done_at", sa.BigInteger(), nullable=True))
    op.add_column("ring_backs", sa.Column("result", sa.String(length=32), nullable=True))


def _alarms_begin_and_end() -> None:
    op.add_column("alerts", sa.Column("seen_by", sa.String(length=64), nullable=True))
    op.add_column("alerts", sa.Column("seen_at", sa.BigInteger(), nullable=True))
    op.add_column("alerts", sa.Column("about", sa.String(length=80), nullable=True))
    op.add_column("alerts", sa.Column("still_at", sa.BigInteger(), nullable=True))
    op.add_column("alerts", sa.Column("cleared_at", sa.BigInteger(), nullable=True))
    standing = sa.text("about IS NOT NULL AND cleared_at IS NULL")
    op.create_index(
        "uq_alerts_open_episode",
        "alerts",
        ["kind", "about"],
        unique=True,
        sqlite_where=standing,
        postgresql_where=standing,
    )
    op.create_index("ix_alerts_at", "alerts", ["at"], unique=False)
