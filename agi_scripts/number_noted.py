#!/usr/bin/env -S sh -c 'cd "${0%/*}/.." && exec .venv/bin/python -m "agi_scripts.$(basename "$0" .py)"'
"""Dialplan entry `number_noted`: the static flow has a number and asks for it to be put on the disk.

No database is asked: it may be the very reason why the static flow runs.
"""

from agi_scripts.classic import run
from agi_scripts.door import Door
from agi_scripts.session import AgiSession


def main(agi: AgiSession, door: Door) -> None:
    """HL_EXTRA is the number; only with the sentinel does the caller hear that we have it."""
    burst = door.read(agi)
    door.write_down(burst, "noted", door.clock.now(), burst.extra[:40])
    agi.set_variables({"HL_DONE": burst.turn})


if __name__ == "__main__":
    run(main)
