"""The displays' keys in SQL, by their hashes."""

from datetime import datetime

import sqlalchemy as sa

from ivr.adapters.sql_access import said_plainly
from ivr.adapters.sql_desk_schema import kiosk_keys
from ivr.adapters.sql_engine import create_engine, read_engine
from ivr.service.kiosk_keys import KioskKey

_valid = kiosk_keys.c.revoked_at.is_(None)


class SqlKioskKeys:
    """KioskKeyBook over one database."""

    def __init__(self, url: str) -> None:
        self._writers = create_engine(url)
        self._readers = read_engine(url)

    def add(self, key_hash: str, name: str, login: str, at: datetime) -> int:
        row = {"key_hash": key_hash, "name": name, "made_by": login, "made_at": at}
        with said_plainly(), self._writers.begin() as connection:
            made = connection.execute(sa.insert(kiosk_keys).returning(kiosk_keys.c.id), row)
            return int(made.scalar_one())

    def valid(self) -> tuple[KioskKey, ...]:
        columns = (kiosk_keys.c[name] for name in ("id", "name", "made_by", "made_at"))
        query = sa.select(*columns).where(_valid).order_by(kiosk_keys.c.id)
        with said_plainly(), self._readers.begin() as connection:
            return tuple(KioskKey(**row) for row in connection.execute(query).mappings())

    def knows(self, key_hash: str) -> bool:
        query = sa.select(kiosk_keys.c.id).where(_valid, kiosk_keys.c.key_hash == key_hash)
        with said_plainly(), self._readers.begin() as connection:
            return connection.execute(query).first() is not None

    def revoke(self, key_id: int, login: str, at: datetime) -> bool:
        update = sa.update(kiosk_keys).where(_valid, kiosk_keys.c.id == key_id)
        with said_plainly(), self._writers.begin() as connection:
            return connection.execute(update, {"revoked_by": login, "revoked_at": at}).rowcount == 1
