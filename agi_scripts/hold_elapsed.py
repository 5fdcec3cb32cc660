"""Dialplan entry `hold_elapsed`: one stretch of ring tone or music is over."""

from agi_scripts.door import Door
from agi_scripts.session import AgiSession
from ivr.policy.events import HoldElapsed


def main(agi: AgiSession, door: Door) -> None:
    """Perhaps it is his turn now."""
    door.answer(agi, lambda _burst, now: (HoldElapsed(at=now),))
