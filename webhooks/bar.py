"""The bar of every page: what he does and since when, what he may choose, and the banner of who was stood down."""

from dataclasses import dataclass

from flask import Blueprint, render_template, request

from ivr.policy.floor import AgentState
from ivr.policy.roles import ON_THE_FLOOR, Role
from ivr.service.agents import AgentError
from ivr.service.desk_state import DeskState, DeskStateError, Snapshot
from ivr.service.live_desk import counters_of
from webhooks.access import allowed, current, idle, someone
from webhooks.moments import milliseconds
from webhooks.words import N_

STATES = {
    AgentState.OFFLINE: N_("离线"),
    AgentState.AVAILABLE: N_("可接"),
    AgentState.RESERVED: N_("来电中"),
    AgentState.TALKING: N_("通话中"),
    AgentState.WRAP_UP: N_("整理中"),
    AgentState.AWAY: N_("离开"),
    AgentState.UNREACHABLE: N_("失联"),
}
AWAY = {
    "break": N_("小休"),
    "lunch": N_("午餐"),
    "training": N_("培训"),
    "meeting": N_("会议"),
}
EXTENSIONS = {
    "record_not_finished": N_("记录还没写完"),
    "customer_asked": N_("在替客户查问题"),
    "colleague_asked": N_("同事要我帮忙"),
    "system_slow": N_("系统慢"),
}
REASONS = {
    **AWAY,
    **EXTENSIONS,
    "missed_ring": N_("连续未接"),
    "page_gone": N_("页面已断开"),
}
BANNERS = {
    (AgentState.AWAY, "missed_ring"): N_(
        "您的电话连续两次响铃没有接，已经不再派来电给您。回到座位后按 F2 恢复。"
    ),
    (AgentState.UNREACHABLE, "page_gone"): N_(
        "您的页面断开超过 15 秒，这段时间不派来电给您；页面连上后自动恢复可接。"
    ),
}
IN_A_CALL = (AgentState.RESERVED, AgentState.TALKING)


@dataclass(frozen=True, kw_only=True)
class Bar:
    """What the template shows; moments in milliseconds since 1970. `own` None: no agent, as an admin."""

    snapshot: Snapshot | None
    on_the_floor: bool
    refusal: str | None = None

    @property
    def state(self) -> AgentState | None:
        """Of who is on the floor."""
        return self.snapshot.own.state if self.snapshot is not None and self.on_the_floor else None

    @property
    def state_words(self) -> str:
        return "" if self.state is None else STATES[self.state]

    @property
    def reason_words(self) -> str | None:
        own = None if self.snapshot is None else self.snapshot.own
        return None if own is None or own.reason is None else REASONS.get(own.reason)

    @property
    def wanted_words(self) -> str | None:
        """What he asked for during this call."""
        own = None if self.snapshot is None else self.snapshot.own
        if own is None or own.wanted is None:
            return None
        return REASONS.get(own.wanted_reason or "", STATES[AgentState(own.wanted)])

    @property
    def since(self) -> int:
        return 0 if self.snapshot is None else milliseconds(self.snapshot.own.since)

    @property
    def until(self) -> int | None:
        """The end of a wrap-up."""
        own = None if self.snapshot is None else self.snapshot.own
        if own is None or own.until is None or own.state is not AgentState.WRAP_UP:
            return None
        return milliseconds(own.until)

    @property
    def may_be_extended(self) -> bool:
        return self.until is not None and self.snapshot is not None and self.snapshot.own.reason is None

    @property
    def counters(self) -> dict[str, object]:
        return {} if self.snapshot is None else counters_of(self.snapshot.counters)

    @property
    def banner(self) -> str | None:
        """Why no call comes to him, where he did not choose it."""
        if self.snapshot is None or self.state is None:
            return None
        return BANNERS.get((self.state, self.snapshot.own.reason or ""))

    @property
    def can_come(self) -> bool:
        """Whether F2 changes anything."""
        return self.state is not AgentState.AVAILABLE and not (self.in_a_call and self.wanted_words is None)

    @property
    def in_a_call(self) -> bool:
        return self.state in IN_A_CALL


def bar_blueprint(desk: DeskState) -> Blueprint:
    """The fragment, and what its buttons say."""
    blueprint = Blueprint("bar", __name__)

    @blueprint.app_context_processor
    def words() -> dict[str, object]:
        return {"desk_bar": lambda: _bar(desk), "away_reasons": AWAY, "extension_reasons": EXTENSIONS}

    @blueprint.get("/desk/bar")
    @allowed(*Role)
    @idle
    def bar() -> str:
        """As it stands; the banner comes along."""
        return _fragment(desk)

    @blueprint.post("/desk/state")
    @allowed(*ON_THE_FLOOR)
    def choose() -> tuple[str, int]:
        """`state`: available, away or offline; `reason` for away. In a call: after it. Ends a wrap-up."""
        state, reason = request.form.get("state", ""), request.form.get("reason") or None
        try:
            desk.choose(current().login, state, reason)
        except AgentError as error:
            return _fragment(desk, str(error)), 422
        return _fragment(desk), 200

    @blueprint.post("/desk/wrap-up")
    @allowed(*ON_THE_FLOOR)
    def extend() -> tuple[str, int]:
        """Longer, once, because of `reason`."""
        try:
            desk.extend_wrap_up(current().login, request.form.get("reason", ""))
        except DeskStateError as error:
            return _fragment(desk, str(error)), 409 if error.field == "state" else 422
        return _fragment(desk), 200

    return blueprint


def _fragment(desk: DeskState, refusal: str | None = None) -> str:
    return render_template("bar_fragment.html", bar=_bar(desk, refusal))


def _bar(desk: DeskState, refusal: str | None = None) -> Bar:
    me = someone()
    snapshot = None if me is None else desk.snapshot(me.login)
    on_the_floor = me is not None and me.role in ON_THE_FLOOR and snapshot is not None
    return Bar(snapshot=snapshot, on_the_floor=on_the_floor, refusal=refusal)
