#!/usr/bin/env -S sh -c 'cd "${0%/*}/.." && exec .venv/bin/python -m "agi_scripts.$(basename "$0" .py)"'
"""Dialplan entry `consult`: an agent dialled in his page; a colleague is rung, anything else refused (R74)."""

from agi_scripts.classic import run
from agi_scripts.door import Door
from agi_scripts.session import AgiSession
from config.settings import load
from ivr.bootstrap.phones import consults as consults_of
from ivr.service.consults import Consults


def main(agi: AgiSession, door: Door, consults: Consults) -> None:
    """Arguments: what was dialled and the endpoint it was dialled from; without the sentinel the call is refused."""
    dialled, endpoint = agi.arguments[0], agi.arguments[1]
    phone = consults.phone_for(endpoint, dialled)
    if phone is not None:
        agi.set_variables({**door.dialled(phone), "HL_DONE": "consult"})


if __name__ == "__main__":
    run(main, consults=consults_of(load()))
