"""Dialplan entry `digits`: the caller has keyed something in, or nothing."""

from agi_scripts.door import Door
from agi_scripts.session import AgiSession
from ivr.policy.events import DigitsPressed


def main(agi: AgiSession, door: Door) -> None:
    """HL_EXTRA holds the keys, already filtered to 0-9 * # by the dialplan and filtered again here."""
    door.answer(agi, lambda burst, now: (DigitsPressed(at=now, digits=_keys(burst.extra)),))


def _keys(extra: str) -> str:
    return "".join(key for key in extra if key in "0123456789*#")
