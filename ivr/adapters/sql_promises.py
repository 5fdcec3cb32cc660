"""A callback promised: the callback, the promise and the row that has it logged, in the transaction of its call."""

from datetime import datetime

from ivr.adapters import sql_callback_statements as ask
from ivr.adapters.sql_call_statements import ADD_OUTBOX
from ivr.adapters.sql_callbacks import SqlCallbackUnit
from ivr.adapters.sql_promise_statements import ADD_PROMISE
from ivr.policy.call import Call
from ivr.policy.callback import CallbackState
from ivr.policy.callback_guard import prefix
from ivr.policy.commands import PromiseCallback
from ivr.service.callback_book import LOG_CALLBACK
from ivr.service.ports import ReservationLost

KIND, SERVER = "callback", "server"


def promise_callback(unit: SqlCallbackUnit, call: Call, command: PromiseCallback, at: datetime) -> int:
    """The new callback's id. Raises ReservationLost where this number was promised one a moment ago."""
    connection = unit.connection
    if ask.OPEN_OF_NUMBER.on(connection, {"number": command.number}).first is not None:
        raise ReservationLost
    row = {
        "call_id": call.call_id,
        "number": command.number,
        "prefix": prefix(command.number),
        "state": CallbackState.PENDING.value,
        "presented_at": call.in_line_since,
        "promised_at": at,
        "consent_at": command.consent_at,
        "due_at": command.due_at,
        "first_due_at": command.due_at,
        "next_at": command.not_before_at,
        "epoch": 0,
        "by_hand": False,
        "announcements": 0,
    }
    callback_id = int(ask.ADD_CALLBACK.on(connection, row).rows[0].id)
    said = {
        "call_id": call.call_id,
        "callback_id": callback_id,
        "kind": KIND,
        "said_text": "".join(unit.words.get(key, key) for key in command.said_prompts),
        "made_by": SERVER,
        "made_at": at,
        "due_at": command.due_at,
        "owner": None,
        "state": "open",
    }
    ADD_PROMISE.on(connection, said)
    ADD_OUTBOX.on(connection, {"topic": LOG_CALLBACK, "ref": callback_id, "created_at": unit.clock.now()})
    return callback_id
