#!/usr/bin/env -S sh -c 'cd "${0%/*}/.." && exec .venv/bin/python -m "agi_scripts.$(basename "$0" .py)"'
"""Dialplan entry `callback_rating`: a customer we called back is still there after the agent has hung up.

First whether he is asked what he thinks of us, then what he pressed.
"""

from agi_scripts.callback_ended import attempt_name
from agi_scripts.classic import run
from agi_scripts.door import BadBurst, Door
from agi_scripts.session import AgiSession
from config.policy import load_rules
from config.settings import load
from ivr.adapters.system_clock import SystemClock
from ivr.bootstrap import call_book
from ivr.policy.commands import LineCommand
from ivr.service.callback_ratings import CallbackRatings

ASK = "ask"
_ARGUMENTS = ("HL_ATTEMPT", "HL_TURN")


def main(agi: AgiSession, door: Door, ratings: CallbackRatings) -> None:
    """Arguments: the attempt's name; `ask`, or his key. The second is the sentinel too."""
    arguments = dict(zip(_ARGUMENTS, agi.arguments, strict=False))
    turn = arguments.get("HL_TURN", "")
    commands = _commands(arguments.get("HL_ATTEMPT", ""), turn, ratings)
    agi.set_variables({**door.verbs(commands), "HL_DONE": turn})


def _commands(attempt: str, turn: str, ratings: CallbackRatings) -> tuple[LineCommand, ...]:
    name = attempt_name(attempt)
    if name.is_announcement:
        raise BadBurst("HL_ATTEMPT", attempt)
    if turn == ASK:
        return ratings.question(name)
    if len(turn) != 1 or not turn.isascii():
        raise BadBurst("HL_TURN", turn)
    return ratings.answered(name, turn)


def _alone(agi: AgiSession, door: Door) -> None:
    settings = load()
    rules = load_rules(settings)
    book = call_book(settings, rules)
    try:
        main(agi, door, CallbackRatings(book, SystemClock(), rules))
    finally:
        book.close()


if __name__ == "__main__":
    run(_alone)
