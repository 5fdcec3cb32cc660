"""The numbers of the call policy, parsed from policy.toml and refused loudly: every bad or unknown key is named.

Seconds are seconds, rings are ring cycles. The file config/policy.toml gives each value its reason.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ivr.policy.phone import PhoneError, parse_phone


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
    answer_when_saturated: str = "deadline"
    max_hold_seconds: float = 600.0
    wrap_up_seconds: float = 30.0
    timezone: str = "Asia/Shanghai"
    area_code: str = "010"
    allowed_regions: tuple[str, ...] = ("CN",)
    own_numbers: tuple[str, ...] = ()
    fallback_phones: tuple[str, ...] = ()
    short_abandon_seconds: float = 5.0
    service_level_seconds: float = 15.0
    service_level_target: float = 0.95
    greeting: str = "greeting"

    @property
    def deadline_seconds(self) -> float:
        """Three rings, as seconds after the call was presented (R64)."""
        return self.rings * self.ring_cycle_seconds


NOT_YET_IN_FORCE = frozenset(
    {
        "all_busy_first",
        "hold_if_wait_at_most_seconds",
        "callback_attempts",
        "callback_slots",
        "quiet_hours",
        "opening_hours",
        "holidays",
        "trunk_channels",
        "inbound_reserve",
    }
)
"""Keys of the contract that this version reads past, so that one policy file serves several versions."""


def parse_rules(values: Mapping[str, Any]) -> Rules:
    """Rules from a parsed TOML table. Raises RulesError naming the first key at fault."""
    for key in values:
        if key not in _PARSERS and key not in NOT_YET_IN_FORCE:
            raise RulesError(key, f"unknown; known keys are {', '.join(sorted(_PARSERS))}")
    parsed = {key: parse(key, values[key]) for key, parse in _PARSERS.items() if key in values}
    rules = Rules(**parsed)
    _refuse_contradictions(rules)
    return rules


def ignored_keys(values: Mapping[str, Any]) -> tuple[str, ...]:
    """The keys of a policy table that have no effect in this version, to be said at start."""
    return tuple(sorted(NOT_YET_IN_FORCE & values.keys()))


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


_PARSERS: Mapping[str, Callable[[str, Any], Any]] = {
    "rings": _number(1, 10, whole=True),
    "ring_cycle_seconds": _number(1, 20),
    "pickup_margin_seconds": _number(0.5, 30),
    "agent_ring_seconds": _number(3, 120),
    "answer_when_saturated": _choice("deadline", "now"),
    "max_hold_seconds": _number(10, 7200),
    "wrap_up_seconds": _number(0, 3600),
    "timezone": _zone,
    "area_code": _digits,
    "allowed_regions": _texts,
    "own_numbers": _texts,
    "fallback_phones": _phones,
    "short_abandon_seconds": _number(0, 60),
    "service_level_seconds": _number(1, 600),
    "service_level_target": _number(0, 1),
    "greeting": _text,
}
assert _PARSERS.keys() == {field.name for field in fields(Rules)}
