"""A company's file and the search for one (R45). Everybody reads; managers keep the contacts."""

from typing import Final

from flask import Blueprint, Response, abort, make_response, render_template, request

from ivr.policy.roles import Role
from ivr.policy.rules import Rules
from ivr.service.companies import Companies, ContactError, Expiry
from webhooks import board_words as words
from webhooks.access import allowed, current
from webhooks.call_pages import HIGHEST, OUTCOMES
from webhooks.words import N_, _

READERS: Final = (Role.AGENT, Role.MANAGER)
EXPIRIES: Final = {
    "none": N_("未签服务协议"),
    "unknown": N_("有协议，截止日期未登记"),
    "valid": N_("有效，还有 {days} 天"),
    "soon": N_("即将到期，还有 {days} 天"),
    "expired": N_("已过期 {days} 天"),
}
TONES: Final = {"none": "quiet", "unknown": "watch", "valid": "good", "soon": "watch", "expired": "alarm"}
KINDS: Final = {
    "promise": N_("答应的事"),
    "visit": N_("上门服务"),
    "complaint": N_("客户投诉"),
    "callback": N_("回电"),
}
FAULTS: Final = {
    "number": N_("电话号码：请写成 010-12345678 或 13800138000。"),
    "contact": N_("联系人：一行，最多 80 个字。"),
    "company": N_("这家企业已经不在了。"),
}


def company_blueprint(companies: Companies, rules: Rules) -> Blueprint:
    """Search, file, contacts."""
    blueprint = Blueprint("companies", __name__)

    def file(company_id: int, fault: str | None = None) -> str:
        found = companies.file(company_id) if company_id < HIGHEST else None
        if found is None:
            abort(404)
        stands = companies.expiry(found.agreement, found.agreement_expires_on)
        return render_template(
            "company.html",
            company=found,
            agreement=_said(stands),
            tone=TONES[stands.word],
            manages=current().role is Role.MANAGER,
            fault=fault,
            kinds=KINDS,
            outcomes=OUTCOMES,
            words=words,
            rules=rules,
        )

    @blueprint.get("/companies")
    @allowed(*READERS)
    def search() -> str:
        typed = request.args.get("q", "")[:200]
        hits = [
            (hit, _said(stands), TONES[stands.word])
            for hit in companies.find(typed)
            for stands in (companies.expiry(hit.agreement, hit.agreement_expires_on),)
        ]
        return render_template("companies.html", typed=typed, hits=hits)

    @blueprint.get("/companies/<int:company_id>")
    @allowed(*READERS)
    def show(company_id: int) -> str:
        return file(company_id)

    @blueprint.post("/companies/<int:company_id>/contacts")
    @allowed(Role.MANAGER)
    def keep(company_id: int) -> Response:
        number, me = request.form.get("number", ""), current().login
        try:
            if request.form.get("drop"):
                companies.drop_number(me, company_id, number)
            else:
                companies.set_contact(me, company_id, number, request.form.get("contact", ""))
        except ContactError as error:
            return make_response(file(company_id, _(FAULTS[error.field])), 400)
        return Response(status=303, headers={"Location": f"/companies/{company_id}"})

    return blueprint


def _said(stands: Expiry) -> str:
    return _(EXPIRIES[stands.word]).format(days=stands.days)
