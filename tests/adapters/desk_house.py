"""The desk's services over a real database: two agents, a manager, and the sentences their stories begin with."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from ivr.adapters.sql_callback_schema import promises
from ivr.adapters.sql_desk_records import SqlDeskRecords
from ivr.adapters.sql_records import SqlRecords
from ivr.adapters.sql_schema import companies, records
from ivr.policy.record_answers import CONFIRMED
from ivr.policy.refusal import Reason, Refused
from ivr.policy.rules import Rules
from ivr.service.desk_records import By, DeskRecords
from ivr.service.record_endings import RecordEndings
from ivr.service.record_visits import RecordVisits
from ivr.service.records import RecordService
from tests.adapters.rows import NINE, Database, SetClock
from tests.policy.record_stories import FORM

ZHAO, QIAN, LI = By(login="zhao"), By(login="qian"), By(login="li", manager=True)
THREE = {
    "company": "北京京北商贸有限公司",
    "contact_phone": "13800138000",
    CONFIRMED: "on",
    "tax_bureau": "海淀分局",
}


class Heard:
    """News, kept."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, int | None]] = []

    def tell(self, to: str, kind: str, call_id: int | None = None, callback_id: int | None = None) -> None:
        self.told.append((to, kind, call_id))


class Desk:
    """Two agents, a manager, one company, and the services over the tables."""

    def __init__(self, database: Database, rules: Rules | None = None) -> None:
        self.database = database
        self.clock = SetClock()
        self.news = Heard()
        rules = rules or Rules()
        self.book = SqlDeskRecords(database.url)
        opener = RecordService(SqlRecords(database.url), self.clock)
        self.records = DeskRecords(self.book, opener, self.clock, FORM, rules, "您好，金穗公司", self.news)
        self.endings = RecordEndings(self.book, self.clock, FORM, rules, self.news)
        self.visits = RecordVisits(self.book, self.clock, rules, self.news)
        for login, role in (("zhao", "agent"), ("qian", "agent"), ("li", "manager")):
            database.add_agent(login, role=role)

    def company(self, name: str = "北京京北商贸有限公司", *numbers: str, **values: Any) -> int:
        company = self.database.add_company(name, *numbers, tax_bureau=values.pop("tax_bureau", "海淀分局"))
        with self.database.engine.begin() as connection:
            if values:
                connection.execute(sa.update(companies).where(companies.c.id == company).values(values))
        return company

    def opened(self, by: By = ZHAO, **call: Any) -> int:
        """The record of a call he served."""
        self.database.add_call(served_by=by.login, presented_at=self.clock.now(), **call)
        view = self.records.at_hand(by)
        assert view is not None
        return view.record.id

    def written(self, by: By = ZHAO, **more: str) -> int:
        """With the three that closing wants."""
        record_id = self.opened(by)
        self.records.save_draft(by, record_id, 0, {**THREE, **more})
        return record_id

    def promised(self, record_id: int, owner: str = "zhao", by: By = ZHAO) -> int:
        self.records.say(by, record_id, "promise")
        self.endings.promise(by, record_id, NINE + timedelta(hours=2), owner)
        return int(self.database.rows(promises)[-1]["id"])

    def record(self, record_id: int) -> dict[str, Any]:
        (row,) = (row for row in self.database.rows(records) if row["id"] == record_id)
        return row


def refused(call: Any) -> tuple[Reason, tuple[str, ...]]:
    with pytest.raises(Refused) as caught:
        call()
    return caught.value.reason, caught.value.about
