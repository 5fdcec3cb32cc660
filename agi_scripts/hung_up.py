"""Dialplan entry `hung_up`: the caller's leg is gone; the only burst that ends a call."""

from agi_scripts.door import Door, moment_of
from agi_scripts.session import AgiSession
from ivr.policy.events import HungUp


def main(agi: AgiSession, door: Door) -> None:
    """HL_EXTRA is the moment the switch stamped at the hang-up."""
    door.answer(agi, lambda burst, _now: (HungUp(at=moment_of(burst, "HL_EXTRA")),))
