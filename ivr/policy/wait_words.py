"""What a waiting caller is told of his place and his wait, and when (R69)."""

from dataclasses import replace
from datetime import datetime

from ivr.policy.call import Call
from ivr.policy.floor import Floor
from ivr.policy.prompts import CHINESE, Prompt
from ivr.policy.spoken import wait_prompts
from ivr.policy.wait import Told, estimate_wait, remaining_wait

TOLD_LATELY_SECONDS = 20.0  # what he was told before he was put on hold is not said again at once
WORDS_EVERY = 3  # every third stretch of music the caller hears how long it will take, about twice a minute


def words_on_hold(call: Call, at: datetime, floor: Floor) -> tuple[Call, tuple[str, ...]]:
    """Asked to hold once; then now and again his place and his wait, or at least that we have not forgotten him.

    Not all in one breath: words delay a caller whom nobody can fetch.
    """
    if call.holds == 1:
        return call, (Prompt.PLEASE_HOLD,)
    if floor.position is None or floor.pace is None:
        return call, (Prompt.STILL_BUSY,) if call.holds % WORDS_EVERY == 0 else ()
    lately = call.told is not None and (at - call.told.at).total_seconds() < TOLD_LATELY_SECONDS
    return tell_wait(call, at, floor) if call.holds % WORDS_EVERY == 2 and not lately else (call, ())


def tell_wait(call: Call, at: datetime, floor: Floor) -> tuple[Call, tuple[str, ...]]:
    """How many wait before him and how long it will take; longer than he was told only with the reason."""
    position, pace = floor.position, floor.pace
    assert position is not None
    assert pace is not None
    if call.told is None:
        minutes = estimate_wait(position, pace).announced_minutes
        told, longer = Told(minutes=minutes, at=at, position=position, correction=pace.correction), None
        call = replace(call, first_told=told, estimated_wait_seconds=minutes * 60)
    else:
        remaining = remaining_wait(call.told, at, position, pace)
        told, longer = remaining.told, remaining.longer
    return replace(call, told=told), wait_prompts(position.ahead, told.minutes, longer, CHINESE)
