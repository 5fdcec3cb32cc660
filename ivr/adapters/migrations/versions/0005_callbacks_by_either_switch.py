"""By which switch a callback goes out, and how far each attempt through Twilio came."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    for name in ("route", "announcement_route"):
        column = sa.Column(name, sa.String(length=16), nullable=False, server_default="asterisk")
        op.add_column("callbacks", column)

    op.create_table(
        "twilio_attempts",
        sa.Column("name", sa.String(length=48), nullable=False),
        sa.Column("callback_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=True),
        sa.Column("rung", sa.String(length=320), nullable=False),
        sa.Column("customer", sa.String(length=32), nullable=False),
        sa.Column("customer_seconds", sa.Integer(), nullable=False),
        sa.Column("prompts", sa.Text(), nullable=False),
        sa.Column("not_after_at", sa.BigInteger(), nullable=False),
        sa.Column("ordered_at", sa.BigInteger(), nullable=False),
        sa.Column("sid", sa.String(length=34), nullable=True),
        sa.Column("stopped", sa.Boolean(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=True),
        sa.Column("dialled_at", sa.BigInteger(), nullable=True),
        sa.Column("served_at", sa.BigInteger(), nullable=True),
        sa.Column("result", sa.String(length=32), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["callback_id"], ["callbacks.id"], name=op.f("fk_twilio_attempts_callback_id_callbacks")
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_twilio_attempts")),
    )
    op.create_index(op.f("ix_twilio_attempts_ordered_at"), "twilio_attempts", ["ordered_at"], unique=False)
