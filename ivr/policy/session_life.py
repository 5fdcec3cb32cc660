"""How long a sign-in lasts: 30 minutes without the person doing anything, 12 hours in all.

An agent on duty is at work although his hands rest: a quiet morning must not sign him out before the next caller.
Who has left his desk on duty misses a call; from that moment on the half hour runs.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ivr.policy.floor import ON_DUTY, AgentState

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)


@dataclass(frozen=True, kw_only=True)
class Sitting:
    """One sign-in as it stands: `acted_at` is the last thing the person did in a page, `since` his state's begin."""

    started_at: datetime
    acted_at: datetime
    state: AgentState
    since: datetime
    misses: int


def is_over(sitting: Sitting, now: datetime) -> bool:
    """Whether the person has to sign in again."""
    if now >= sitting.started_at + ABSOLUTE:
        return True
    at_work = sitting.state in ON_DUTY and sitting.misses == 0
    return not at_work and now >= max(sitting.acted_at, sitting.since) + IDLE


def visit_is_over(started_at: datetime, now: datetime) -> bool:
    """Of a visitor who has not signed in."""
    return now >= started_at + IDLE
