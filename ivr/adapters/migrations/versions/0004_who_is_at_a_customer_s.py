"""Who goes on a visit, and which stays at a customer's come of it. There is no way back.

Nothing had ever been written into `visitors`: it is made anew.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.add_column("visits", sa.Column("engineer", sa.String(length=64), nullable=True))
    op.drop_table("visitors")
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "visitors",
        sa.Column("id", key, nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("number", sa.String(length=80), nullable=False),
        sa.Column("company_id", key, nullable=True),
        sa.Column("visit_id", key, nullable=True),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_visitors_company_id_companies")
        ),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name=op.f("fk_visitors_visit_id_visits")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visitors")),
    )
    op.create_index(op.f("ix_visitors_number"), "visitors", ["number"], unique=False)
    op.create_index(op.f("ix_visitors_visit_id"), "visitors", ["visit_id"], unique=False)
    op.create_index(op.f("ix_visitors_until_at"), "visitors", ["until_at"], unique=False)
