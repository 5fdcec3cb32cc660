"""What a callback's log stores of events and commands, as JSON; each carries its class's name under `kind`."""

import json
from datetime import datetime
from functools import cache
from typing import Any

from cattrs.preconf.json import JsonConverter, make_converter

from ivr.policy import callback_commands, callback_events
from ivr.policy.callback_commands import CallbackCommand
from ivr.policy.callback_events import CallbackEvent
from ivr.policy.commands import AlertManager
from ivr.policy.explain_callback import Overtook

_KINDS = {**vars(callback_events), Overtook.__name__: Overtook}
_ORDERS = {**vars(callback_commands), AlertManager.__name__: AlertManager}


@cache
def _converter() -> JsonConverter:
    return make_converter()


def event_to_json(event: CallbackEvent) -> str:
    """Its facts by name."""
    return _dumps(_told(event))


def commands_to_json(commands: tuple[CallbackCommand, ...]) -> str:
    """In order; numbers stay in the callback's own row."""
    return _dumps([_told(command) for command in commands])


def event_from_json(text: str, kind: str, at: datetime) -> CallbackEvent:
    """The inverse; `kind` and `at` as the row has them. Raises ValueError, KeyError or a cattrs group."""
    facts = {"at": at.isoformat(), **json.loads(text)}
    event: CallbackEvent = _converter().structure(facts, _KINDS[kind])
    return event


def commands_from_json(text: str) -> tuple[CallbackCommand, ...]:
    """The inverse of commands_to_json, but for the numbers, which are not kept. Raises as event_from_json does."""
    return tuple(map(_order, json.loads(text)))


def _order(stored: dict[str, Any]) -> CallbackCommand:
    order: CallbackCommand = _converter().structure(
        {"number": "", **stored, "kind": stored.get("alert")}, _ORDERS[stored["kind"]]
    )
    return order


def _told(value: object) -> dict[str, Any]:
    facts = _converter().unstructure(value)
    if isinstance(value, AlertManager):
        facts["alert"] = facts.pop("kind")
    return {"kind": type(value).__name__, **{name: fact for name, fact in facts.items() if name != "number"}}


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
