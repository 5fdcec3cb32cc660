"""The rules in force: config/policy.toml with the installation's own file laid over it, key by key."""

import tomllib
from pathlib import Path
from typing import Any

from config.settings import Settings
from ivr.policy.rules import Rules, RulesError, ignored_keys, parse_rules


def load_rules(settings: Settings) -> Rules:
    """Raises RulesError naming the key, or the file that cannot be read."""
    return parse_rules(_values(settings))


def ignored_policy_keys(settings: Settings) -> tuple[str, ...]:
    """Keys given that this version has no use for."""
    return ignored_keys(_values(settings))


def _values(settings: Settings) -> dict[str, Any]:
    values = _read(settings.root / "config" / "policy.toml")
    return {**values, **_read(settings.policy_path)} if settings.policy_path else values


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RulesError(str(path), f"cannot be read: {error}") from error
