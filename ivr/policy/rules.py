"""The numbers of the call policy, parsed from policy.toml and refused loudly: every bad or unknown key is named.

Seconds are seconds, rings are ring cycles. The file config/policy.toml gives each value its reason.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ivr.policy.callback_rules import CallbackRules
from ivr.policy.opening_hours import (
    Holidays,
    HoursError,
    OpeningHours,
    Span,
    Spans,
    WeeklyHours,
    parse_holidays,
    parse_opening_hours,
    parse_quiet_hours,
)
from ivr.policy.phone import PhoneError, parse_phone
from ivr.policy.routes import DEFAULT_ROUTES, Routes, RoutesError, parse_routes
from ivr.policy.time_slots import DEFAULT_SLOTS, TimeSlotError, TimeSlots, parse_time_slots


class RulesError(ValueError):
    """A policy key is unknown, missing or has a value that makes no sense; `key` names it."""

    def __init__(self, key: str, reason: str) -> None:
        self.key = key
        super().__init__(f"policy key {key}: {reason}")


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What the managers decide; the defaults are the norm's (three rings of five seconds)."""

    rings: int = 3
    ring_cycle_seconds: float = 5.0
    pickup_margin_seconds: float = 2.0
    agent_ring_seconds: float = 20.0
    all_busy_first: str = "server"
    answer_when_saturated: str = "deadline"
    hold_if_wait_at_most_seconds: float = 180.0
    max_hold_seconds: float = 600.0
    wrap_up_seconds: float = 30.0
    hold_alarm_seconds: float = 60.0
    timezone: str = "Asia/Shanghai"
    opening_hours: WeeklyHours | None = None
    holidays: Holidays = field(default=Holidays())
    quiet_hours: Spans = (Span(start=12 * 60, until=13 * 60 + 30),)
    callback_attempts: int = 4
    callback_slots: TimeSlots = DEFAULT_SLOTS
    callbacks_an_hour: int = 300
    callback_dialing: str = "automatic"
    callback_routes: Routes = DEFAULT_ROUTES
    twilio_number: str = ""
    twilio_calls_a_second: float = 1.0
    trunk_channels: int = 0
    inbound_reserve: int = 1
    satisfaction: bool = True
    area_code: str = "010"
    allowed_regions: tuple[str, ...] = ("CN",)
    own_numbers: tuple[str, ...] = ()
    fallback_phones: tuple[str, ...] = ()
    first_update_hours: float = 4.0
    complaint_verify_days: int = 1
    complaint_feedback_days: int = 3
    short_abandon_seconds: float = 5.0
    service_level_seconds: float = 15.0
    service_level_target: float = 0.95
    abandonment_target: float = 0.05
    alarm_calls: int = 10
    alarm_minutes: int = 30
    alarm_margin: float = 0.02
    alarm_wait_seconds: float = 120.0
    alarm_nobody_seconds: float = 30.0
    alarm_promise_minutes: int = 10
    alarm_quiet_seconds: float = 60.0
    greeting: str = "greeting"
    record_calls: bool = False
    recording_retention_days: int = 90

    @property
    def deadline_seconds(self) -> float:
        """Three rings, as seconds after the call was presented (R64)."""
        return self.rings * self.ring_cycle_seconds

    @property
    def dials_by_hand(self) -> bool:
        """Agents dial customers themselves; nothing is rung by itself to call somebody back."""
        return self.callback_dialing == "manual"

    @property
    def hours(self) -> OpeningHours:
        """When the hotline is open, and when callers may be rung back."""
        return OpeningHours(
            week=self.opening_hours, holidays=self.holidays, quiet=self.quiet_hours, timezone=self.timezone
        )

    @property
    def callback_rules(self) -> CallbackRules:
        """What the life of one callback needs of them."""
        return CallbackRules(
            callable_at=self.hours.next_callable,
            agent_ring_seconds=self.agent_ring_seconds,
            callback_attempts=self.callback_attempts,
            callback_slots=self.callback_slots,
            timezone=self.timezone,
        )


def parse_rules(values: Mapping[str, Any]) -> Rules:
    """Rules from a parsed TOML table. Raises RulesError naming the first key at fault."""
    for key in values:
        if key not in _PARSERS:
            raise RulesError(key, f"unknown; known keys are {', '.join(sorted(_PARSERS))}")
    parsed = {key: parse(key, values[key]) for key, parse in _PARSERS.items() if key in values}
    rules = Rules(**parsed)
    _refuse_contradictions(rules)
    return rules


def _refuse_contradictions(rules: Rules) -> None:
    if rules.pickup_margin_seconds >= rules.deadline_seconds:
        raise RulesError(
            "pickup_margin_seconds", f"must be less than the deadline of {rules.deadline_seconds:g} s"
        )


