"""What callers think of us: one question after the agent has hung up, one key from 1 to 5, once a day (R3)."""

from ivr.policy.commands import Ask, Say
from ivr.policy.prompts import Prompt

RATING_SECONDS = 3.0  # after a question of less than five
SCORES = frozenset("12345")

QUESTION = Ask(prompts=(Prompt.ASK_RATING,), digits=1, seconds=RATING_SECONDS)
THANKS = Say(prompts=(Prompt.RATING_THANKS, Prompt.GOODBYE))


def score(digits: str) -> int | None:
    """Anything but one such key, and silence, is no answer."""
    return int(digits) if digits in SCORES else None
