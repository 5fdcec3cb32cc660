"""The book of calls that Twilio places for us, in SQL: each step one conditional update, so that it happens once.

Whether the customer is dialled is decided together with his callback's own row: never while he is on our line himself,
never for an attempt that is over.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam

from ivr.adapters.attempt_fences import parse_name
from ivr.adapters.sql_call_statements import FIND
from ivr.adapters.sql_callback_schema import callbacks, twilio_attempts
from ivr.adapters.sql_engine import create_engine, read_engine, what_failed
from ivr.adapters.sql_schema import Moment
from ivr.adapters.sql_statement import Statement
from ivr.policy.callback import CallbackState
from ivr.policy.callback_events import AttemptResult
from ivr.policy.routes import Route
from ivr.service.callback_ports import AttemptName
from ivr.service.placed_call_ports import PlacedCall
from ivr.service.ports import BookUnavailable

_AT: Any = bindparam("at", type_=Moment())
_its = twilio_attempts.c
_mine = _its.name == bindparam("its_name")
_running = _its.result.is_(None)
_is_being_dialled = (
    sa.exists()
    .where(
        callbacks.c.id == _its.callback_id,
        callbacks.c.epoch == _its.epoch,
        callbacks.c.state == CallbackState.DIALING.value,
        callbacks.c.joined_call.is_(None),  # nobody rings a customer who is on our line
    )
    .correlate(twilio_attempts)
)
_columns = (
    "name callback_id epoch rung customer customer_seconds prompts not_after_at ordered_at sid stopped"
    " asked_at dialled_at served_at result ended_at"
)
_ORDER = Statement(sa.insert(twilio_attempts).values({name: bindparam(name) for name in _columns.split()}))
_FIND = Statement(sa.select(twilio_attempts).where(_mine))
_KNOWS = Statement(sa.select(_its.name).where(_its.sid == bindparam("its_sid")))
_TAKEN_AS = Statement(
    sa.update(twilio_attempts).where(_mine, _its.sid.is_(None)).values(sid=bindparam("its_sid"))
)
_ASKED = Statement(
    sa.update(twilio_attempts)
    .where(_mine, _its.asked_at.is_(None), sa.or_(_its.sid.is_(None), _its.sid == bindparam("its_sid")))
    .values(asked_at=_AT, sid=bindparam("its_sid"))
)
_DIAL = Statement(
    sa.update(twilio_attempts)
    .where(
        _mine,
        _running,
        _its.dialled_at.is_(None),
        sa.not_(_its.stopped),
        _its.not_after_at > _AT,
        sa.or_(_its.sid.is_(None), _its.sid == bindparam("its_sid")),
        _is_being_dialled,
    )
    .values(dialled_at=_AT, sid=bindparam("its_sid"))
)
_SERVE = Statement(
    sa.update(twilio_attempts).where(_mine, _running, _its.served_at.is_(None)).values(served_at=_AT)
)
_END = Statement(
    sa.update(twilio_attempts).where(_mine, _running).values(result=bindparam("its_result"), ended_at=_AT)
)
_CLOSE = Statement(
    sa.update(twilio_attempts)
    .where(_mine, _running, _its.dialled_at.is_(None), _its.served_at.is_(None))
    .values(result=bindparam("its_result"), ended_at=_AT)
)
_STOP = Statement(sa.update(twilio_attempts).where(_mine).values(stopped=True))


class SqlPlacedCalls:
    """PlacedCalls over one database; short transactions beside the call book's own."""

    def __init__(self, url: str) -> None:
        self._writers = create_engine(url, on_call_path=True)
        self._readers = read_engine(url, on_call_path=True)

    def order(self, call: PlacedCall) -> bool:
        values = {**_row(call), "sid": call.sid, "stopped": False}
        nothing_yet = dict.fromkeys(("asked_at", "dialled_at", "served_at", "result", "ended_at"))
        try:
            with _said(), self._writers.begin() as connection:
                if _FIND.on(connection, {"its_name": str(call.name)}).first is not None:
                    return False
                _ORDER.on(connection, values | nothing_yet)
        except sa.exc.IntegrityError:
            return False
        return True

    def find(self, name: AttemptName) -> PlacedCall | None:
        with _said(), self._readers.connect() as connection:
            row = _FIND.on(connection, {"its_name": str(name)}).first
        return None if row is None else _placed(row)

    def knows(self, sid: str) -> bool:
        with _said(), self._readers.connect() as connection:
            return _KNOWS.on(connection, {"its_sid": sid}).first is not None

    def is_call(self, sid: str) -> bool:
        """WhoseLegs."""
        with _said(), self._readers.connect() as connection:
            return FIND.on(connection, {"door": "twilio", "ref": sid}).first is not None

    def attempt_of(self, sid: str) -> AttemptName | None:
        """WhoseLegs; of an announcement nobody spoke."""
        with _said(), self._readers.connect() as connection:
            row = _KNOWS.on(connection, {"its_sid": sid}).first
        name = None if row is None else parse_name(row.name)
        return None if name is None or name.is_announcement else name

    def taken_as(self, name: AttemptName, sid: str) -> None:
        self._write(_TAKEN_AS, name, its_sid=sid)

    def asked(self, name: AttemptName, sid: str, at: datetime) -> None:
        self._write(_ASKED, name, its_sid=sid, at=at)

    def dial(self, name: AttemptName, sid: str, at: datetime) -> bool:
        return self._write(_DIAL, name, its_sid=sid, at=at)

    def serve(self, name: AttemptName, at: datetime) -> None:
        self._write(_SERVE, name, at=at)

    def end(self, name: AttemptName, result: AttemptResult, at: datetime) -> bool:
        statement = _CLOSE if result is AttemptResult.NOT_PLACED else _END
        return self._write(statement, name, its_result=result.value, at=at)

    def stop(self, name: AttemptName) -> None:
        self._write(_STOP, name)

    def close(self) -> None:
        """Its connections."""
        self._writers.dispose()
        self._readers.dispose()

    def _write(self, statement: Statement, name: AttemptName, **values: Any) -> bool:
        with _said(), self._writers.begin() as connection:
            return statement.on(connection, {"its_name": str(name), **values}).rowcount == 1


@contextmanager
def _said() -> Iterator[None]:
    try:
        yield
    except sa.exc.IntegrityError:
        raise
    except sa.exc.SQLAlchemyError as error:
        raise BookUnavailable(what_failed(error)) from error


def _row(call: PlacedCall) -> dict[str, Any]:
    return {
        "name": str(call.name),
        "callback_id": call.name.callback_id,
        "epoch": None if call.name.is_announcement else call.name.number,
        "rung": call.rung,
        "customer": call.customer,
        "customer_seconds": round(call.customer_seconds),
        "prompts": " ".join(call.prompts),
        "not_after_at": call.not_after_at,
        "ordered_at": call.ordered_at,
    }


def _placed(row: Any) -> PlacedCall:
    name = parse_name(row.name)
    assert name is not None
    return PlacedCall(
        name=replace(name, route=Route.TWILIO),
        rung=row.rung,
        customer=row.customer,
        customer_seconds=float(row.customer_seconds),
        prompts=tuple(row.prompts.split()),
        not_after_at=row.not_after_at,
        ordered_at=row.ordered_at,
        sid=row.sid,
        stopped=bool(row.stopped),
        asked_at=row.asked_at,
        dialled_at=row.dialled_at,
        served_at=row.served_at,
        result=None if row.result is None else AttemptResult(row.result),
        ended_at=row.ended_at,
    )
