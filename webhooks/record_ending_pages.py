"""What is sent to end a record: closed, promised, visited, complained, consulted, undone. Parse, do, draw anew."""

from collections.abc import Callable, Iterable
from enum import StrEnum
from functools import partial

from flask import Blueprint, Response, abort, render_template, request

from ivr.bootstrap.records import RecordDesk
from ivr.policy.complaint import ComplaintWish
from ivr.policy.endings import CLOSING, Contacted, Disposition
from ivr.policy.record_answers import AnswerError
from ivr.policy.refusal import Reason, Refused
from ivr.policy.roles import ON_THE_FLOOR, Role
from ivr.policy.visit import VisitState
from ivr.service.desk_records import RecordUnknownError
from ivr.service.record_visits import VisitWish
from webhooks import record_words as words
from webhooks.access import allowed
from webhooks.record_forms import day, moment
from webhooks.record_pages import RecordPages, by

Doing = Callable[[int], object]


def ending_blueprint(pages: RecordPages) -> Blueprint:
    """POST /records/ID/… for what belongs to one record, and the managers' page of visits."""
    blueprint = Blueprint("endings", __name__)
    for name, doing in (
        ("close", _close),
        ("promise", _promise),
        ("consult", _consult),
        ("visit", _visit),
        ("complaint", _complaint),
    ):
        view = _answered(pages, partial(doing, pages.desk))
        blueprint.add_url_rule(f"/records/<int:record_id>/{name}", name, view, methods=["POST"])
    _add_promises_and_complaints(blueprint, pages)
    _add_visits(blueprint, pages)
    _add_decisions(blueprint, pages)
    return blueprint


def _close(desk: RecordDesk, record_id: int) -> object:
    ending = _among(request.form.get("ending", ""), CLOSING)
    solved_fully = "solved_fully" in request.form
    return desk.endings.close(by(), record_id, Disposition(ending), solved_fully=solved_fully)


def _promise(desk: RecordDesk, record_id: int) -> object:
    form, zone = request.form, desk.records.rules.timezone
    return desk.endings.promise(
        by(),
        record_id,
        moment(form, "due_other", zone) or moment(form, "due_at", zone),
        form.get("owner", ""),
        text=form.get("text", "").strip(),
        customers_wish="customers_wish" in form,
    )


def _consult(desk: RecordDesk, record_id: int) -> object:
    do = desk.endings.hand_on if "hand_on" in request.form else desk.endings.consult
    return do(by(), record_id, request.form.get("colleague", ""), request.form.get("question", ""))


def _visit(desk: RecordDesk, record_id: int) -> object:
    wish = VisitWish(
        address=request.form.get("address", ""),
        expires_told=day(request.form, "expires_told"),
        expiry_unknown="expiry_unknown" in request.form,
        charge_explained="charge_explained" in request.form,
    )
    return desk.visits.request(by(), record_id, wish)


def _complaint(desk: RecordDesk, record_id: int) -> object:
    form = request.form
    wish = ComplaintWish(
        kind=form.get("kind", ""),
        said=form.get("said", ""),
        unit=form.get("unit", ""),
        answer=form.get("answer", ""),
        owner=form.get("owner", ""),
        apologised="apologised" in form,
    )
    return desk.visits.complain(by(), record_id, wish)


def _among(word: str, known: Iterable[StrEnum]) -> str:
    if word not in {one.value for one in known}:
        raise Refused(Reason.KIND_UNKNOWN, word)
    return word


def _answered(pages: RecordPages, doing: Doing) -> Callable[[int], Response | str]:
    @allowed(*ON_THE_FLOOR)
    def view(record_id: int) -> Response | str:
        try:
            doing(record_id)
        except RecordUnknownError:
            abort(404)
        except (Refused, AnswerError) as error:
            return pages.refused(error)
        return pages.drawn(pages.view(record_id))

    return view


def _add_promises_and_complaints(blueprint: Blueprint, pages: RecordPages) -> None:
    endings, visits = pages.desk.endings, pages.desk.visits

    @blueprint.post("/records/<int:record_id>/promises/<int:promise_id>")
    @allowed(*ON_THE_FLOOR)
    def contacted(record_id: int, promise_id: int) -> Response | str:
        def do(_record_id: int) -> object:
            result = Contacted(_among(request.form.get("result", ""), Contacted))
            return endings.contacted(by(), record_id, promise_id, result)

        return _answered(pages, do)(record_id)

    @blueprint.post("/records/<int:record_id>/complaints/<int:complaint_id>")
    @allowed(*ON_THE_FLOOR)
    def answered(record_id: int, complaint_id: int) -> Response | str:
        def do(_record_id: int) -> None:
            if "verification" in request.form:
                visits.verify(by(), record_id, complaint_id, request.form["verification"])
            else:
                visits.feed_back(by(), record_id, complaint_id, request.form.get("answer", ""))

        return _answered(pages, do)(record_id)

    @blueprint.post("/records/<int:record_id>/undo/<int:change_id>")
    @allowed(*ON_THE_FLOOR)
    def undo(record_id: int, change_id: int) -> Response | str:
        return _answered(pages, lambda _record_id: endings.undo(by(), change_id))(record_id)


def _add_visits(blueprint: Blueprint, pages: RecordPages) -> None:
    visits = pages.desk.visits

    @blueprint.post("/records/<int:record_id>/visits/<int:visit_id>")
    @allowed(*ON_THE_FLOOR)
    def go_on(record_id: int, visit_id: int) -> Response | str:
        def do(_record_id: int) -> None:
            what = request.form.get("what", "")
            if what == "schedule":
                at = moment(request.form, "visit_at", pages.desk.records.rules.timezone)
                visits.schedule(
                    by(), visit_id, at, request.form.get("route", ""), request.form.get("engineer", "")
                )
            elif what == "tell":
                visits.tell(by(), visit_id)
            elif what == "finish":
                visits.finish(by(), visit_id)
            else:
                raise Refused(Reason.KIND_UNKNOWN, what)

        return _answered(pages, do)(record_id)


def _add_decisions(blueprint: Blueprint, pages: RecordPages) -> None:
    visits = pages.desk.visits

    @blueprint.get("/visits")
    @allowed(Role.MANAGER)
    def to_decide() -> str:
        return _visits(pages)

    @blueprint.post("/visits/<int:visit_id>")
    @allowed(Role.MANAGER)
    def decide(visit_id: int) -> Response | str:
        reason, what = request.form.get("reason", ""), request.form.get("what", "")
        try:
            if what == "cancel":
                visits.cancel(by(), visit_id, reason)
            else:
                visits.decide(by(), visit_id, approve=what == "approve", reason=reason)
        except RecordUnknownError:
            abort(404)
        except Refused as error:
            return pages.refused(error)
        return _visits(pages)


def _visits(pages: RecordPages) -> str:
    fragment = request.headers.get("HX-Request") == "true"
    return render_template(
        "visits_list.html" if fragment else "visits.html",
        visits=pages.desk.visits.to_decide(),
        words=words,
        local=pages.local,
        VisitState=VisitState,
        by=by(),
    )
