"""A visit waits for a manager, then is arranged; none is refused or dropped without a word to the customer."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ivr.policy.refusal import Reason
from ivr.policy.visit import (
    ExpiryAsked,
    Visit,
    VisitState,
    may_cancel,
    may_decide,
    may_finish,
    may_request,
    may_schedule,
    may_tell,
)
from tests.policy.record_stories import beijing
from tests.policy.test_endings import outcome, refused

TODAY = date(2026, 3, 2)
ASKED = ExpiryAsked(told=date(2026, 12, 31), unknown=False, on_file=date(2026, 12, 31))
VISIT = Visit(id=3, record_id=1, state=VisitState.REQUESTED, requested_by="zhao")


def requested(asked: ExpiryAsked, **more: Any) -> str:
    return may_request("海淀区一号", asked, TODAY, **{"charge_explained": False} | more)


def in_state(state: VisitState, **more: Any) -> Visit:
    return replace(VISIT, state=state, **more)


def test_a_visit_is_asked_for_after_the_agreements_end_was_asked_R77() -> None:
    nothing = ExpiryAsked(told=None, unknown=False, on_file=date(2026, 12, 31))
    assert refused(lambda: requested(nothing))[0] is Reason.EXPIRY_NOT_ASKED
    assert requested(replace(nothing, unknown=True)) == "海淀区一号"
    assert requested(ASKED) == "海淀区一号"


def test_another_day_than_on_file_is_flagged_R77() -> None:
    assert replace(ASKED, told=date(2027, 1, 1)).mismatch
    assert not ASKED.mismatch
    assert not replace(ASKED, told=None).mismatch
    assert not replace(ASKED, on_file=None).mismatch


@pytest.mark.parametrize(
    ("told", "on_file"),
    [(date(2026, 3, 1), None), (None, date(2026, 3, 1)), (date(2027, 1, 1), date(2026, 3, 1))],
)
def test_after_the_agreements_end_it_is_told_that_a_visit_is_charged_for_R77(told: Any, on_file: Any) -> None:
    asked = ExpiryAsked(told=told, unknown=told is None, on_file=on_file)
    assert refused(lambda: requested(asked))[0] is Reason.CHARGE_NOT_EXPLAINED
    assert requested(asked, charge_explained=True) == "海淀区一号"


def test_the_last_day_of_an_agreement_is_covered_R77() -> None:
    assert not ExpiryAsked(told=TODAY, unknown=False, on_file=None).expired(TODAY)
    assert not ExpiryAsked(told=None, unknown=True, on_file=None).expired(TODAY)


def test_a_visit_goes_somewhere() -> None:
    assert refused(lambda: may_request(" ", ASKED, TODAY, charge_explained=False)) == (
        Reason.TEXT_MISSING,
        ("address",),
    )


def test_a_manager_decides_and_nobody_about_his_own_request_R76() -> None:
    def decided(visit: Visit, login: str, manager: bool = True) -> str | None:
        return may_decide(visit, login, manager=manager, approve=True, reason="")

    assert decided(VISIT, "sun") is None
    assert refused(lambda: decided(VISIT, "qian", manager=False))[0] is Reason.ONLY_A_MANAGER
    assert refused(lambda: decided(VISIT, "zhao"))[0] is Reason.OWN_REQUEST
    assert refused(lambda: decided(in_state(VisitState.APPROVED), "sun"))[0] is Reason.ALREADY_DECIDED


def test_who_refuses_a_visit_gives_a_reason_that_can_be_told_R76_R12() -> None:
    def declined(reason: str) -> str | None:
        return may_decide(VISIT, "sun", manager=True, approve=False, reason=reason)

    assert declined("可以远程处理") == "可以远程处理"
    assert refused(lambda: declined(""))[0] is Reason.TEXT_MISSING
    assert refused(lambda: declined("我们不管"))[0] is Reason.FORBIDDEN_PHRASE


@pytest.mark.parametrize(
    "state", [s for s in VisitState if s not in {VisitState.APPROVED, VisitState.SCHEDULED}]
)
def test_time_and_way_are_arranged_only_after_the_approval_R76(state: VisitState) -> None:
    later = beijing(10)
    assert refused(lambda: may_schedule(in_state(state), later, "三环", beijing(9)))[0] is Reason.NOT_APPROVED
    assert may_schedule(in_state(VisitState.APPROVED), later, "三环", beijing(9)) == "三环"
    assert may_schedule(in_state(VisitState.SCHEDULED), later, "四环", beijing(9)) == "四环"


def test_an_arranged_visit_has_a_time_to_come_and_a_way_R76() -> None:
    approved = in_state(VisitState.APPROVED)
    assert refused(lambda: may_schedule(approved, None, "三环", beijing(9)))[0] is Reason.DUE_MISSING
    assert refused(lambda: may_schedule(approved, beijing(9), "三环", beijing(9)))[0] is Reason.DUE_PASSED
    assert refused(lambda: may_schedule(approved, beijing(10), "", beijing(9)))[0] is Reason.TEXT_MISSING


def test_no_visit_is_dropped_in_silence_a_manager_says_why_R11() -> None:
    for state in (VisitState.REQUESTED, VisitState.APPROVED, VisitState.SCHEDULED):
        assert may_cancel(in_state(state), manager=True, reason="用户改期") == "用户改期"
    assert refused(lambda: may_cancel(VISIT, manager=False, reason="x"))[0] is Reason.ONLY_A_MANAGER
    assert refused(lambda: may_cancel(VISIT, manager=True, reason=""))[0] is Reason.TEXT_MISSING
    done = in_state(VisitState.DONE)
    assert refused(lambda: may_cancel(done, manager=True, reason="x"))[0] is Reason.NOT_NOW


@pytest.mark.parametrize("state", [VisitState.DECLINED, VisitState.CANCELLED])
def test_who_is_not_visited_is_owed_a_word_about_it_R9_R11(state: VisitState) -> None:
    assert in_state(state).owed
    may_tell(in_state(state))
    assert not in_state(state, told=True).owed
    assert refused(lambda: may_tell(VISIT))[0] is Reason.NOT_NOW


def test_a_visit_is_owed_until_it_was_made_R9_R11() -> None:
    for state in (VisitState.REQUESTED, VisitState.APPROVED, VisitState.SCHEDULED):
        assert in_state(state).owed
    may_finish(in_state(VisitState.SCHEDULED))
    assert not in_state(VisitState.DONE).owed
    assert refused(lambda: may_finish(VISIT))[0] is Reason.NOT_NOW


def test_no_time_is_agreed_while_no_manager_has_decided_R76() -> None:
    assert outcome(lambda: may_schedule(VISIT, beijing(10), "三环", beijing(9))) is Reason.NOT_APPROVED


def test_a_visit_after_the_agreements_end_is_told_to_be_charged_for_R77() -> None:
    over = ExpiryAsked(told=date(2026, 3, 1), unknown=False, on_file=None)
    assert outcome(lambda: requested(over)) is Reason.CHARGE_NOT_EXPLAINED
