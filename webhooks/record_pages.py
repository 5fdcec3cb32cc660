"""The record at the desk: its form, its drafts, what to say. Pages only translate; nothing is decided here.

A fragment that is asked for again while somebody types in it brings only what stands beside the form.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, jsonify, render_template, request

from ivr.bootstrap.records import RecordDesk
from ivr.policy.phrases import FORBIDDEN, lint
from ivr.policy.record_answers import NOT_ASKED, AnswerError
from ivr.policy.refusal import Refused
from ivr.policy.roles import ON_THE_FLOOR, Role
from ivr.policy.say import DIAGNOSIS
from ivr.policy.visit import VisitState
from ivr.service.company_ports import KnownCompany
from ivr.service.desk_records import By, RecordUnknownError, RecordView, StaleDraftError
from webhooks import record_words as words
from webhooks.access import allowed, current
from webhooks.record_forms import answers_in, whole
from webhooks.words import _

LONGEST_CHECKED = 4000


def by() -> By:
    """Whose request this is."""
    person = current()
    return By(login=person.login, manager=person.role is Role.MANAGER)


class RecordPages:
    """What the views of records share: the services, and how a record is drawn."""

    def __init__(self, desk: RecordDesk) -> None:
        self.desk = desk
        self.form = desk.records.form

    def view(self, record_id: int) -> RecordView:
        """That record; a page that is not there where there is none."""
        try:
            return self.desk.records.view(by(), record_id)
        except RecordUnknownError:
            abort(404)

    def drawn(self, view: RecordView) -> str:
        """The whole record."""
        return render_template("record.html", **self.shown(view))

    def beside(self, view: RecordView, have: str) -> Response:
        """What stands beside the form of a page that shows `have`, another state of this record or another record."""
        record_id, version = [*have.split("."), ""][:2]
        other = record_id != str(view.record.id)
        newer = not other and version != str(view.record.version)
        drawn = render_template("record_beside.html", **self.shown(view), oob=True, other=other, newer=newer)
        return Response(drawn, headers={"HX-Reswap": "none"})

    def shown(self, view: RecordView) -> dict[str, Any]:
        """Everything the templates of a record ask for."""
        records = self.desk.records
        return {
            "view": view,
            "record": view.record,
            "answers": view.record.answers,
            "around": view.around,
            "form": self.form,
            "stamp": stamp(view),
            "label": lambda name: words.label(self.form, name),
            "local": self.local,
            "now": records.now(),
            "today": records.today(),
            "team": records.team(),
            "bureaus": records.bureaus(),
            "offered": self.desk.endings.offered_times(),
            "sentence": {one.step: one for one in records.sentences()},
            "words": words,
            "VisitState": VisitState,
            "NOT_ASKED": NOT_ASKED,
            "agreement_said": lambda company: agreement_said(company, self),
            "by": by(),
        }

    def local(self, moment: datetime, form: str = "%m-%d %H:%M") -> str:
        """On the hotline's own clock."""
        return moment.astimezone(ZoneInfo(self.desk.records.rules.timezone)).strftime(form)

    def refused(self, error: Refused | AnswerError) -> Response:
        """Into the open panel, with nothing changed."""
        said = str(error) if isinstance(error, AnswerError) else words.refusal(self.form, error)
        answer = Response(render_template("record_refused.html", said=said), status=422)
        answer.headers["HX-Retarget"] = "#record-refused"
        answer.headers["HX-Reswap"] = "outerHTML"
        return answer


def stamp(view: RecordView) -> str:
    """Changes when anything that is drawn of the record has changed."""
    changes = view.around.changes
    undone = sum(change.undone for change in changes)
    last = changes[-1].id if changes else 0
    record, owed = view.record, len(view.around.owed)
    ended = int(record.call_ended)
    return f"{record.id}.{record.version}.{record.state}.{last}.{undone}.{ended}.{owed}"


def record_blueprint(pages: RecordPages) -> Blueprint:
    """/desk/record, /desk/help, /records and what they send."""
    blueprint = Blueprint("records", __name__)
    _add_columns(blueprint, pages)
    _add_records(blueprint, pages)
    _add_lookups(blueprint, pages)
    return blueprint


def _add_columns(blueprint: Blueprint, pages: RecordPages) -> None:
    records = pages.desk.records

    @blueprint.get("/desk/record")
    @allowed(*ON_THE_FLOOR)
    def at_hand() -> Response | str:
        view = records.at_hand(by())
        if view is None:
            return render_template(
                "record_none.html", mine=records.mine(by()), words=words, local=pages.local
            )
        return _fresh(pages, view)

    @blueprint.get("/desk/help")
    @allowed(*ON_THE_FLOOR)
    def to_say() -> str:
        return _help(pages, records.at_hand(by()))

    @blueprint.get("/records/<int:record_id>/help")
    @allowed(*ON_THE_FLOOR)
    def to_say_of(record_id: int) -> str:
        return _help(pages, pages.view(record_id))


