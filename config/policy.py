"""The rules in force: config/policy.toml with the installation's own file laid over it, key by key."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from config.settings import Settings
from ivr.policy.rules import Rules, RulesError, parse_rules


def load_rules(settings: Settings, over: Mapping[str, Any] | None = None) -> Rules:
    """With `over` laid over all, key by key. Raises RulesError naming the key, or the file that cannot be read."""
    return _with_public_holidays(parse_rules({**_values(settings), **(over or {})}))


def _with_public_holidays(rules: Rules) -> Rules:
    """A hotline that never closes needs no calendar, and its rules stay small."""
    if rules.opening_hours is None or rules.holidays.calendar != "CN":
        return rules
    from ivr.adapters.chinese_holidays import chinese_holidays

    return replace(rules, holidays=replace(rules.holidays, public=chinese_holidays()))


@dataclass(frozen=True, kw_only=True)
class KeyInForce:
    """One key of the policy: its value as it is in force, whether this installation's own file says so, and why."""

    key: str
    value: Any
    own: bool
    reason: str


def keys_in_force(settings: Settings) -> tuple[KeyInForce, ...]:
    """Every key, in the order of config/policy.toml. Raises RulesError."""
    shipped = settings.root / "config" / "policy.toml"
    own = read_policy(settings.policy_path) if settings.policy_path else {}
    reasons = _reasons(shipped.read_text("utf-8"))
    values = _values(settings)
    return tuple(
        KeyInForce(key=key, value=value, own=key in own, reason=reasons.get(key, ""))
        for key, value in values.items()
    )


def _reasons(text: str) -> dict[str, str]:
    """The sentences that stand above each key."""
    found: dict[str, str] = {}
    above: list[str] = []
    for line in text.splitlines():
        if line.startswith("#"):
            above.append(line.lstrip("# "))
        elif match := re.match(r"([a-z_]+)\s*=", line):
            found[match[1]] = " ".join(above)
            above = []
        elif not line.strip():
            above = []
    return found


def _values(settings: Settings) -> dict[str, Any]:
    values = read_policy(settings.root / "config" / "policy.toml")
    return {**values, **read_policy(settings.policy_path)} if settings.policy_path else values


def read_policy(path: Path) -> dict[str, Any]:
    """A policy file as it stands, its keys not looked at yet. Raises RulesError."""
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RulesError(str(path), f"cannot be read: {error}") from error
