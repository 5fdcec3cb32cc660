"""Nobody but Twilio speaks to the Twilio door, and nothing changes for anybody else."""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from config.settings import load
from ivr.adapters.doctor_webhooks import CHECK
from ivr.adapters.sql_schema import calls
from ivr.bootstrap import twilio_addresses
from tests.fakes.fake_twilio import ACCOUNT
from tests.fakes.twilio_wire import Wire, served, signature
from tests.fakes.twiml_schema import parse
from tests.scenarios.stages import ADDRESSES, PUBLIC, SECOND_TOKEN, TOKEN, twilio_web
from tests.service.house import House, house
from webhooks.app import create_app, twilio_account
from webhooks.twilio_guard import TwilioAccount, guard
from webhooks.twilio_words import ENTRIES

FIELDS = {
    "AccountSid": ACCOUNT,
    "CallSid": "CA" + "1" * 32,
    "CallStatus": "ringing",
    "From": "+8613800138000",
    "To": "+85230001234",
    "FromCity": "北京",
    "SomethingNew": "of 2027",
}
FORM = "application/x-www-form-urlencoded"
INCOMING = "/twilio/incoming"


def test_both_signers_agree_with_twilios_own_example() -> None:
    url = "https://example.com/myapp.php?foo=1&bar=2"
    fields = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675310",
        "Digits": "1234",
        "From": "+14158675310",
        "To": "+18005551212",
    }
    known = "L/OH5YylLD5NRKLltdqwSvS0BnU="
    assert signature("12345", url, fields) == known
    assert RequestValidator("12345").validate(url, fields, known)


