"""/desk/callbacks: what an agent still has to call or to see to, the most overdue first, and what came of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, abort, render_template, request

from config.policy import load_rules
from config.settings import Settings
from ivr.bootstrap.callers import by_hand, callback_desk
from ivr.policy.callback_events import AttemptResult
from ivr.policy.caller_card import formatted
from ivr.policy.roles import ON_THE_FLOOR
from ivr.policy.rules import Rules
from ivr.service.callback_desk import CallbackDesk, ToDo
from ivr.service.callback_desk_ports import DueCallback, RingBackResult
from ivr.service.callbacks_by_hand import RESULTS, CallbacksByHand, NotYoursError
from ivr.service.promises_by_hand import PromisesByHand
from webhooks.access import allowed, current
from webhooks.due_moments import Moments
from webhooks.words import N_, _

ByHand = Callable[[], tuple[CallbacksByHand, PromisesByHand]]
_LARGEST_ID = 2**63 - 1
_TRIED = {
    "reached": N_("已通话"),
    "busy": N_("占线"),
    "no_answer": N_("没有人接"),
    "voicemail": N_("语音信箱"),
    "refused_by_network": N_("打不通"),
    "cut_off": N_("刚接通就断了"),
    "wrong_number": N_("号码不对"),
    "not_needed": N_("不用再打"),
}
_NO_RESULT = N_("没有打成")
_STATES = {"pending": N_("等待回电"), "dialing": N_("正在打")}
_REASONS = {
    "abandoned": N_("没有等到人接就挂了"),
    "attempts_used": N_("打了几次都没有打通"),
    "no_slot_left": N_("没有可以打的时间了"),
    "perhaps_called": N_("可能已经打过，先核对"),
    "interrupted": N_("几次都中断了"),
    "number_refused": N_("系统不能拨打这个号码"),
    "no_route": N_("没有可用的线路"),
    "nobody_in_time": N_("约定的时间内没有人能打"),
}
_OTHER_REASON = N_("留下了号码")
_VISITS = {"requested": N_("等负责人批准"), "approved": N_("已批准，待约时间"), "scheduled": N_("已约好")}
_TOO_LATE = N_("没有改变：别人已经先做了，或者现在不能做。")


@dataclass(frozen=True, kw_only=True)
class Words:
    """What the template asks for words of."""

    now: datetime
    moments: Moments

    def clock(self, moment: datetime) -> str:
        return self.moments.clock(moment, self.now)

    def late(self, moment: datetime) -> str:
        return self.moments.lateness(moment, self.now)

    def is_late(self, moment: datetime) -> bool:
        return moment < self.now

    def number(self, number: str | None) -> str:
        return formatted(number) or _("号码不显示")

    def tried(self, result: str | None) -> str:
        return "" if result is None else _(_TRIED.get(result, _NO_RESULT))

    def state(self, callback: DueCallback) -> str:
        return _(_STATES.get(callback.state, _NO_RESULT))

    def reason(self, reason: str) -> str:
        return _(_REASONS.get(reason, _OTHER_REASON))

    def visit(self, state: str) -> str:
        return _(_VISITS.get(state, _NO_RESULT))


def callback_blueprints(settings: Settings) -> Iterator[Blueprint]:
    """The area's pages over this installation."""
    rules = load_rules(settings)
    yield callback_blueprint(callback_desk(settings), by_hand(settings, rules), rules)


def callback_blueprint(desk: CallbackDesk, books: ByHand, rules: Rules) -> Blueprint:
    """The page, its list, and the buttons on it; every button answers with the list as it stands then."""
    blueprint = Blueprint("callbacks", __name__)
    pages = _Pages(desk, rules)
    _add_lists(blueprint, pages)
    _add_ring_backs(blueprint, pages, desk)
    _add_by_hand(blueprint, pages, books)
    return blueprint


class _Pages:
    """What every view here answers with."""

    def __init__(self, desk: CallbackDesk, rules: Rules) -> None:
        self._desk = desk
        self._rules = rules
        self._moments = Moments(rules)

    def listed(self, said: str = "", template: str = "callback_list.html") -> str:
        to_do: ToDo = self._desk.to_do(current().login)
        return render_template(
            template,
            to_do=to_do,
            words=Words(now=to_do.now, moments=self._moments),
            said=said,
            rules=self._rules,
            by_hand_results=RESULTS,
            ring_back_results=tuple(RingBackResult),
        )

    def after(self, work: Callable[[], object]) -> str:
        """The list once that is done, or with a word about why nothing was."""
        try:
            changed = work()
        except NotYoursError:
            changed = False
        return self.listed("" if changed else _(_TOO_LATE))


def _add_lists(blueprint: Blueprint, pages: _Pages) -> None:
    @blueprint.get("/desk/callbacks")
    @allowed(*ON_THE_FLOOR)
    def page() -> str:
        return pages.listed(template="callbacks.html")

    @blueprint.get("/desk/callbacks/list")
    @allowed(*ON_THE_FLOOR)
    def rows() -> str:
        return pages.listed()


def _add_ring_backs(blueprint: Blueprint, pages: _Pages, desk: CallbackDesk) -> None:
    @blueprint.post("/desk/ring-backs/<int:call_id>")
    @allowed(*ON_THE_FLOOR)
    def rung_back(call_id: int) -> str:
        try:
            said = RingBackResult(request.form.get("result", ""))
        except ValueError:
            abort(400, "result")
        return pages.after(lambda: desk.rung_back(current().login, _fits(call_id), said))


def _add_by_hand(blueprint: Blueprint, pages: _Pages, books: ByHand) -> None:
    @blueprint.post("/desk/callbacks/<int:callback_id>/take")
    @allowed(*ON_THE_FLOOR)
    def take(callback_id: int) -> str:
        return pages.after(lambda: books()[0].take(_fits(callback_id), current().login))

    @blueprint.post("/desk/callbacks/<int:callback_id>/result")
    @allowed(*ON_THE_FLOOR)
    def result(callback_id: int) -> str:
        said = _result()
        return pages.after(lambda: books()[0].settle(_fits(callback_id), said, current().login))

    @blueprint.post("/desk/promises/<int:promise_id>/kept")
    @allowed(*ON_THE_FLOOR)
    def kept(promise_id: int) -> str:
        return pages.after(lambda: books()[1].kept(_fits(promise_id), current().login))


def _fits(key: int) -> int:
    """A number no database of ours can hold is nobody's."""
    if key > _LARGEST_ID:
        abort(404)
    return key


def _result() -> AttemptResult:
    """Only what an agent can say of an attempt of his."""
    said = request.form.get("result", "")
    if said not in set(RESULTS):
        abort(400, "result")
    return AttemptResult(said)
