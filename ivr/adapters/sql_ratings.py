"""What callers think of us: that one was asked, in a call or when called back, and what he answered (R3)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ivr.adapters import sql_promise_statements as given
from ivr.adapters.sql_callbacks import SqlCallbackUnit
from ivr.adapters.sql_guard import midnight
from ivr.policy.call import Call, Phase
from ivr.service.callback_ports import AttemptName


def ask_rating(connection: sa.Connection, call: Call, at: datetime) -> None:
    """He is asked in this call, once."""
    if given.RATED_ALREADY.on(connection, {"call_id": call.call_id}).first is None:
        given.ADD_RATING.on(connection, {"call_id": call.call_id, "caller": call.number, "at": at})


def rate(connection: sa.Connection, call: Call, score: int) -> None:
    """What he pressed."""
    given.RATE.on(connection, {"call_id": call.call_id, "score": score})


@dataclass(kw_only=True)
class SqlRatingUnit(SqlCallbackUnit):
    """The part of CallUnit that knows who was asked today."""

    def ask_customer(self, name: AttemptName, at: datetime) -> bool:
        his = self._customer(name)
        if his is None or self._was_asked(his.number, at):
            return False
        if given.RATED_ALREADY.on(self.connection, {"call_id": his.call_id}).first is not None:
            return False
        asked = {"call_id": his.call_id, "caller": his.number, "agent": his.agent, "at": at}
        given.ADD_CUSTOMERS_RATING.on(self.connection, {**asked, "callback_id": name.callback_id})
        return True

    def rate_customer(self, name: AttemptName, score: int) -> bool:
        if self._customer(name) is None:
            return False
        rated = given.RATE_CALLBACK.on(self.connection, {"id": name.callback_id, "score": score})
        return rated.rowcount == 1

    def _customer(self, name: AttemptName) -> Any:
        """None where the name is that of another database's."""
        its = {"callback_id": name.callback_id, "epoch": name.number, "nonce": name.nonce}
        return given.CUSTOMER_OF.on(self.connection, its).first

    def _unrated(self, call: Call, now: datetime) -> bool:
        """Whether this caller may be asked what he thinks of us: once a day, looked at when his talk is over."""
        if call.phase is not Phase.TALKING or not self.rules.satisfaction:
            return False
        return call.number is None or not self._was_asked(call.number, now)

    def _was_asked(self, number: str, now: datetime) -> bool:
        asked = {"caller": number, "midnight": midnight(now, self.rules)}
        return given.ASKED_SINCE.on(self.connection, asked).first is not None
