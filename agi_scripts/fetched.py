"""Dialplan entry `fetched`: the switch has taken the caller out of his music, an agent is reserved for him."""

from agi_scripts.door import Door
from agi_scripts.session import AgiSession
from ivr.policy.events import CallerFetched


def main(agi: AgiSession, door: Door) -> None:
    """Which phone is it?"""
    door.answer(agi, lambda _burst, now: (CallerFetched(at=now),))
