#!/usr/bin/env -S sh -c 'cd "${0%/*}/.." && exec .venv/bin/python -m "agi_scripts.$(basename "$0" .py)"'
"""Dialplan entry `callback_ended`: an attempt to call somebody back is over, or an announcement is.

The dialplan goes on whatever comes of this: what is not taken here is found in the attempt's fence.
"""

from agi_scripts.classic import run
from agi_scripts.door import BadBurst, Door, moment_in
from agi_scripts.session import AgiSession
from config.settings import load
from ivr.adapters.attempt_fences import parse_name
from ivr.bootstrap import callback_news
from ivr.policy.callback_events import AttemptResult
from ivr.service.callback_ports import AttemptName, CallbackNews

_ARGUMENTS = ("HL_ATTEMPT", "HL_RESULT", "HL_SERVED", "HL_ENDED")


def main(agi: AgiSession, callbacks: CallbackNews) -> None:
    """Arguments: the attempt's name, its result, when a person spoke with the customer (or ''), when it ended."""
    arguments = dict(zip(_ARGUMENTS, agi.arguments, strict=False))
    name = attempt_name(arguments.get("HL_ATTEMPT", ""))
    result = _result(arguments.get("HL_RESULT", ""))
    served_at = moment_in("HL_SERVED", arguments["HL_SERVED"]) if arguments.get("HL_SERVED") else None
    ended_at = moment_in("HL_ENDED", arguments.get("HL_ENDED", ""))
    if name.is_announcement:
        callbacks.told(name, result is AttemptResult.REACHED, ended_at)
    else:
        callbacks.ended(name, result, served_at, ended_at)


def attempt_name(text: str) -> AttemptName:
    """Raises BadBurst."""
    name = parse_name(text)
    if name is None:
        raise BadBurst("HL_ATTEMPT", text)
    return name


def _result(text: str) -> AttemptResult:
    try:
        return AttemptResult(text)
    except ValueError as error:
        raise BadBurst("HL_RESULT", text) from error


def _alone(agi: AgiSession, _door: Door) -> None:
    with callback_news(load()) as callbacks:
        main(agi, callbacks)


if __name__ == "__main__":
    run(_alone)
