"""What an agent does who calls a customer back by hand, inside the call book's own transactions."""

from dataclasses import dataclass
from datetime import datetime

from ivr.adapters import sql_agent_statements as of_agents
from ivr.adapters import sql_callback_statements as ask
from ivr.adapters import sql_promise_statements as given
from ivr.adapters.sql_call_statements import CLOSE_RING_BACK
from ivr.adapters.sql_floor import SqlFloorUnit
from ivr.policy.callback import Callback, CallbackState
from ivr.policy.floor import AgentState
from ivr.service.live_ports import EVERYBODY, LiveKind
from ivr.service.ports import ReservationLost
from ivr.service.promises_by_hand import GivenPromise, Listed


@dataclass(kw_only=True)
class SqlByHandUnit(SqlFloorUnit):
    """ByHandUnit and PromiseUnit over one open transaction."""

    def take_by_hand(self, callback: Callback, agent: str, at: datetime, until: datetime) -> None:
        """He is this callback's; raises ReservationLost where he is not to be had."""
        values = {"call": callback.call_id, "callback": callback.callback_id, "lease": until}
        taken = of_agents.TAKE_BY_HAND.on(self.connection, values | {"agent": agent, "now": at})
        if taken.rowcount != 1:
            raise ReservationLost
        self.tidings.add(agent, LiveKind.STATE, callback.call_id, callback.callback_id)
        self.tidings.add(EVERYBODY, LiveKind.LINE)

    def state_of(self, agent: str) -> AgentState | None:
        """None where nobody has that login."""
        row = of_agents.STATE_OF.on(self.connection, {"agent": agent}).first
        return None if row is None else AgentState(row.state)

    def promise(self, promise_id: int) -> GivenPromise | None:
        row = given.PROMISE.on(self.connection, {"id": promise_id}).first
        if row is None:
            return None
        return GivenPromise(
            promise_id=row.id,
            call_id=row.call_id,
            callback_id=row.callback_id,
            callback=None if row.callback is None else CallbackState(row.callback),
            kept_at=row.kept_at,
            owner=row.owner,
        )

    def keep_promise(self, promise: GivenPromise, agent: str, at: datetime) -> None:
        """The customer was called by him, and nobody else has to."""
        kept = {"id": promise.promise_id, "owner": agent, "at": at}
        if given.KEEP_PROMISE.on(self.connection, kept).rowcount == 1:
            ask.CALLED.on(self.connection, {"id": promise.callback_id, "at": at})
        self.tidings.add(EVERYBODY, LiveKind.CALLBACKS)
        CLOSE_RING_BACK.on(self.connection, {"call_id": promise.call_id})

    def listed(self, ring_back_id: int) -> Listed | None:
        row = given.LISTED.on(self.connection, {"id": ring_back_id}).first
        return None if row is None else Listed(ring_back_id=row.id, promise_id=row.promise_id)

    def take_off_the_list(self, ring_back_id: int, agent: str) -> None:
        """He has called; the first who says so counts."""
        values = {"id": ring_back_id, "agent": agent, "now": self.clock.now()}
        given.RUNG_BACK.on(self.connection, values)

    def words_of(self, callback_id: int) -> str:
        """What the customer was promised, as he heard it."""
        row = given.WORDS_OF.on(self.connection, {"id": callback_id}).first
        return "" if row is None else str(row.said_text)
