"""Ids begin anew with every database: what a switch wrote of another one's attempts is never taken for ours (R70)."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ivr.adapters.asterisk_callbacks import AsteriskCallbacks
from ivr.adapters.asterisk_manager import LiveChannel
from ivr.adapters.attempt_fences import AttemptFences
from ivr.policy.callback_events import AttemptResult
from tests.service.house import House, house
from tests.service.test_callbacks import RULES, joins, ring

REACHED = "v1|taken|887d1083-ce91-406f-acfe-1957f73a60fe|{0}\nv1|dialled|{0}\nv1|answered|{0}\nv1|ended|reached|{0}\n"


@pytest.fixture
def hotline(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path, RULES, dials=True) as built:
        yield built


class SilentManager:
    """Takes every order, and nothing comes of it."""

    connected, booted_at, deaths = True, None, ()

    def __init__(self) -> None:
        self.named: list[str] = []

    def action(self, _action: str, **fields: object) -> None:
        self.named.append(str(fields.get("ChannelId")))

    def live_channels(self) -> tuple[LiveChannel, ...]:
        return ()


def real_switch(hotline: House, fences: Path) -> SilentManager:
    """This house calls back through Asterisk's own adapter."""
    manager = SilentManager()
    hotline.callbacks._switch = AsteriskCallbacks(
        manager,  # type: ignore[arg-type] # as much of it as is asked for
        AttemptFences(fences),
        sound=lambda prompt: Path("/p") / f"{prompt}.wav",
        outbound_trunk="sip:192.0.2.10:5060",
        own_number=None,
    )
    return manager


def test_the_fences_of_an_earlier_database_say_nothing_of_the_attempts_of_a_new_one_r70(
    hotline: House, tmp_path: Path
) -> None:
    """Else he would count as called, and nobody ever rings him."""
    before = REACHED.format(hotline.clock.now().timestamp() - 86_400)
    for name in ("1-1", "1-1-0badc0de", "1-1-0BADC0DE"):
        (tmp_path / name).write_text(before)
    manager = real_switch(hotline, tmp_path)
    hotline.promise()
    hotline.agent("ana")
    ring(hotline)
    for _ in range(12):
        hotline.callbacks.sweep(hotline.clock.advance(10))
    assert (hotline.callback()["state"], hotline.callback()["called_at"]) == ("pending", None)
    ring(hotline, 30)
    first, second = (hotline.attempt_name(1, epoch) for epoch in (1, 2))
    assert manager.named == [f"cb-{first}", f"cb-{second}"]


def test_what_the_switch_wrote_of_an_attempt_is_believed_when_the_book_comes_back_from_its_backup_r70(
    hotline: House, tmp_path: Path
) -> None:
    """Claimed in the backup, ended afterwards."""
    real_switch(hotline, tmp_path)
    hotline.promise()
    hotline.agent("ana")
    ring(hotline)
    (tmp_path / str(hotline.attempt_name())).write_text(REACHED.format(hotline.clock.now().timestamp()))
    hotline.callbacks.sweep(hotline.clock.advance(2))
    assert hotline.callback()["state"] == "done"


def test_no_two_databases_give_the_same_name_to_an_attempt_r70(tmp_path: Path) -> None:
    names = []
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        with house(tmp_path / name, RULES, dials=True) as hotline:
            hotline.promise()
            hotline.agent("ana")
            ring(hotline)
            [order] = hotline.customers.placed
            assert order.name == hotline.attempt_name()
            names.append(str(order.name))
    assert names[0] != names[1]
    assert all(re.fullmatch("1-1-[0-9a-f]{8}", name) for name in names)


def test_late_news_of_an_attempt_of_another_database_changes_nothing_r70(hotline: House) -> None:
    hotline.promise()
    hotline.agent("ana")
    ring(hotline)
    others, at = replace(hotline.attempt_name(), nonce="0badc0de"), hotline.clock.advance(5)
    hotline.callbacks.served(others, at)
    hotline.callbacks.ended(others, AttemptResult.REACHED, at, at)
    assert (hotline.callback()["state"], hotline.attempts()) == ("dialing", [(1, "ana", None)])
    assert hotline.agents_state("ana") == "reserved"


# ---- what no switch has seen ---------------------------------------------------------------------------------------


def test_an_attempt_no_switch_ever_saw_of_a_customer_served_otherwise_ends_and_is_asked_about_no_more_r70(
    hotline: House,
) -> None:
    hotline.promise()
    hotline.agent("ana")
    ring(hotline)
    hotline.customers.log.clear()  # killed between the commit and the switch
    joins(hotline)
    served_at = int(hotline.clock.advance(5).timestamp() * 1000)
    hotline.execute(f"UPDATE calls SET phase = 'ended', served_by = 'ben', served_at = {served_at}")
    hotline.callbacks.sweep(hotline.clock.now())
    hotline.callbacks.sweep(hotline.clock.advance(89))
    assert (hotline.callback()["state"], hotline.attempts()) == ("done", [(1, "ana", None)])
    hotline.callbacks.sweep(hotline.clock.advance(2))
    assert (hotline.callback()["state"], hotline.attempts()) == ("done", [(1, "ana", "not_placed")])
    asked, stopped = len(hotline.customers.asked), len(hotline.customers.stopped)
    for _ in range(5):
        hotline.callbacks.sweep(hotline.clock.advance(3600))
    assert (len(hotline.customers.asked), len(hotline.customers.stopped)) == (asked, stopped)
    assert hotline.agents_state("ana") == "available"


def test_a_switch_that_is_down_is_asked_again_however_long_it_takes_r70(hotline: House) -> None:
    hotline.promise()
    hotline.agent("ana")
    ring(hotline)
    joins(hotline)
    hotline.execute(
        f"UPDATE calls SET phase = 'ended', served_at = {int(hotline.clock.now().timestamp() * 1000)}"
    )
    hotline.customers.down = True
    for _ in range(5):
        hotline.callbacks.sweep(hotline.clock.advance(3600))
    assert hotline.attempts() == [(1, "ana", None)]
