"""Carries out what a call's decision says about its agent: one conditional update, so that of two exactly one wins."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from ivr.adapters import sql_agent_statements as say
from ivr.adapters.sql_statement import Statement
from ivr.policy.call import Call
from ivr.policy.commands import CountMiss, Knock, Release, Reserve, StartTalk, StartWrapUp
from ivr.service.ports import ReservationLost

AgentCommand = Reserve | Knock | Release | CountMiss | StartTalk | StartWrapUp


def move_agent(connection: sa.Connection, call: Call, command: AgentCommand, at: datetime) -> None:
    """Raises ReservationLost where somebody else has him."""
    values = {"agent": command.agent, "call": call.call_id, "now": at}
    ways = say.BY_CALL
    match command:
        case Reserve(lease_seconds=seconds):
            _take(say.RESERVE, connection, {**values, "lease": at + timedelta(seconds=seconds)})
        case Knock(lease_seconds=seconds):
            _take(say.KNOCK, connection, {**values, "lease": at + timedelta(seconds=seconds)})
        case Release():
            _first(connection, values, ways.release, ways.to_his_second_call, say.DROP_KNOCK)
        case CountMiss(stand_down=stand_down):
            _first(connection, values, ways.stood_down if stand_down else ways.missed)
        case StartTalk():
            _first(connection, values, say.TALK, say.TAKE_KNOCK)
        case StartWrapUp(seconds=seconds):
            way = ways.wrap_up if seconds > 0 else ways.back
            until = {**values, "until": at + timedelta(seconds=seconds)}
            _first(connection, until, way, ways.to_his_second_call, say.DROP_KNOCK)


def _take(statement: Statement, connection: sa.Connection, values: dict[str, object]) -> None:
    if statement.on(connection, values).rowcount != 1:
        raise ReservationLost


def _first(connection: sa.Connection, values: dict[str, object], *ways: Statement) -> None:
    """The first that is true of him: of two calls the other keeps him, and whoever is late changes nothing."""
    any(way.on(connection, values).rowcount for way in ways)
