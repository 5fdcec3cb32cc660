"""What the managers decide about callbacks, and when customers may be rung."""

from dataclasses import dataclass

from ivr.policy.time_slots import DEFAULT_SLOTS, CallableAt, TimeSlots


@dataclass(frozen=True, kw_only=True)
class CallbackRules:
    """The part of Rules that the life of one callback needs."""

    callable_at: CallableAt
    agent_ring_seconds: float = 20.0
    callback_attempts: int = 4  # two within minutes, then two other times of day: three in all (R28b)
    callback_slots: TimeSlots = DEFAULT_SLOTS
    timezone: str = "Asia/Shanghai"
