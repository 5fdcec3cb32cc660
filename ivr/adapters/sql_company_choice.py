"""The company an agent has chosen for his caller, written into the call's record; one short transaction.

One version on, as whoever writes into a record: a page that shows the record without it saves nothing over it.
"""

import json
from datetime import datetime

import sqlalchemy as sa

from ivr.adapters.sql_desk_schema import record_changes
from ivr.adapters.sql_engine import create_engine
from ivr.adapters.sql_postgres import Turn
from ivr.adapters.sql_schema import companies, records


class SqlCompanyChoice:
    """ChoiceBook over the tables."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url, turn=Turn.RECORDS)

    def name_company(self, record_id: int, company_id: int, login: str, at: datetime) -> bool:
        with self._engine.begin() as connection:
            its = records.c.id == record_id
            was = connection.execute(sa.select(records.c.company_id, records.c.company).where(its)).first()
            company = connection.execute(
                sa.select(companies.c.name, companies.c.tax_bureau).where(companies.c.id == company_id)
            ).first()
            if was is None or company is None:
                return False
            values = {"company_id": company_id, "company": company.name, "tax_bureau": company.tax_bureau}
            values |= {"version": records.c.version + 1, "saved_at": at}
            changed = sa.update(records).where(its, records.c.state == "open").values(values)
            if connection.execute(changed).rowcount != 1:
                return False
            before = json.dumps({"company_id": was.company_id, "company": was.company}, ensure_ascii=False)
            note = {"record_id": record_id, "at": at, "login": login, "action": "company_chosen"}
            connection.execute(sa.insert(record_changes).values(**note, before=before))
        return True
