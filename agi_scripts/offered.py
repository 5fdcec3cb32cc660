"""Dialplan entry `offered`: a caller has reached the hotline."""

from agi_scripts.door import Door
from agi_scripts.session import AgiSession
from ivr.policy.events import CallOffered


def main(agi: AgiSession, door: Door) -> None:
    """His phone rings back to him; who is rung here?"""
    door.answer(agi, lambda _burst, now: (CallOffered(at=now),))