def _add_records(blueprint: Blueprint, pages: RecordPages) -> None:
    records = pages.desk.records

    @blueprint.get("/records")
    @allowed(*ON_THE_FLOOR)
    def mine() -> str:
        return render_template("records.html", mine=records.mine(by()), words=words, local=pages.local)

    @blueprint.get("/records/<int:record_id>")
    @allowed(*ON_THE_FLOOR)
    def one(record_id: int) -> Response | str:
        view = pages.view(record_id)
        if request.headers.get("HX-Request") == "true":
            return _fresh(pages, view)
        return render_template("record_page.html", **pages.shown(view))

    @blueprint.post("/records/<int:record_id>/draft")
    @allowed(*ON_THE_FLOOR)
    def draft(record_id: int) -> tuple[Response, int] | Response:
        return _draft(pages, record_id)

    @blueprint.post("/records/<int:record_id>/said")
    @allowed(*ON_THE_FLOOR)
    def said(record_id: int) -> Response | str:
        try:
            records.say(by(), record_id, request.form.get("step", ""))
        except RecordUnknownError:
            abort(404)
        except Refused as error:
            return pages.refused(error)
        return _help(pages, pages.view(record_id))


def _add_lookups(blueprint: Blueprint, pages: RecordPages) -> None:
    @blueprint.get("/desk/companies")
    @allowed(*ON_THE_FLOOR)
    def companies() -> Response:
        found = pages.desk.records.companies(request.args.get("q", ""))
        return jsonify([_company(pages, company) for company in found])

    @blueprint.post("/desk/check")
    @allowed(*ON_THE_FLOOR)
    def check() -> Response:
        findings = lint(request.form.get("text", "")[:LONGEST_CHECKED])
        return jsonify([{"said": words.unsayable(found.phrase, found.replacement)} for found in findings])


def _fresh(pages: RecordPages, view: RecordView) -> Response | str:
    """Nothing where the page has it already; where somebody types, only what stands beside his form."""
    have = request.args.get("have", "")
    if have == stamp(view):
        return Response(status=204)
    if request.args.get("typing") != "1" or not have:
        return pages.drawn(view)
    return pages.beside(view, have)


def _help(pages: RecordPages, view: RecordView | None) -> str:
    said: Mapping[str, datetime] = {} if view is None else view.said
    greeted = "greeting" in said or (view is not None and view.record.call_ended)
    first = None if greeted else "greeting"
    last = "farewell" if "solved" in said else "solved"
    return render_template(
        "record_help.html",
        sentences=[one for one in pages.desk.records.sentences() if not (greeted and one.step == "greeting")],
        said=said,
        current=first or (view.current if view is not None else None) or last,
        view=view,
        forbidden=_by_replacement(),
        diagnosis=DIAGNOSIS,
        words=words,
        local=pages.local,
        label=lambda name: words.label(pages.form, name),
    )


def _by_replacement() -> list[tuple[str, list[str]]]:
    """What to say instead, each with the phrases it takes the place of."""
    grouped: dict[str, list[str]] = {}
    for never in FORBIDDEN:
        grouped.setdefault(never.replacement, []).append(never.phrase)
    return list(grouped.items())


def _draft(pages: RecordPages, record_id: int) -> tuple[Response, int] | Response:
    records = pages.desk.records
    try:
        saved = records.save_draft(
            by(),
            record_id,
            whole(request.form, "version"),
            answers_in(request.form),
            take_over="take_over" in request.form,
        )
    except AnswerError as error:
        return jsonify(field=error.field, said=str(error)), 422
    except RecordUnknownError:
        abort(404)
    except StaleDraftError as error:
        return jsonify(version=error.record.version, said=_("这份记录在别处被改过。")), 409
    except Refused as error:
        return jsonify(said=words.refusal(pages.form, error)), 422
    return jsonify(
        version=saved.version,
        said=_("已保存 %(time)s") % {"time": pages.local(saved.at, "%H:%M:%S")},
        company=None if saved.company is None else _company(pages, saved.company),
        hints=[{"field": name, "said": _(words.HINTS[hint])} for name, hint in saved.hints],
        missing=list(saved.missing),
        current=saved.current,
        unsayable=[
            {"field": "solution", "said": words.unsayable(found.phrase, found.replacement)}
            for found in saved.unsayable
        ],
    )


def _company(pages: RecordPages, company: KnownCompany) -> dict[str, Any]:
    return {
        "name": company.name,
        "tax_bureau": company.tax_bureau or "",
        "agreement": agreement_said(company, pages),
    }


def agreement_said(company: KnownCompany, pages: RecordPages) -> str:
    """The agreement and whether it still runs, in words."""
    end = company.agreement_expires_on
    if end is None:
        return _("没有服务协议") if not company.agreement else company.agreement
    over = end < pages.desk.records.today()
    sentence = _("协议 %(number)s 已于 %(day)s 到期") if over else _("协议 %(number)s 有效至 %(day)s")
    return sentence % {"number": company.agreement or "", "day": end.isoformat()}
