"""A display's key opens the board from when it is made until it is revoked, on either database."""

import pytest

from ivr.adapters.sql_audit import SqlAudit
from ivr.adapters.sql_desk_schema import audit, kiosk_keys
from ivr.adapters.sql_kiosk_keys import SqlKioskKeys
from ivr.service import kiosk_keys as service
from ivr.service.kiosk_keys import KioskKeyError, KioskKeys
from tests.adapters.books import after
from tests.adapters.rows import NINE, Database, SetClock


def keys_of(database: Database) -> tuple[KioskKeys, SetClock]:
    clock = SetClock()
    return KioskKeys(SqlKioskKeys(database.url), clock, SqlAudit(database.url)), clock


def test_a_key_opens_until_it_is_revoked_and_survives_a_restart(database: Database) -> None:
    keys, clock = keys_of(database)
    key, other = keys.make("大厅 屏幕", "chen"), keys.make("机房", "chen")
    restarted, _clock = keys_of(database)
    assert [restarted.opens(each) for each in (key, other)] == [True, True]
    assert [(each.name, each.made_by, each.made_at) for each in keys.all()] == [
        ("大厅 屏幕", "chen", NINE),
        ("机房", "chen", NINE),
    ]
    clock.pass_seconds(60)
    first = keys.all()[0].id
    assert [keys.revoke(first, "wu"), keys.revoke(first, "wu"), keys.revoke(99, "wu")] == [True, False, False]
    assert [restarted.opens(each) for each in (key, other)] == [False, True]
    assert [each.name for each in keys.all()] == ["机房"]
    row = database.rows(kiosk_keys)[0]
    assert (row["revoked_by"], row["revoked_at"]) == ("wu", after(60))
    assert [(noted["login"], noted["action"], noted["about"]) for noted in database.rows(audit)] == [
        ("chen", "display_key_made", f"display:{first}"),
        ("chen", "display_key_made", f"display:{first + 1}"),
        ("wu", "display_key_revoked", f"display:{first}"),
    ]


def test_the_key_itself_is_written_nowhere(database: Database) -> None:
    keys, _clock = keys_of(database)
    key = keys.make("大厅", "chen")
    assert len(key) >= 43
    assert key not in str(database.rows(kiosk_keys))


@pytest.mark.parametrize("key", ["", "x", "0" * 64, "x" * 201, "\ud800", "' OR 1=1 --"])
def test_nothing_else_opens(database: Database, key: str) -> None:
    keys, _clock = keys_of(database)
    keys.make("大厅", "chen")
    assert not keys.opens(key)
    assert not keys.opens(str(database.rows(kiosk_keys)[0]["key_hash"]))


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "a\x07b"])
def test_a_display_without_a_proper_name_gets_no_key(database: Database, name: str) -> None:
    keys, _clock = keys_of(database)
    with pytest.raises(KioskKeyError, match="one line of 1 to 80"):
        keys.make(name, "chen")
    assert database.rows(kiosk_keys) == []


def test_there_is_an_end_to_displays(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST_KEYS", 1)
    keys, _clock = keys_of(database)
    keys.make("大厅", "chen")
    with pytest.raises(KioskKeyError, match="revoke one"):
        keys.make("机房", "chen")
