"""The doctor asks our own Twilio door as Twilio would: what it says of a door that fits, and of each that does not."""

from collections.abc import Iterator

import pytest
from flask import Flask, Response

from ivr.adapters.doctor_twilio import number_findings
from ivr.adapters.doctor_webhooks import door_findings
from ivr.service.doctor_ports import Finding, Severity
from tests.fakes.fake_twilio import ACCOUNT
from tests.fakes.twilio_wire import served
from tests.scenarios.stages import SECOND_TOKEN, TOKEN
from webhooks.twilio_guard import TwilioAccount, guard


@pytest.fixture
def address() -> Iterator[tuple[Flask, str]]:
    app = Flask("door")
    with served(app) as port:
        yield app, f"http://127.0.0.1:{port}"


def opened(app: Flask, base: str, *tokens: str) -> None:
    """Our guard, before the doctor's own question."""
    account = TwilioAccount(public_base_url=base, account_sid=ACCOUNT, auth_tokens=tokens)
    app.before_request(lambda: guard(account))
    app.add_url_rule("/twilio/check", "check", lambda: Response("<Response/>"), methods=["POST"])


def found(base: str, *tokens: str) -> Finding:
    [finding] = door_findings(base, ACCOUNT, tokens or (TOKEN,))
    assert finding.check == "twilio_door"
    return finding


def test_a_door_that_lets_in_who_signs_and_nobody_else_is_well(address: tuple[Flask, str]) -> None:
    app, base = address
    opened(app, base, TOKEN, SECOND_TOKEN)
    assert found(base, TOKEN, SECOND_TOKEN).ok


def test_a_server_started_with_another_token_is_found(address: tuple[Flask, str]) -> None:
    app, base = address
    opened(app, base, TOKEN)
    assert found(base, "the-new-one").severity is Severity.ERROR
    assert found(base, TOKEN, SECOND_TOKEN).severity is Severity.WARNING


def test_a_proxy_that_changes_the_path_is_found(address: tuple[Flask, str]) -> None:
    app, base = address
    opened(app, base + "/prefix", TOKEN)
    assert "403" in found(base).found.en


def test_whatever_answers_without_looking_at_a_signature_is_found(address: tuple[Flask, str]) -> None:
    app, base = address
    app.add_url_rule("/twilio/check", "check", lambda: "welcome", methods=["POST"])
    finding = found(base)
    assert finding.severity is Severity.ERROR
    assert "forged" in finding.found.en


def test_an_address_that_leads_nowhere_or_that_twilio_does_not_take_is_found() -> None:
    assert "ConnectionError" in found("http://127.0.0.1:9").found.en
    assert "underscore" in found("https://my_host.example").found.en


def test_what_to_paste_into_the_console_is_said_line_by_line() -> None:
    lines = [finding.found.en for finding in number_findings("https://hotline.example")]
    assert lines == [
        "A call comes in (POST): https://hotline.example/twilio/incoming#ct=1000&rt=2500&tt=5000&rc=1&rp=all",
        "Primary handler fails (POST): https://hotline.example/twilio/fallback",
        "Call status changes (POST): https://hotline.example/twilio/status#rc=5&rp=all",
    ]
