"""Who of ours is at a customer's, entered by a manager (R40): the calls from there then count as no customer's."""

from flask import Blueprint, Response, make_response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from ivr.bootstrap.records import RecordDesk
from ivr.policy.record_answers import AnswerError
from ivr.policy.refusal import Refused
from ivr.policy.roles import Role
from ivr.policy.stay import MOST_DAYS
from ivr.service.company_ports import KnownCompany
from ivr.service.visitors import Visitors
from webhooks import record_words
from webhooks.access import allowed, current
from webhooks.call_pages import HIGHEST
from webhooks.record_forms import moment, whole
from webhooks.record_pages import RecordPages


def visitor_blueprint(visitors: Visitors, pages: RecordPages) -> Blueprint:
    """/visitors: the list, an entry, its end."""
    blueprint = Blueprint("visitors", __name__)
    zone = pages.desk.records.rules.timezone

    @blueprint.get("/visitors")
    @allowed(Role.MANAGER)
    def listed() -> str:
        """`company`: the one the entry is for."""
        return _page(visitors, pages, request.args.get("company", ""))

    @blueprint.post("/visitors")
    @allowed(Role.MANAGER)
    def enter() -> AnyResponse:
        form = request.form
        try:
            visitors.enter(
                current().login,
                form.get("engineer", ""),
                whole(form, "company") if form.get("company") else form.get("number", ""),
                moment(form, "from_at", zone),
                moment(form, "until_at", zone),
            )
        except (Refused, AnswerError) as error:
            said = str(error) if isinstance(error, AnswerError) else record_words.refusal(pages.form, error)
            return make_response(_page(visitors, pages, form.get("company", ""), said), 422)
        return _back()

    @blueprint.post("/visitors/<int:stay_id>/end")
    @allowed(Role.MANAGER)
    def end(stay_id: int) -> AnyResponse:
        if stay_id < HIGHEST:
            visitors.end(current().login, stay_id)
        return _back()

    return blueprint


def _back() -> Response:
    return Response(status=303, headers={"Location": "/visitors"})


def _page(visitors: Visitors, pages: RecordPages, company: str, fault: str | None = None) -> str:
    records = pages.desk.records
    return render_template(
        "visitors.html",
        stays=visitors.listed(),
        company=_company(pages.desk, company),
        given=request.form,
        fault=fault,
        team=records.team(),
        local=pages.local,
        now=records.now(),
        most_days=MOST_DAYS,
    )


def _company(desk: RecordDesk, number: str) -> KnownCompany | None:
    if not (number.isascii() and number.isdigit() and len(number) < 16):
        return None
    return desk.records.company(int(number))
