#!/usr/bin/env -S sh -c 'cd "${0%/*}/.." && exec .venv/bin/python -m "agi_scripts.$(basename "$0" .py)"'
"""Dialplan entry `offered`: a caller has reached the hotline."""

from agi_scripts.classic import run
from agi_scripts.door import Answers
from agi_scripts.session import AgiSession
from ivr.policy.events import CallOffered


def main(agi: AgiSession, door: Answers) -> None:
    """His phone rings back to him; who is rung here?"""
    door.answer(agi, lambda _burst, now: (CallOffered(at=now),))


if __name__ == "__main__":
    run(main)