class Door:
    """A running web server, and requests made by hand."""

    def __init__(self, home: House, wire: Wire) -> None:
        self.home, self.wire = home, wire

    def post(self, body: str | None = None, path: str = INCOMING, **headers: str) -> int:
        sent = {"Content-Type": FORM, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self.wire.send("POST", PUBLIC + path, sent, urlencode(FIELDS) if body is None else body).status

    @property
    def calls(self) -> int:
        return len(self.home.rows(calls))


@contextmanager
def door(directory: Path) -> Iterator[Door]:
    with house(directory) as home, served(twilio_web(home.switchboard, home.clock, home.rules)) as port:
        home.agent("wang")
        yield Door(home, Wire(PUBLIC, port, TOKEN))


GOOD = signature(TOKEN, PUBLIC + INCOMING, FIELDS)


def test_a_signed_call_is_taken_with_whatever_else_twilio_sends(tmp_path: Path) -> None:
    with door(tmp_path) as twilio:
        answer = twilio.wire.post(PUBLIC + INCOMING, FIELDS)
        assert answer.status == 200
        assert parse(answer.body)[0].tag == "Dial"
        assert twilio.calls == 1


def test_everybody_else_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    swapped = urlencode({**FIELDS, "To": FIELDS["From"], "From": FIELDS["To"]})
    elsewhere = signature(TOKEN, PUBLIC + "/twilio/fallback", FIELDS)
    stranger = {**FIELDS, "AccountSid": "AC" + "9" * 32}
    with door(tmp_path) as twilio:
        assert twilio.post() == 403  # no signature at all
        assert twilio.post(X_Twilio_Signature="") == 403
        assert twilio.post(X_Twilio_Signature="x" * 28) == 403
        assert twilio.post(X_Twilio_Signature=signature("another-token", PUBLIC + INCOMING, FIELDS)) == 403
        assert twilio.post(swapped, X_Twilio_Signature=GOOD) == 403
        assert twilio.post(X_Twilio_Signature=elsewhere) == 403
        assert twilio.post(X_Twilio_Signature=GOOD, path=INCOMING + "?a=1") == 403
        assert twilio.post(urlencode(FIELDS) + "&Digits=1", X_Twilio_Signature=GOOD) == 403
        other = signature(TOKEN, PUBLIC + INCOMING, stranger)
        assert twilio.post(urlencode(stranger), X_Twilio_Signature=other) == 403
        assert twilio.calls == 0


def test_only_signed_form_posts_of_bounded_length_are_read(tmp_path: Path) -> None:
    large = {**FIELDS, "SpeechResult": "好" * 30_000}
    with door(tmp_path) as twilio:
        signed = {"X_Twilio_Signature": GOOD}
        assert twilio.post("{}", Content_Type="application/json", **signed) == 415
        assert twilio.post("", Content_Type="multipart/form-data; boundary=x", **signed) == 415
        over = signature(TOKEN, PUBLIC + INCOMING, large)
        assert twilio.post(urlencode(large), X_Twilio_Signature=over) == 413
        for method in ("GET", "PUT", "HEAD"):
            assert twilio.wire.send(method, PUBLIC + INCOMING, {}, None).status == 405
        assert twilio.calls == 0


def test_a_parameter_given_twice_counts_once_and_only_when_signed(tmp_path: Path) -> None:
    """Twilio's rule signs each value of a repeated parameter once, in order."""
    twice = [*FIELDS.items(), ("CallStatus", "queued")]
    text = PUBLIC + INCOMING + "".join(name + value for name, value in sorted(twice))
    signed = signature(TOKEN, text, {})
    with door(tmp_path) as twilio:
        assert twilio.post(urlencode(twice), X_Twilio_Signature=GOOD) == 403
        assert twilio.post(urlencode(twice), X_Twilio_Signature=signed) == 200
        assert twilio.calls == 1


@pytest.mark.parametrize(
    "target", ["/echo/%E9%87%91%E7%A9%97", "/echo/%e9%87%91", "/echo/a%2Fb%7Ec?q=%E4%B8%AD"]
)
def test_the_address_is_taken_as_it_came_over_the_wire(target: str) -> None:
    """Chinese, %2F, %7E: decoded they would not be what Twilio signed."""
    account = TwilioAccount(public_base_url=PUBLIC + "/prefix", account_sid=ACCOUNT, auth_tokens=(TOKEN,))
    app = Flask("echo")
    app.before_request(lambda: guard(account))
    app.add_url_rule("/echo/<path:_rest>", "echo", lambda _rest: request.url, methods=["POST"])
    with served(app) as port:
        wire = Wire(PUBLIC, port, TOKEN)
        signed = signature(TOKEN, PUBLIC + "/prefix" + target, FIELDS)
        headers = {"Content-Type": FORM, "X-Twilio-Signature": signed}
        assert wire.send("POST", PUBLIC + target, headers, urlencode(FIELDS)).status == 200
        decoded = signature(TOKEN, PUBLIC + "/prefix/echo/金穗", FIELDS)
        headers["X-Twilio-Signature"] = decoded
        assert wire.send("POST", PUBLIC + target, headers, urlencode(FIELDS)).status == 403


def test_an_absolute_request_target_is_the_same_address(tmp_path: Path) -> None:
    with door(tmp_path) as twilio:
        connection = http.client.HTTPConnection("127.0.0.1", twilio.wire.port, timeout=5)
        headers = {"Content-Type": FORM, "X-Twilio-Signature": GOOD}
        connection.request("POST", "http://elsewhere.example" + INCOMING, urlencode(FIELDS), headers)
        assert connection.getresponse().status == 200
        connection.close()


@pytest.mark.parametrize("missing", ["PUBLIC_BASE_URL", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"])
def test_without_twilios_settings_the_door_is_closed_also_in_debug(missing: str, tmp_path: Path) -> None:
    environment = {
        "PUBLIC_BASE_URL": PUBLIC,
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "HOTLINE_DATA_DIR": str(tmp_path),
    }
    del environment[missing]
    app = create_app(load(environment))
    app.debug = app.testing = True
    for path in (INCOMING, "/twilio/status", "/twilio/fallback", "/twilio/digits/1/2/3"):
        answer = app.test_client().post(path, data=FIELDS, headers={"X-Twilio-Signature": GOOD})
        assert answer.status_code == 403


def test_the_application_as_started_takes_a_signed_call_and_keeps_it(tmp_path: Path) -> None:
    settings_given = load(
        {
            "PUBLIC_BASE_URL": PUBLIC,
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "HOTLINE_DATA_DIR": str(tmp_path),
        }
    )
    with house(tmp_path) as home:
        home.agent("wang")
        client = create_app(settings_given).test_client()
        answer = client.post(INCOMING, data=FIELDS, headers={"X-Twilio-Signature": GOOD})
        assert parse(answer.data)[0].tag == "Dial"
        [call] = home.rows(calls)
        assert (call["door"], call["caller"], call["agent"]) == ("twilio", FIELDS["From"], "wang")
        own = {"AccountSid": ACCOUNT}
        for signed, status in ((signature(TOKEN, PUBLIC + CHECK, own), 200), ("forged", 403)):
            asked = client.post(CHECK, data=own, headers={"X-Twilio-Signature": signed})
            assert asked.status_code == status


def test_in_debug_a_forged_signature_is_refused_as_ever(tmp_path: Path) -> None:
    with house(tmp_path) as home:
        app = twilio_web(home.switchboard, home.clock, home.rules)
        app.debug = app.testing = True
        assert app.test_client().post(INCOMING, data=FIELDS).status_code == 403


# ---- tokens change, addresses belong to one call -------------------------------------------------------------------


def test_while_tokens_change_both_are_believed_and_the_old_one_no_longer_than_that(tmp_path: Path) -> None:
    with door(tmp_path) as twilio:
        for token, status in ((TOKEN, 200), (SECOND_TOKEN, 200), ("the-one-before", 403)):
            assert twilio.post(X_Twilio_Signature=signature(token, PUBLIC + INCOMING, FIELDS)) == status


def test_a_second_token_comes_from_the_settings(tmp_path: Path) -> None:
    given = {"PUBLIC_BASE_URL": PUBLIC, "TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN}
    given["HOTLINE_DATA_DIR"] = str(tmp_path)
    one = twilio_account(load(given))
    both = twilio_account(load({**given, "TWILIO_AUTH_TOKEN_SECONDARY": SECOND_TOKEN}))
    assert one is not None
    assert both is not None
    assert (one.auth_tokens, both.auth_tokens) == ((TOKEN,), (TOKEN, SECOND_TOKEN))


ROUTES = (
    *ENTRIES,
    "leg",
    "alone-0",
    "noted",
    f"whisper-whisper_call/{FIELDS['CallSid']}",
    f"whispered/{FIELDS['CallSid']}",
)
TAILS = tuple(f"{route}/1772452800000/2/0" for route in ROUTES)


@pytest.mark.parametrize("tail", TAILS)
def test_an_address_of_one_call_is_no_address_of_another(tail: str, tmp_path: Path) -> None:
    """Signed by Twilio all the same: the seal says for whom we gave it out."""
    mine, other = FIELDS["CallSid"], "CA" + "2" * 32
    altered = tail.replace("/2/0", "/3/0")
    elsewhere = ("digits" if tail.startswith("hold") else "hold-elapsed") + tail[tail.index("/") :]
    with house(tmp_path) as home:
        client = twilio_web(home.switchboard, home.clock, home.rules).test_client()

        def asked(path: str, sid: str) -> int:
            fields = {**FIELDS, "CallSid": sid, "ParentCallSid": sid}
            headers = {"X-Twilio-Signature": signature(TOKEN, PUBLIC + path, fields)}
            return client.post(path, data=fields, headers=headers).status_code

        seal = ADDRESSES.seal(tail, mine)
        assert asked(f"/twilio/{tail.replace(mine, other)}/{seal}", other) == 403
        assert asked(f"/twilio/{altered}/{seal}", mine) == 403
        assert asked(f"/twilio/{elsewhere}/{seal}", mine) in {403, 404}
        assert asked(f"/twilio/{tail}/{seal[:-1]}", mine) == 403
        assert asked(f"/twilio/{tail}/%E4%B8%89", mine) == 403
        assert asked(f"/twilio/{tail}", mine) == 404
        assert home.rows(calls) == []
        assert asked(f"/twilio/{tail}/{seal}", mine) == 200


def test_an_address_given_out_before_a_restart_still_holds(tmp_path: Path) -> None:
    given = load({"HOTLINE_DATA_DIR": str(tmp_path)})
    before = twilio_addresses(given, PUBLIC).seal(TAILS[0], FIELDS["CallSid"])
    assert twilio_addresses(given, PUBLIC).holds(TAILS[0], FIELDS["CallSid"], before)
    other = load({"HOTLINE_DATA_DIR": str(tmp_path / "another")})
    assert not twilio_addresses(other, PUBLIC).holds(TAILS[0], FIELDS["CallSid"], before)


# ---- whatever is sent ------------------------------------------------------------------------------------------------

AT_ONCE, ROUNDS, SIGNED_IN = 100, 100, 8  # ten thousand bodies, one in eight of them signed
names = st.sampled_from(
    [*FIELDS, "ParentCallSid", "Digits", "DialCallStatus", "DialBridged", "Timestamp", "x"]
)
words = st.one_of(
    st.sampled_from(
        ["completed", "in-progress", "ringing", "true", FIELDS["CallSid"], "CAleg", "9" * 30, ""]
    ),
    st.text(max_size=12),
)
tails = st.sampled_from([None, "status", "fallback", *TAILS])
requests = st.tuples(st.dictionaries(names, words, max_size=4), tails, st.integers(1, SIGNED_IN))


@pytest.fixture(scope="module")
def open_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, FlaskClient]]:
    with house(tmp_path_factory.mktemp("open")) as home:
        home.agent("wang")
        yield home, twilio_web(home.switchboard, home.clock, home.rules).test_client()


@pytest.mark.slow
@settings(max_examples=ROUNDS, deadline=None, suppress_health_check=list(HealthCheck))
@given(sent=st.lists(requests, min_size=AT_ONCE, max_size=AT_ONCE))
def test_of_ten_thousand_requests_none_meets_a_500_and_none_unsigned_changes_anything(
    open_house: tuple[House, FlaskClient], sent: list[tuple[dict[str, str], str | None, int]]
) -> None:
    """Signed nonsense is answered with TwiML, or 403 where the address is another call's."""
    home, client = open_house
    before = home.rows(calls)
    for body, tail, number in sent:
        if number != 1:
            assert _posted(client, body, tail, signed=False) == 403
    assert home.rows(calls) == before
    for body, tail, number in sent:
        if number == 1:
            assert _posted(client, body, tail, signed=True) in {200, 403}


def _posted(client: FlaskClient, body: dict[str, str], tail: str | None, *, signed: bool) -> int:
    path, fields = INCOMING, {**body, "AccountSid": ACCOUNT}
    if tail is not None:
        sid = fields.get("ParentCallSid" if tail.startswith("leg") else "CallSid", "")
        sid = FIELDS["CallSid"] if tail.startswith("whisper") else sid
        path = f"/twilio/{tail}/{ADDRESSES.seal(tail, sid)}" if "/" in tail else f"/twilio/{tail}"
    headers = {"X-Twilio-Signature": signature(TOKEN, PUBLIC + path, fields) if signed else "forged"}
    answer = client.post(path, data=fields, headers=headers)
    if answer.status_code == 200:
        parse(answer.data)
    return answer.status_code
