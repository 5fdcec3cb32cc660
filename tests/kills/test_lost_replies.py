"""A reply that is lost after the deed: to the database's COMMIT, to the job queue, to the switch. Still exactly once.

And a disk that takes nothing at the moment of the promise: the caller hears what is true, and nothing is half-written.
"""

import itertools
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from ivr.adapters.sql_callback_schema import callbacks, promises
from ivr.adapters.sql_postgres import with_driver
from ivr.adapters.sql_schema import outbox
from ivr.service.callback_book import LOG_CALLBACK
from tests.adapters.conftest import connections_closed_afterwards
from tests.adapters.small_redis import SmallRedis
from tests.faults.campaign import PROCFILE
from tests.faults.fault_file import heal, strike
from tests.kills.proxy import Proxy, to_tcp, to_unix
from tests.postgres import Postgres, running_postgres
from tests.real_asterisk.callback_people import (
    OFFERING,
    CallbackHotline,
    Customers,
    accept,
    are_promised,
    busy,
    hears,
    press,
    speaks_and_leaves,
)
from tests.real_asterisk.hotline import ROOT
from tests.real_asterisk.sip.phones import Caller
from tests.real_asterisk.stories import calling, ring_backs_of, the_record

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]
NUMBERS = (f"1384{number:07}" for number in itertools.count(10_000, 10_000))


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    with connections_closed_afterwards():
        yield


@contextmanager
def on_postgres(directory: Path, server: Postgres) -> Iterator[tuple[CallbackHotline, Proxy]]:
    """Every word to the database goes through the proxy."""
    name = f"lost_{directory.name.replace('-', '_')[:40]}"
    server.execute(f'CREATE DATABASE "{name}"')
    with Proxy(to_tcp(server.port)) as proxy:
        url = server.tcp_url(name).replace(f":{server.port}/", f":{proxy.port}/")
        with CallbackHotline(directory, OFFERING, {"DATABASE_URL": url}) as hotline:
            yield hotline, proxy


def is_asked_to_confirm(caller: Caller) -> None:
    hears(caller, "offer_callback")
    press(caller, "1")
    hears(caller, "number_prefix")


def was_called_once(hotline: CallbackHotline, customers: Customers, number: str) -> None:
    """By his own network's log; one callback, one promise, kept."""
    assert len(customers.rung(number)) == 1
    assert len(hotline.callbacks_of(number)) == 1
    assert hotline.promise(number)["state"] == "kept"


def test_the_reply_to_the_promises_commit_is_lost_and_he_is_promised_and_called_once_r70(
    tmp_path: Path, postgres: Postgres
) -> None:
    number = next(NUMBERS)
    with on_postgres(tmp_path, postgres) as (hotline, proxy), hotline.customers() as customers:
        with busy(hotline, "amy", next(NUMBERS)) as (phone, talking):
            with calling(hotline, number) as caller:
                is_asked_to_confirm(caller)
                proxy.lose_reply(b"COMMIT", after=b"INSERT INTO promises", holding=b"COMMIT")
                press(caller, "1")
                hears(caller, "callback_booked")
                caller.wait_until_over(40)
            assert proxy.lost == 1
            talking.hang_up()
            accept(phone, call=1)
            speaks_and_leaves(hotline, customers, number)
        was_called_once(hotline, customers, number)
        assert hotline.results(number) == ["reached"]
        the_record(hotline, hotline.ended_call(number))


def test_the_reply_to_the_claims_commit_is_lost_and_he_is_called_once_r70(
    tmp_path: Path, postgres: Postgres
) -> None:
    """Claimed, and nobody placed it: after its lease the switch says that it never saw it, and the next one does."""
    number = next(NUMBERS)
    with on_postgres(tmp_path, postgres) as (hotline, proxy), hotline.customers() as customers:
        with busy(hotline, "bea", next(NUMBERS)) as (phone, talking):
            are_promised(hotline, number)
            proxy.lose_reply(b"COMMIT", after=b"INSERT INTO callback_attempts", holding=b"COMMIT")
            talking.hang_up()
            hotline.wait(lambda: proxy.lost == 1)
            hotline.wait_for_state(number, "dialing")
            lease_is_over(hotline, number)
            accept(phone, call=1)
            speaks_and_leaves(hotline, customers, number)
        was_called_once(hotline, customers, number)
        assert hotline.results(number) == ["not_placed", "reached"]


def lease_is_over(hotline: CallbackHotline, number: str) -> None:
    """As if the time of its lease had passed."""
    row = hotline.callback(number)
    engine = sa.create_engine(with_driver(hotline.settings.database_url))
    with engine.begin() as connection:
        earlier = {"lease_until": row["lease_until"] - timedelta(minutes=3)}
        connection.execute(callbacks.update().where(callbacks.c.id == row["id"]).values(earlier))
    engine.dispose()


