"""The policy's values as JSON and back: what the book stores of calls, events, commands and floors.

Every event and command carries its class's name under `kind`, an alert its own kind under `alert`; moments are
ISO-8601.
"""

import json
from functools import cache
from typing import Any

from cattrs.preconf.json import JsonConverter, make_converter
from cattrs.strategies import configure_tagged_union

from ivr.policy import events
from ivr.policy.call import Call
from ivr.policy.callback_guard import Verdict
from ivr.policy.commands import AlertManager, BookCommand, Command, LineCommand
from ivr.policy.floor import Floor
from ivr.policy.rules import Rules

_encode = json.JSONEncoder(ensure_ascii=False).encode

AnyEvent = (
    events.CallOffered
    | events.CallerGreeted
    | events.AgentAnswered
    | events.RingEnded
    | events.HoldElapsed
    | events.TurnCame
    | events.CallerFetched
    | events.DigitsPressed
    | events.NumberNoted
    | events.HungUp
)


@cache
def _converter() -> JsonConverter:
    converter = make_converter()
    converter.register_unstructure_hook(AlertManager, _alert_stored)
    converter.register_structure_hook(AlertManager, lambda stored, _: _alert(stored))
    for union in (AnyEvent, LineCommand, BookCommand, Command, Verdict):
        configure_tagged_union(union, converter, tag_name="kind")
    return converter


def _alert_stored(alert: AlertManager) -> dict[str, Any]:
    return {"alert": alert.kind, "agent": alert.agent}


def _alert(stored: dict[str, Any]) -> AlertManager:
    """Before it had a place of its own, an alert's kind was lost."""
    return AlertManager(kind=stored.get("alert", "unknown"), agent=stored["agent"])


def _dumps(value: Any, as_type: Any) -> str:
    return _encode(_converter().unstructure(value, unstructure_as=as_type))


def call_to_json(call: Call) -> str:
    """The whole state of a call."""
    return _dumps(call, Call)


def call_from_json(text: str) -> Call:
    """The inverse of call_to_json."""
    return _converter().structure(json.loads(text), Call)


def event_to_json(event: events.Event) -> str:
    """An event with its kind."""
    return _dumps(event, AnyEvent)


def event_from_json(text: str) -> events.Event:
    """The inverse of event_to_json."""
    return _converter().structure(json.loads(text), AnyEvent)  # type: ignore[arg-type] # a union


def commands_to_json(commands: tuple[Command, ...]) -> str:
    """Line and book commands in order."""
    return _dumps(commands, tuple[Command, ...])


def commands_from_json(text: str) -> tuple[Command, ...]:
    """The inverse of commands_to_json."""
    return _converter().structure(json.loads(text), tuple[Command, ...])


def line_from_json(text: str) -> tuple[LineCommand, ...]:
    """Standing commands as they were stored."""
    return _converter().structure(json.loads(text), tuple[LineCommand, ...])


def floor_to_json(floor: Floor) -> str:
    """What a decision saw."""
    return _dumps(floor, Floor)


def floor_from_json(text: str) -> Floor:
    """The inverse of floor_to_json."""
    return _converter().structure(json.loads(text), Floor)


def rules_to_json(rules: Rules) -> str:
    """The rules in force, keys sorted, so that equal rules have equal text."""
    return json.dumps(
        _converter().unstructure(rules, unstructure_as=Rules), ensure_ascii=False, sort_keys=True
    )


def rules_from_json(text: str) -> Rules:
    """The inverse of rules_to_json."""
    return _converter().structure(json.loads(text), Rules)
