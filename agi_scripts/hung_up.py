#!/usr/bin/env -S sh -c 'cd "${0%/*}/.." && exec .venv/bin/python -m "agi_scripts.$(basename "$0" .py)"'
"""Dialplan entry `hung_up`: the caller's leg is gone; the only burst that ends a call."""

from agi_scripts.classic import run
from agi_scripts.door import Answers, moment_of
from agi_scripts.session import AgiSession
from ivr.policy.events import HungUp


def main(agi: AgiSession, door: Answers) -> None:
    """HL_EXTRA is the moment the switch stamped at the hang-up."""
    door.answer(agi, lambda burst, _now: (HungUp(at=moment_of(burst, "HL_EXTRA")),))


if __name__ == "__main__":
    run(main)
