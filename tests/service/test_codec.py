"""What is stored of a decision comes back as it was."""

import json

from ivr.policy.commands import AlertManager, Command, HangUp, Release
from ivr.service.codec import commands_from_json, commands_to_json


def test_an_alert_keeps_its_own_kind_beside_what_it_is() -> None:
    decided: tuple[Command, ...] = (
        Release(agent="li"),
        AlertManager(kind="agent_stood_down", agent="li"),
        HangUp(),
    )
    assert commands_from_json(commands_to_json(decided)) == decided


def test_an_alert_stored_before_it_had_a_kind_is_still_read() -> None:
    stored = json.dumps([{"kind": "AlertManager", "agent": None}])
    assert commands_from_json(stored) == (AlertManager(kind="unknown", agent=None),)
