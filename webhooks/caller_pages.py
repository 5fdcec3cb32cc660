"""The desk's left column: who calls. It only words what ivr.service.caller_card has found out."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import Blueprint, Response, abort, make_response, render_template, request

from config.policy import load_rules
from config.settings import Settings
from ivr.bootstrap.callers import caller_cards, company_choice
from ivr.policy.caller_card import Agreed, Heard, HeardFact, Why
from ivr.policy.roles import ON_THE_FLOOR
from ivr.policy.rules import Rules
from ivr.service.caller_card import Before, CallerCards, Card, Stage
from ivr.service.company_choice import CompanyChoice
from webhooks.access import allowed, current
from webhooks.due_moments import Moments
from webhooks.moments import milliseconds
from webhooks.words import N_, _, language

_LARGEST_ID = 2**63 - 1
_RINGS = {1: N_("第一声"), 2: N_("第二声"), 3: N_("第三声")}
_LATER_RING = N_("三声以后")
_STAGES = {
    Stage.RINGING: N_("来电"),
    Stage.CALLING_BACK: N_("给客户回电"),
    Stage.TALKING: N_("通话中"),
    Stage.WRAP_UP: N_("整理记录"),
}
_AGREED = {Agreed.VALID: N_("有效"), Agreed.EXPIRED: N_("已过期"), Agreed.NONE: N_("没有服务协议")}
_WHY = {
    Why.SHARED: N_("同一个号码"),
    Why.RECORD: N_("以前用这个号码来过电"),
    Why.SWITCHBOARD: N_("同一个总机"),
    Why.EXTENSION: N_("这个号码的分机"),
}
_HEARD = {
    Heard.NOTHING: N_("只听到回铃音，还没有人对他说过话"),
    Heard.GREETING: N_("听到了问候"),
    Heard.APOLOGY: N_("听到了道歉和原因：线路都忙"),
    Heard.POSITION: N_("听到前面还有 %(number)s 位"),
    Heard.WAIT: N_("听到大约要等 %(number)s 分钟"),
    Heard.WAIT_CHANGED: N_("后来听到还要等 %(number)s 分钟"),
    Heard.OFFERED: N_("可以改为 %(at)s 前回电，他没有选"),
    Heard.PROMISED: N_("已约定 %(at)s 前给他回电"),
    Heard.JOINED: N_("约定的回电还没有到，他又打来了：今天第 %(number)s 次"),
    Heard.HELD: N_("从 %(at)s 起听音乐等候"),
    Heard.PASSED_OVER: N_("已有 %(number)s 位同事没有接到"),
}
_ENDED = {
    "solved": N_("已解决"),
    "promise": N_("已承诺答复"),
    "visit": N_("上门"),
    "complaint": N_("投诉"),
    "wrong_number": N_("打错"),
    "business": N_("非业务"),
}
_OPEN, _CLOSED = N_("未结"), N_("已结")


@dataclass(frozen=True, kw_only=True)
class Words:
    """What the template asks for words of."""

    before: Before
    moments: Moments

    def stage(self, card: Card) -> str:
        return _(_STAGES[card.stage])

    def ring(self, card: Card) -> str:
        """In words; empty once somebody or something has picked up."""
        return "" if card.ring is None else _(_RINGS.get(card.ring, _LATER_RING))

    def rings(self) -> str:
        """All of them, for the page to count on by itself."""
        return "|".join(_(word) for word in (*_RINGS.values(), _LATER_RING))

    def agreed(self, card: Card) -> str:
        return _(_AGREED[card.known.agreed])

    def why(self, why: Why) -> str:
        return _(_WHY[why])

    def heard(self, fact: HeardFact) -> str:
        at = "" if fact.at is None else self.clock(fact.at)
        return _(_HEARD[fact.kind]) % {"number": fact.number, "at": at}

    def ended(self, state: str, disposition: str | None) -> str:
        """How a record stands: its end where we have a word for it."""
        unnamed = _CLOSED if state == "closed" else _OPEN
        return _(_ENDED.get(disposition or "", unnamed))

    def clock(self, moment: object) -> str:
        return self.moments.clock(moment, self.before.now)  # type: ignore[arg-type] # the template's own moments

    def late(self, moment: object) -> str:
        return self.moments.lateness(moment, self.before.now)  # type: ignore[arg-type] # likewise

    def name(self, card: Card) -> str:
        """What the caller is called in one breath."""
        company = card.known.company
        return company.name if company else (card.number or _("号码不显示"))

    def said_aloud(self, card: Card) -> str:
        """Once, to whoever hears the page: who it is and how it rings."""
        again = self.ring(card) or _("等候的来电")
        return (
            f"{self.stage(card)} {self.name(card)} {again}"
            if card.stage is Stage.RINGING
            else self.name(card)
        )


def caller_blueprints(settings: Settings) -> Iterator[Blueprint]:
    """The area's pages over this installation."""
    rules = load_rules(settings)
    cards = caller_cards(settings, rules)
    yield caller_blueprint(cards, company_choice(settings, cards), rules)


def caller_blueprint(cards: CallerCards, choice: CompanyChoice, rules: Rules) -> Blueprint:
    """/desk/caller and what is chosen there."""
    blueprint = Blueprint("caller", __name__)
    moments = Moments(rules)

    def shown() -> str:
        before = cards.of(current().login, language())
        words = Words(before=before, moments=moments)
        return render_template(
            "caller.html", before=before, words=words, rules=rules, ms=milliseconds, Stage=Stage
        )

    @blueprint.get("/desk/caller")
    @allowed(*ON_THE_FLOOR)
    def caller() -> str:
        return shown()

    @blueprint.post("/desk/caller/company")
    @allowed(*ON_THE_FLOOR)
    def company() -> Response:
        """Whose number it is; what is not his to say changes nothing."""
        chosen = choice.choose(current().login, _id("call_id"), _id("company_id"))
        answer = make_response(shown())
        if chosen:
            answer.headers["HX-Trigger"] = "caller:company"
        return answer

    return blueprint


def _id(field: str) -> int:
    value = request.form.get(field, "")
    if not (value.isascii() and value.isdigit() and 0 < int(value[:20]) <= _LARGEST_ID):
        abort(400, field)
    return int(value)
