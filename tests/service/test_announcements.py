"""A new time is told to a customer whom nobody is ringing and who is not on our line (R10)."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ivr.policy.callback_events import AttemptResult
from ivr.policy.events import AgentAnswered
from ivr.policy.rules import Rules
from tests.fakes.fake_callback_switch import over
from tests.service.house import House, house
from tests.service.test_callbacks import OTHER, RULES, joins, ring


@pytest.fixture
def hotline(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path, RULES, dials=True) as built:
        yield built


def endangered(hotline: House) -> None:
    """Everybody talks until the time he was promised is near."""
    hotline.agent("ben")
    hotline.offer("talk", OTHER)
    hotline.burst("talk", AgentAnswered(at=hotline.clock.now()))
    hotline.promise(due_in_seconds=600)
    hotline.clock.advance(540)


def looked(hotline: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sweep has looked, and has told nobody yet."""
    now = hotline.clock.now()
    *_, to_tell = hotline.book.unit(lambda unit: hotline.callbacks._look(unit, now))
    assert [each.callback_id for each in to_tell] == [1]
    monkeypatch.setattr(hotline.callbacks, "_look", lambda _unit, _now: ((), (), to_tell))


def test_nobody_is_rung_to_hear_a_new_time_while_we_call_him_r10(
    hotline: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    endangered(hotline)
    looked(hotline, monkeypatch)
    hotline.agent("ana")
    ring(hotline)
    hotline.callbacks.sweep(hotline.clock.now())
    assert [len(rung) for rung in (hotline.customers.placed, hotline.customers.announcements)] == [1, 0]


def test_nobody_is_rung_to_hear_a_new_time_who_is_on_our_line_r10(
    hotline: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    endangered(hotline)
    looked(hotline, monkeypatch)
    joins(hotline)
    hotline.callbacks.sweep(hotline.clock.now())
    assert hotline.customers.announcements == []


def test_who_was_on_our_line_and_left_hears_the_new_time_after_all_r10(hotline: House) -> None:
    endangered(hotline)
    joins(hotline)
    hotline.execute("UPDATE callbacks SET new_due_at = due_at + 600000, announcements = 1")
    hotline.callbacks.sweep(hotline.clock.advance(2))
    assert hotline.customers.announcements == []
    hotline.execute("UPDATE calls SET phase = 'ended' WHERE ref = 'again'")
    hotline.callbacks.sweep(hotline.clock.advance(2))
    assert [order.name.callback_id for order in hotline.customers.announcements] == [1]


def test_an_announcement_takes_a_channel_of_the_trunk_until_it_is_over(tmp_path: Path) -> None:
    rules: Rules = replace(RULES, trunk_channels=3, inbound_reserve=1)
    with house(tmp_path, rules, dials=True) as hotline:
        endangered(hotline)
        hotline.callbacks.sweep(hotline.clock.now())
        hotline.promise("other", "+8613700137000")
        hotline.agent("ana")
        ring(hotline)
        assert hotline.customers.placed == [], "a talk and an announcement, and the one kept for callers"
        hotline.customers.heard[1, 1] = over(AttemptResult.REACHED, hotline.clock.advance(20))
        hotline.callbacks.sweep(hotline.clock.now())
        ring(hotline)
        assert len(hotline.customers.placed) == 1


def test_news_of_an_announcement_of_another_database_changes_nothing_r10(hotline: House) -> None:
    endangered(hotline)
    hotline.callbacks.sweep(hotline.clock.now())
    [order] = hotline.customers.announcements
    due_at = hotline.callback()["due_at"]
    for name in (replace(order.name, nonce="0badc0de"), replace(order.name, number=2)):
        hotline.callbacks.told(name, True, hotline.clock.advance(5))
    assert (hotline.callback()["due_at"], hotline.callback()["new_due_at"] is None) == (due_at, False)
    hotline.callbacks.told(order.name, True, hotline.clock.advance(5))
    assert hotline.callback()["due_at"] > due_at


def test_what_an_earlier_database_had_announced_was_not_heard_by_this_customer_r10(hotline: House) -> None:
    endangered(hotline)
    hotline.callbacks.sweep(hotline.clock.now())
    hotline.customers.heard[1, 1] = over(AttemptResult.REACHED, hotline.clock.now())
    hotline.customers.nonces["1-n1"] = "0badc0de"
    hotline.callbacks.sweep(hotline.clock.advance(2))
    assert hotline.callback()["new_due_at"] is not None
