"""What Alembic runs for each command, in the connection and transaction it is given; it opens none itself."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from ivr.adapters import sql_callback_schema as _callbacks  # noqa: F401  puts its tables beside the others
from ivr.adapters import sql_desk_schema as _desk  # noqa: F401  likewise
from ivr.adapters import sql_schema


def render_item(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Revisions name plain column types: they must not change when the schema module does."""
    if kind == "type" and isinstance(item, sql_schema.Moment):
        return "sa.BigInteger()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=sql_schema.metadata,
    render_item=render_item,
    render_as_batch=True,  # SQLite cannot change a column in place
    transactional_ddl=True,  # true for SQLite too, with a BEGIN of our own
)
with context.begin_transaction():
    context.run_migrations()
