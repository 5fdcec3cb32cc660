#!/usr/bin/env -S sh -c 'cd "${0%/*}/.." && exec .venv/bin/python -m "agi_scripts.$(basename "$0" .py)"'
"""Dialplan entry `ring_ended`: a phone stopped ringing, or the talk it led to is over."""

from agi_scripts.classic import run
from agi_scripts.door import RING_RESULTS, Answers
from agi_scripts.session import AgiSession
from ivr.policy.events import RingEnded


def main(agi: AgiSession, door: Answers) -> None:
    """HL_EXTRA is DIALSTATUS; that somebody spoke is known from his own leg's stamp alone."""
    door.answer(agi, lambda burst, now: (RingEnded(at=now, result=RING_RESULTS[burst.extra]),))


if __name__ == "__main__":
    run(main)
