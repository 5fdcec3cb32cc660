"""The last commands told once more to a door that did not hear them: nothing lasts longer for it (R64)."""

from dataclasses import replace

import pytest

from ivr.policy.call import Call, Phase
from ivr.policy.call_flow import repeated
from ivr.policy.commands import HangUp, Hold, LineCommand, Ring, Say, Sound
from ivr.policy.rules import Rules
from tests.cast import NOON, noon

RINGING = Call(
    call_id=1,
    presented_at=NOON,
    number=None,
    phase=Phase.RINGING,
    agent="wang",
    phone="client:wang",
    ring_until=noon(13),
)
RING = Ring(agent="wang", phone="client:wang", seconds=13, sound=Sound.RINGING)


@pytest.mark.parametrize(("at", "seconds"), [(0, 13), (4, 9), (12.5, 1), (20, 1)])
def test_a_ring_told_again_ends_when_the_first_would_have_r64(at: float, seconds: float) -> None:
    assert repeated(RINGING, (RING,), noon(at), Rules()) == (replace(RING, seconds=seconds),)


@pytest.mark.parametrize(("at", "seconds"), [(0, 10), (6, 7), (12.95, 0.2)])
def test_a_wait_under_ring_tone_told_again_ends_at_the_pickup_r64(at: float, seconds: float) -> None:
    [hold] = repeated(RINGING, (Hold(seconds=10, sound=Sound.RINGING),), noon(at), Rules())
    assert isinstance(hold, Hold)
    assert hold.seconds == pytest.approx(seconds)


@pytest.mark.parametrize(
    "command",
    [
        Ring(agent=None, phone="tel:+8613900000001", seconds=20, sound=Sound.MUSIC),
        Hold(seconds=10, sound=Sound.MUSIC),
        Say(prompts=("all_busy",)),
        HangUp(),
    ],
)
def test_what_has_no_deadline_is_told_as_it_was(command: LineCommand) -> None:
    assert repeated(RINGING, (command,), noon(12), Rules()) == (command,)