def test_the_reply_to_the_switchs_order_is_lost_and_he_is_called_once_r70(tmp_path: Path) -> None:
    """The order was carried out; nobody gives it again."""
    number, procfile = next(NUMBERS), tmp_path / "Procfile"
    hotline = CallbackHotline(tmp_path / "data", OFFERING, procfile=procfile)
    with Proxy(to_tcp(hotline.settings.ami_port)) as proxy:
        agi = f"agi: HOTLINE_AMI_PORT={proxy.port} .venv/bin/python -m agi_scripts.server"
        lines = (ROOT / "Procfile").read_text("utf-8").splitlines()
        procfile.write_text("\n".join(agi if line.startswith("agi:") else line for line in lines) + "\n")
        with hotline, hotline.customers() as customers:
            with busy(hotline, "cat", next(NUMBERS)) as (phone, talking):
                are_promised(hotline, number)
                proxy.lose_reply(b"Action: Originate", holding=b"Response: Success")
                talking.hang_up()
                accept(phone, call=1)
                assert proxy.lost == 1
                speaks_and_leaves(hotline, customers, number)
            was_called_once(hotline, customers, number)
            assert hotline.results(number) == ["reached"]
            assert len(phone.call_ids()) == 2


def test_the_reply_to_the_job_queue_is_lost_and_he_is_logged_and_called_once_r70_r71(tmp_path: Path) -> None:
    number, redis = next(NUMBERS), SmallRedis()
    try:
        with Proxy(to_unix(redis.url.removeprefix("unix://"))) as proxy:
            env = {"REDIS_URL": f"redis://127.0.0.1:{proxy.port}"}
            with (
                CallbackHotline(tmp_path, OFFERING, env) as hotline,
                hotline.customers() as customers,
                busy(hotline, "dee", next(NUMBERS)) as (phone, talking),
            ):
                proxy.lose_reply(b"rq:job:callback-")
                are_promised(hotline, number)
                hotline.wait(lambda: proxy.lost == 1)
                record = the_record(hotline, hotline.ended_call(number))
                hotline.wait(lambda: is_logged(hotline, number))
                talking.hang_up()
                accept(phone, call=1)
                speaks_and_leaves(hotline, customers, number)
                was_called_once(hotline, customers, number)
                assert the_record(hotline, hotline.ended_call(number)) == record
    finally:
        redis.close()


@pytest.mark.parametrize("kind", ["disk_full", "disk_error"])
def test_a_disk_that_takes_no_promise_is_not_promised_away_r70(tmp_path: Path, kind: str) -> None:
    """He hears that his number is noted, which is true; in the book there is no half of a promise."""
    number = next(NUMBERS)
    with (
        CallbackHotline(tmp_path, OFFERING, procfile=PROCFILE) as hotline,
        busy(hotline, "eva", next(NUMBERS)),
        calling(hotline, number) as caller,
    ):
        is_asked_to_confirm(caller)
        strike(tmp_path, "agi", kind, 120)
        press(caller, "1")
        hears(caller, "number_noted", seconds=40)
        caller.wait_until_over(20)
        assert_nothing_was_promised(hotline)
        heal(tmp_path, "agi")
        call = hotline.ended_call(number, seconds=30)
        hotline.wait(lambda: ring_backs_of(hotline, call) == [f"+86{number}"], 30)
        assert call["outcome"] != "callback"
        assert_nothing_was_promised(hotline)
        assert hotline.rows(sa.select(promises)) == []


def is_logged(hotline: CallbackHotline, number: str) -> bool:
    mine = sa.and_(outbox.c.topic == LOG_CALLBACK, outbox.c.ref == hotline.callback(number)["id"])
    [row] = hotline.rows(sa.select(outbox).where(mine))
    return row["done_at"] is not None


def assert_nothing_was_promised(hotline: CallbackHotline) -> None:
    """Read from the file as any program would."""
    path = hotline.settings.database_url.removeprefix("sqlite:///")
    connection = sqlite3.connect(path)
    try:
        (sound,) = connection.execute("PRAGMA quick_check").fetchone()
        left = connection.execute("SELECT (SELECT count(*) FROM callbacks), (SELECT count(*) FROM promises)")
        assert (sound, *left.fetchone()) == ("ok", 0, 0)
        topics = connection.execute("SELECT count(*) FROM outbox WHERE topic = 'callback'").fetchone()
        assert topics == (0,)
    finally:
        connection.close()
