"""The pages over a database in which ana has just served a call."""

from ivr.adapters.sql_schema import calls
from tests.webhooks.pages import Pages

COMPANY = "北京京北商贸有限公司"


def served(pages: Pages, login: str = "ana", **call: object) -> int:
    """A call that person has just spoken in; its id."""
    from ivr.adapters.system_clock import SystemClock

    return pages.database.add_call(served_by=login, presented_at=SystemClock().now(), **call)


def still_talking(pages: Pages) -> None:
    """That call, and every other, is not over yet."""
    with pages.database.engine.begin() as connection:
        connection.execute(calls.update().values(phase="talking"))
