#!/usr/bin/env -S sh -c 'cd "${0%/*}/.." && exec .venv/bin/python -m "agi_scripts.$(basename "$0" .py)"'
"""Dialplan entry `hold_elapsed`: one stretch of ring tone or music is over."""

from agi_scripts.classic import run
from agi_scripts.door import Answers
from agi_scripts.session import AgiSession
from ivr.policy.events import HoldElapsed


def main(agi: AgiSession, door: Answers) -> None:
    """Perhaps it is his turn now."""
    door.answer(agi, lambda _burst, now: (HoldElapsed(at=now),))


if __name__ == "__main__":
    run(main)
