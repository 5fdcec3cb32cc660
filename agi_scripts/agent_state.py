#!/usr/bin/env -S sh -c 'cd "${0%/*}/.." && exec .venv/bin/python -m "agi_scripts.$(basename "$0" .py)"'
"""Dialplan entry `agent_state`: an agent dialled a feature code from his own phone."""

import logging

from agi_scripts.classic import run
from agi_scripts.door import Door
from agi_scripts.session import AgiSession
from config.settings import load
from ivr.adapters.sql_sip_accounts import SipAccount
from ivr.bootstrap import agents_service
from ivr.policy.prompts import Prompt
from ivr.service.agents import AgentError, Agents

HEARD = {"available": Prompt.AGENT_AVAILABLE, "away": Prompt.AGENT_AWAY}

log = logging.getLogger(__name__)


def main(agi: AgiSession, door: Door, agents: Agents[SipAccount | None]) -> None:
    """Arguments: the state and the endpoint it was dialled from; a phone that is nobody's changes nothing."""
    state, endpoint = agi.arguments[0], agi.arguments[1]
    login = agents.login_of(f"endpoint:{endpoint}")
    try:
        agents.choose(login or "", state)
    except AgentError as error:
        log.warning("feature code from endpoint %s: %s", endpoint[:40], error)
        return
    door.switchboard.on_change()
    agi.set_variables({"HL_SAY": door.sounds((HEARD[state],)), "HL_DONE": state})


if __name__ == "__main__":
    run(main, agents=agents_service(load()))