def _number(least: float, most: float, whole: bool = False) -> Callable[[str, Any], Any]:
    def parse(key: str, value: Any) -> Any:
        kinds = int if whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds) or not least <= value <= most:
            kind = "a whole number" if whole else "a number"
            raise RulesError(key, f"must be {kind} from {least:g} to {most:g}, not {value!r}")
        return value if whole else float(value)

    return parse


def _choice(*choices: str) -> Callable[[str, Any], str]:
    def parse(key: str, value: Any) -> str:
        if value not in choices:
            raise RulesError(key, f"must be one of {', '.join(choices)}, not {value!r}")
        return str(value)

    return parse


def _yes_or_no(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise RulesError(key, f"must be true or false, not {value!r}")
    return value


def _slots(key: str, value: Any) -> TimeSlots:
    try:
        return parse_time_slots(value)
    except TimeSlotError as error:
        raise RulesError(key, str(error)) from error


def _routes(key: str, value: Any) -> Routes:
    try:
        return parse_routes(value)
    except RoutesError as error:
        raise RulesError(key, str(error)) from error


def _number_or_none(key: str, value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"(\+[1-9][0-9]{4,14})?", value):
        raise RulesError(key, f"must be a number as +85230001234, or empty, not {value!r}")
    return value


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise RulesError(key, f"must be a text, not {value!r}")
    return value


def _digits(key: str, value: Any) -> str:
    if not isinstance(value, str) or not (value.isascii() and value.isdigit()) or len(value) > 6:
        raise RulesError(key, f"must be a text of at most six digits, not {value!r}")
    return value


def _texts(key: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise RulesError(key, f"must be a list of texts, not {value!r}")
    return tuple(_text(key, item) for item in value)


def _phones(key: str, value: Any) -> tuple[str, ...]:
    phones = _texts(key, value)
    for phone in phones:
        try:
            parse_phone(phone)
        except PhoneError as error:
            raise RulesError(key, str(error)) from error
    return phones


def _zone(key: str, value: Any) -> str:
    name = _text(key, value)
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise RulesError(key, f"no such time zone: {name!r}") from error
    return name


def _hours(parse: Callable[[Any], Any]) -> Callable[[str, Any], Any]:
    def parse_named(key: str, value: Any) -> Any:
        try:
            return parse(value)
        except HoursError as error:
            raise RulesError(key, str(error)) from error

    return parse_named


_PARSERS: Mapping[str, Callable[[str, Any], Any]] = {
    "rings": _number(1, 10, whole=True),
    "ring_cycle_seconds": _number(1, 20),
    "pickup_margin_seconds": _number(0.5, 30),
    "agent_ring_seconds": _number(3, 120),
    "all_busy_first": _choice("server", "colleague"),
    "answer_when_saturated": _choice("deadline", "now"),
    "hold_if_wait_at_most_seconds": _number(0, 7200),
    "max_hold_seconds": _number(10, 7200),
    "wrap_up_seconds": _number(0, 3600),
    "hold_alarm_seconds": _number(5, 3600),
    "timezone": _zone,
    "opening_hours": _hours(parse_opening_hours),
    "holidays": _hours(parse_holidays),
    "quiet_hours": _hours(parse_quiet_hours),
    "callback_attempts": _number(3, 10, whole=True),
    "callback_slots": _slots,
    "callbacks_an_hour": _number(1, 100_000, whole=True),
    "callback_dialing": _choice("automatic", "manual"),
    "callback_routes": _routes,
    "twilio_number": _number_or_none,
    "twilio_calls_a_second": _number(0.1, 100),
    "trunk_channels": _number(0, 10_000, whole=True),
    "inbound_reserve": _number(0, 1000, whole=True),
    "satisfaction": _yes_or_no,
    "area_code": _digits,
    "allowed_regions": _texts,
    "own_numbers": _texts,
    "fallback_phones": _phones,
    "first_update_hours": _number(1, 40),
    "complaint_verify_days": _number(1, 30, whole=True),
    "complaint_feedback_days": _number(1, 30, whole=True),
    "short_abandon_seconds": _number(0, 60),
    "service_level_seconds": _number(1, 600),
    "service_level_target": _number(0, 1),
    "abandonment_target": _number(0, 1),
    "alarm_calls": _number(1, 1000, whole=True),
    "alarm_minutes": _number(5, 240, whole=True),
    "alarm_margin": _number(0, 0.5),
    "alarm_wait_seconds": _number(5, 7200),
    "alarm_nobody_seconds": _number(1, 7200),
    "alarm_promise_minutes": _number(1, 240, whole=True),
    "alarm_quiet_seconds": _number(0, 3600),
    "greeting": _text,
    "record_calls": _yes_or_no,
    "recording_retention_days": _number(1, 3650, whole=True),
}
assert _PARSERS.keys() == {field.name for field in fields(Rules)}
