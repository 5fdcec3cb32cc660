#!/usr/bin/env -S sh -c 'cd "${0%/*}/.." && exec .venv/bin/python -m "agi_scripts.$(basename "$0" .py)"'
"""Dialplan entry `digits`: the caller has keyed something in, or nothing."""

from agi_scripts.classic import run
from agi_scripts.door import Answers
from agi_scripts.session import AgiSession
from ivr.policy.events import DigitsPressed


def main(agi: AgiSession, door: Answers) -> None:
    """HL_EXTRA holds the keys, already filtered to 0-9 * # by the dialplan and filtered again here."""
    door.answer(agi, lambda burst, now: (DigitsPressed(at=now, digits=_keys(burst.extra)),))


def _keys(extra: str) -> str:
    return "".join(key for key in extra if key in "0123456789*#")


if __name__ == "__main__":
    run(main)
