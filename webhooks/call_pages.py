"""/calls: the calls behind a figure. Numbers are whole for managers and masked for everybody else."""

from flask import Blueprint, abort, render_template, request

from ivr.policy.masking import masked
from ivr.policy.metrics import Part
from ivr.policy.roles import Role
from ivr.policy.rules import Rules
from ivr.service.call_list import WAITING, CallList, ListedCall
from webhooks import board_words as words
from webhooks.access import allowed, current
from webhooks.words import N_

OUTCOMES = {
    "in_progress": N_("进行中"),
    "served": N_("有人接听"),
    "callback": N_("约了回电"),
    "fallback": N_("应急或记号码"),
    "abandoned": N_("未接通而挂断"),
    "rejected": N_("拒绝"),
}
HIGHEST = 2**53


def call_blueprint(calls: CallList, rules: Rules) -> Blueprint:
    """One page."""
    blueprint = Blueprint("calls", __name__)

    @blueprint.get("/calls")
    @allowed(Role.AGENT, Role.MANAGER, Role.ADMIN)
    def listed() -> str:
        figure, before = request.args.get("figure", "offered"), request.args.get("before", type=int)
        missed = request.args.get("only") == "missed"
        if figure != WAITING and figure not in words.BEHIND_IT:
            abort(404)
        if before is not None and not 0 < before < HIGHEST:
            abort(400)
        page = calls.waiting() if figure == WAITING else calls.behind(figure, before, missed)
        return render_template(
            "calls.html",
            page=page,
            figure=figure,
            missed=missed,
            shares=any(each.part in {Part.MADE, Part.MISSED} for each in page.calls) or missed,
            number=_number,
            words=words,
            rules=rules,
            outcomes=OUTCOMES,
        )

    return blueprint


def _number(call: ListedCall) -> str:
    caller = call.caller or ""
    return caller if current().role is Role.MANAGER else masked(caller)
