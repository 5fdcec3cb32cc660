"""Twilio's words for how a leg ended, in ours; one that is not listed here is a bug to be heard of, not a no-answer."""

from collections.abc import Mapping

from ivr.policy.callback_events import AttemptResult

RUNNING = frozenset({"queued", "initiated", "ringing", "in-progress"})
FIRST_LEG_OVER: Mapping[str, AttemptResult | None] = {
    "completed": None,  # he picked up; what then happened we know ourselves
    "busy": AttemptResult.AGENT_DECLINED,
    "no-answer": AttemptResult.AGENT_DID_NOT_ANSWER,
    "failed": AttemptResult.AGENT_DID_NOT_ANSWER,
    "canceled": AttemptResult.AGENT_DID_NOT_ANSWER,
}
"""CallStatus of the call we placed."""

CUSTOMER_OVER: Mapping[str, AttemptResult | None] = {
    "completed": None,  # it was answered
    "answered": None,
    "busy": AttemptResult.BUSY,
    "no-answer": AttemptResult.NO_ANSWER,
    "failed": AttemptResult.REFUSED_BY_NETWORK,
    "canceled": AttemptResult.INTERRUPTED,
}
"""DialCallStatus of the leg that rings the customer."""
