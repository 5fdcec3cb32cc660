#!/usr/bin/env -S sh -c 'cd "${0%/*}/.." && exec .venv/bin/python -m "agi_scripts.$(basename "$0" .py)"'
"""Dialplan entry `fetched`: the switch has taken the caller out of his music, an agent is reserved for him."""

from agi_scripts.classic import run
from agi_scripts.door import Answers
from agi_scripts.session import AgiSession
from ivr.policy.events import CallerFetched


def main(agi: AgiSession, door: Answers) -> None:
    """Which phone is it?"""
    door.answer(agi, lambda _burst, now: (CallerFetched(at=now),))


if __name__ == "__main__":
    run(main)
