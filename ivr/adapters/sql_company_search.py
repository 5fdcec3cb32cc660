"""A company found by what somebody types: by a part of its name's normal form, or of how it sounds."""

import sqlalchemy as sa

from ivr.adapters.sql_schema import companies
from ivr.service.company_ports import KnownCompany

_company = [companies.c[name] for name in ("id", "name", "tax_bureau", "agreement", "agreement_expires_on")]


def company_of(connection: sa.Connection, which: sa.ColumnElement[bool]) -> KnownCompany | None:
    """The one company of that condition."""
    row = connection.execute(sa.select(*_company).where(which)).mappings().first()
    return None if row is None else KnownCompany(**row)


def companies_like(connection: sa.Connection, text: str, most: int) -> list[KnownCompany]:
    """`text` in its normal form; sounds are looked at only for letters and digits. What begins so comes first."""
    name, sound = companies.c.match_name, companies.c.pinyin
    found = name.contains(text, autoescape=True)
    first = name.startswith(text, autoescape=True)
    if text.isascii():
        found = sa.or_(found, sound.contains(text, autoescape=True))
        first = sa.or_(
            first, sound.startswith(text, autoescape=True), sound.contains(f" {text}", autoescape=True)
        )
    query = (
        sa.select(*_company)
        .where(found)
        .order_by(sa.case((first, 0), else_=1), sa.func.length(name), companies.c.id)
        .limit(most)
    )
    return [KnownCompany(**row) for row in connection.execute(query).mappings()]
