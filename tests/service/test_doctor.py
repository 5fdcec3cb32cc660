"""The doctor says everything within its bound, and what follows from numbers nobody may have meant."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from ivr.policy.routes import Route
from ivr.policy.rules import Rules
from ivr.service.doctor import examine, exit_code, ready_or_not
from ivr.service.doctor_policy import phone_findings, policy_findings, way_findings
from ivr.service.doctor_ports import Examination, Finding, Severity, Words, warning, well, wrong
from ivr.service.readiness import Check, NotReadyError

TWO = Words("二", "two")
APOLOGY_SECONDS = 12.2


def policy(given: dict[str, int] | None = None, **changes: object) -> dict[str, Finding]:
    rules = replace(Rules(), **changes)  # type: ignore[arg-type]  # each test's own keys
    return {finding.check: finding for finding in policy_findings(rules, given or {}, APOLOGY_SECONDS)}


def test_a_look_that_fails_or_hangs_is_a_finding_and_hides_no_other() -> None:
    release = threading.Event()

    def fails() -> Iterator[Finding]:
        yield well("half", TWO)
        raise ConnectionError("redis://user:secret@host")

    def hangs() -> Iterator[Finding]:
        release.wait(10)
        yield well("slow", TWO)

    looks = {"fails": fails, "hangs": hangs, "fine": lambda: [well("fine", TWO), warning("fine", TWO, TWO)]}
    began = time.monotonic()
    findings = examine([Examination(name=name, look=look) for name, look in looks.items()], look_seconds=0.2)
    release.set()
    assert time.monotonic() - began < 1
    assert [(each.check, each.severity.value) for each in findings] == [
        ("fails", "error"),
        ("hangs", "error"),
        ("fine", "ok"),
        ("fine", "warning"),
    ]
    assert "ConnectionError" in findings[0].found.en
    assert not any("secret" in str(each.row()) for each in findings)


def test_only_an_error_makes_the_command_fail() -> None:
    assert exit_code([well("a", TWO), warning("b", TWO, TWO)]) == 0
    assert exit_code([well("a", TWO), wrong("b", TWO, TWO)]) == 1


def test_whatever_is_not_well_comes_with_its_remedy_in_both_languages() -> None:
    def stale() -> str:
        raise NotReadyError("no worker")

    (finding,) = ready_or_not(Check(name="worker", probe=stale), {"worker": TWO}).look()
    assert finding.row() == {
        "check": "worker",
        "ok": False,
        "severity": "error",
        "found": "not well: no worker",
        "remedy": "two",
        "found_zh": "不正常：no worker",
        "remedy_zh": "二",
    }


def test_the_policy_as_delivered_is_well() -> None:
    assert [(name, each.ok) for name, each in policy().items()] == [("policy", True)]


@pytest.mark.parametrize(
    ("given", "changes"),
    [
        ({"trunk_channels": 1}, {}),
        ({"trunk_channels": 4, "inbound_reserve": 4}, {}),
        ({}, {"max_hold_seconds": 13.0}),
    ],
)
def test_a_first_waiting_caller_who_could_never_be_held_is_an_error(
    given: dict[str, int], changes: dict[str, object]
) -> None:
    finding = policy(given, **changes)["policy_first_hold"]
    assert finding.severity is Severity.ERROR
    assert "the first waiting caller could never be held at these settings" in finding.found.en
    assert policy({"trunk_channels": 30, "inbound_reserve": 2}, max_hold_seconds=60.0)["policy"].ok


@pytest.mark.parametrize(
    ("check", "changes", "follows"),
    [
        (
            "policy_pickup",
            {"rings": 1, "pickup_margin_seconds": 2.5},
            "rings 2.5 s before the server picks up",
        ),
        ("policy_margin", {"pickup_margin_seconds": 0.5}, "one burst that fails makes the pickup late"),
        ("policy_ring_on", {"agent_ring_seconds": 10.0}, "does not ring on under the greeting"),
        ("policy_deadline", {"rings": 4}, "longer than three rings"),
    ],
)
def test_settings_at_which_three_rings_cannot_be_kept_say_what_follows_R64(
    check: str, changes: dict[str, object], follows: str
) -> None:
    finding = policy({}, **changes)[check]
    assert (finding.severity, finding.ok) == (Severity.WARNING, False)
    assert follows in finding.found.en
    assert finding.remedy.zh
    assert finding.remedy.en


def test_a_fallback_phone_that_cannot_be_rung_is_named() -> None:
    phones = ("tel:+8613900139000", "endpoint:desk", "tel:+864001234567", "sip:a@b")
    rules = replace(Rules(), fallback_phones=phones, own_numbers=("+864001234567",))
    found = phone_findings(rules, unreachable=phones[:1], unknown=phones[1:2])
    assert [each.severity for each in found] == [Severity.ERROR] * 3
    assert [phone in each.found.en for phone, each in zip(phones, found, strict=False)] == [True] * 3
    assert all(each.ok for each in phone_findings(Rules(), (), ()))


@pytest.mark.parametrize(
    ("there", "ok", "says"),
    [
        ((Route.ASTERISK, Route.TWILIO), True, "called by asterisk, twilio"),
        ((Route.ASTERISK,), True, "called by asterisk"),
        ((Route.TWILIO,), False, "no way leads to CN:"),
    ],
)
def test_a_country_no_callback_leads_into_is_named(there: tuple[Route, ...], ok: bool, says: str) -> None:
    [found] = way_findings(Rules(allowed_regions=("CN", "HK")), there)
    assert (found.ok, says in found.found.en) == (ok, True)


def test_where_nobody_is_called_by_itself_no_way_is_missed() -> None:
    assert list(way_findings(Rules(), ())) == []
    assert list(way_findings(Rules(callback_dialing="manual"), (Route.TWILIO,))) == []
