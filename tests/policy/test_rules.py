"""What the managers decide is read once and refused loudly, naming the key."""

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ivr.policy.call import Call
from ivr.policy.rules import Rules, RulesError, parse_rules
from tests.cast import noon

SHIPPED = Path(__file__).parents[2] / "config" / "policy.toml"


def test_the_norms_three_rings_are_fifteen_seconds_r64() -> None:
    rules = parse_rules({})
    assert rules == Rules()
    assert rules.deadline_seconds == 15
    call = Call(call_id=1, presented_at=noon(), number=None)
    assert call.deadline_at(rules) - noon() == timedelta(seconds=15)
    assert call.pickup_at(rules) - noon() == timedelta(seconds=13)


def test_the_shipped_policy_is_the_norm_r64() -> None:
    assert parse_rules(tomllib.loads(SHIPPED.read_text("utf-8"))) == Rules()


def test_another_countrys_ring_moves_the_deadline_r64() -> None:
    rules = parse_rules({"ring_cycle_seconds": 6, "rings": 2, "pickup_margin_seconds": 1})
    assert (rules.deadline_seconds, rules.ring_cycle_seconds) == (12, 6.0)


def test_every_key_can_be_given() -> None:
    values: dict[str, Any] = {
        "rings": 4,
        "ring_cycle_seconds": 3.0,
        "pickup_margin_seconds": 1.5,
        "agent_ring_seconds": 12.0,
        "all_busy_first": "colleague",
        "answer_when_saturated": "now",
        "hold_if_wait_at_most_seconds": 60.0,
        "max_hold_seconds": 300.0,
        "wrap_up_seconds": 0.0,
        "hold_alarm_seconds": 45.0,
        "timezone": "Europe/Berlin",
        "callback_attempts": 3,
        "callbacks_an_hour": 900,
        "trunk_channels": 30,
        "inbound_reserve": 2,
        "satisfaction": False,
        "area_code": "0571",
        "allowed_regions": ("CN", "HK"),
        "own_numbers": ("+861012345678",),
        "fallback_phones": ("tel:+8613900000001", "endpoint:night"),
        "short_abandon_seconds": 3.0,
        "service_level_seconds": 20.0,
        "service_level_target": 0.8,
        "abandonment_target": 0.1,
        "alarm_calls": 20,
        "alarm_minutes": 60,
        "alarm_margin": 0.05,
        "alarm_wait_seconds": 90.0,
        "alarm_nobody_seconds": 15.0,
        "alarm_promise_minutes": 5,
        "alarm_quiet_seconds": 30.0,
        "greeting": "our_greeting",
    }
    given = {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}
    assert parse_rules(given) == Rules(**values)


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("ringz", 3, "unknown; known keys are abandonment_target, agent_ring_seconds, "),
        ("rings", 3.0, "a whole number from 1 to 10, not 3.0"),
        ("rings", True, "a whole number"),
        ("rings", 0, "from 1 to 10"),
        ("ring_cycle_seconds", "5", "a number from 1 to 20, not '5'"),
        ("ring_cycle_seconds", float("nan"), "a number"),
        ("max_hold_seconds", float("inf"), "a number"),
        ("agent_ring_seconds", -1, "from 3 to 120"),
        ("pickup_margin_seconds", 15, "less than the deadline of 15 s"),
        ("all_busy_first", "nobody", "one of server, colleague, not 'nobody'"),
        ("hold_if_wait_at_most_seconds", -1, "from 0 to 7200"),
        ("callback_attempts", 2, "a whole number from 3 to 10"),
        ("callback_slots", {"morning": "09:00-12:00"}, "2 to 12 slots"),
        ("trunk_channels", 1.5, "a whole number"),
        ("callbacks_an_hour", 0, "from 1 to 100000"),
        ("callback_dialing", "by hand", "one of automatic, manual, not 'by hand'"),
        ("satisfaction", 1, "must be true or false, not 1"),
        ("answer_when_saturated", "never", "one of deadline, now, not 'never'"),
        ("answer_when_saturated", ["now"], "one of deadline, now"),
        ("timezone", "Asia/Jinsui", "no such time zone: 'Asia/Jinsui'"),
        ("timezone", "/etc/passwd", "no such time zone"),
        ("timezone", "../../etc/passwd", "no such time zone"),
        ("timezone", 8, "must be a text"),
        ("area_code", "010a", "at most six digits"),
        ("area_code", "", "at most six digits"),
        ("area_code", "０１０", "at most six digits"),
        ("area_code", "0105710", "at most six digits"),
        ("area_code", 10, "at most six digits"),
        ("allowed_regions", "CN", "a list of texts, not 'CN'"),
        ("own_numbers", [1], "must be a text, not 1"),
        ("fallback_phones", ["13800138000"], "give endpoint:NAME"),
        ("fallback_phones", ["tel:+8613900000001", "Local/x"], "phone 'Local/x'"),
        ("greeting", "hello\nworld", "must be a text"),
        ("service_level_target", 95, "from 0 to 1"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_its_key(key: str, value: object, says: str) -> None:
    with pytest.raises(RulesError) as refused:
        parse_rules({key: value})
    assert refused.value.key == key
    assert str(refused.value).startswith(f"policy key {key}: ")
    assert says in str(refused.value)


@pytest.mark.parametrize("zone", ["", "Asia/", "Shanghai", "Asia"])
def test_a_part_of_a_time_zones_name_is_no_time_zone(zone: str) -> None:
    with pytest.raises(RulesError, match="policy key timezone: "):
        parse_rules({"timezone": zone})


def test_what_one_callback_needs_is_taken_from_the_rules_r28b() -> None:
    rules = parse_rules(
        {"callback_attempts": 5, "callback_slots": {"early": "08:00-10:00", "late": "16:00-18:00"}}
    )
    needed = rules.callback_rules
    assert (needed.callback_attempts, [slot.name for slot in needed.callback_slots]) == (5, ["early", "late"])
    assert needed.callable_at(noon()) == noon(90 * 60)
    assert (needed.agent_ring_seconds, needed.timezone) == (20, "Asia/Shanghai")


@pytest.mark.parametrize(("dialing", "by_hand"), [("manual", True), ("automatic", False)])
def test_whether_agents_dial_customers_themselves_is_one_key(dialing: str, by_hand: bool) -> None:
    assert parse_rules({"callback_dialing": dialing}).dials_by_hand is by_hand
