"""When our own engineer is at a customer's, and may call from a telephone there (R40): such calls are no customer's.

A stay has an end, and a near one: a wrong year would hide a customer's calls from every figure.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ivr.policy.refusal import Reason, Refused, written

VISIT_EARLY, VISIT_LONG = timedelta(hours=1), timedelta(hours=6)
MOST_DAYS = 31
LONGEST_NAME = 64


@dataclass(frozen=True, kw_only=True)
class Stay:
    """`who` is a login of ours, or a name; there from `from_at` until `until_at`, that moment itself not any more."""

    who: str
    from_at: datetime
    until_at: datetime


def stay_of_visit(who: str, visit_at: datetime) -> Stay:
    """From shortly before the time agreed until he must have left. Raises Refused."""
    return Stay(
        who=written("engineer", who, LONGEST_NAME),
        from_at=visit_at - VISIT_EARLY,
        until_at=visit_at + VISIT_LONG,
    )


def may_stay(who: str, from_at: datetime | None, until_at: datetime | None) -> Stay:
    """As a manager enters it, also afterwards. Raises Refused."""
    name = written("engineer", who, LONGEST_NAME)
    if from_at is None or until_at is None:
        raise Refused(Reason.DUE_MISSING)
    if not timedelta() < until_at - from_at <= timedelta(days=MOST_DAYS):
        raise Refused(Reason.STAY_TOO_LONG)
    return Stay(who=name, from_at=from_at, until_at=until_at)
