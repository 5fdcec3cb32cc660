"""The addresses of calls we place: for Twilio alone, in signed forms; whatever else comes changes nothing."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ivr.adapters.sql_callback_schema import callback_attempts, callbacks, twilio_attempts
from ivr.service.callback_ports import AttemptName
from tests.fakes.twilio_wire import signature
from tests.fakes.twiml_schema import parse
from tests.webhooks.twilio_callbacks_house import ACCOUNT, PUBLIC, TOKEN, TwilioHouse, one_promised
from webhooks.twilio_callback_routes import STEPS

FORM = "application/x-www-form-urlencoded"
PATHS = (*(step.replace("_", "-") for step in STEPS), "accepted")
TABLES = (callbacks, callback_attempts, twilio_attempts)


@pytest.fixture(scope="module")
def ordered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwilioHouse]:
    """An attempt is under way; nobody has picked up yet."""
    with one_promised(tmp_path_factory.mktemp("door")) as hotline:
        hotline.turn()
        yield hotline


def address(step: str, name: object) -> str:
    return f"/twilio/callbacks/{step}/{name}" + ("/0" if step == "accepted" else "")


def fields_of(hotline: TwilioHouse, **more: str) -> dict[str, str]:
    sid = hotline.rest.orders[0].sid
    return {"AccountSid": ACCOUNT, "CallSid": sid, "CallStatus": "in-progress", "Digits": "1", **more}


def posted(
    hotline: TwilioHouse, path: str, fields: dict[str, str], *, token: str = TOKEN, kind: str = FORM
) -> tuple[int, bytes]:
    headers = {"Content-Type": kind, "X-Twilio-Signature": signature(token, PUBLIC + path, fields)}
    answer = hotline.legs.wire.send("POST", PUBLIC + path, headers, urlencode(fields))
    return answer.status, answer.body


def stored(hotline: TwilioHouse) -> list[object]:
    return [hotline.home.rows(table) for table in TABLES]


@pytest.mark.parametrize("step", PATHS)
def test_who_is_not_twilio_is_refused_at_each_step_and_changes_nothing_r70(
    step: str, ordered: TwilioHouse
) -> None:
    before, path, fields = stored(ordered), address(step, ordered.name()), fields_of(ordered)
    assert posted(ordered, path, fields, token="another")[0] == 403
    assert posted(ordered, path, {**fields, "AccountSid": "AC" + "1" * 32})[0] == 403
    assert posted(ordered, path, fields, kind="application/json")[0] == 415
    assert ordered.legs.wire.get(PUBLIC + path).status in {403, 405, 415}
    assert stored(ordered) == before


@pytest.mark.parametrize("step", PATHS)
def test_a_name_that_is_none_of_ours_rings_nobody_r70(step: str, ordered: TwilioHouse) -> None:
    before, fields = stored(ordered), fields_of(ordered, DialCallStatus="busy", Digits="2")
    assert posted(ordered, address(step, "1-1"), fields)[0] == 404
    strange: AttemptName = replace(ordered.name(), nonce="feedbeef")
    status, body = posted(ordered, address(step, strange), fields)
    assert status == 200
    assert b"<Number" not in body
    assert stored(ordered) == before


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    step=st.sampled_from(PATHS),
    more=st.dictionaries(
        st.sampled_from(("CallSid", "CallStatus", "DialCallStatus", "Digits", "DialBridged", "X\u4e2d")),
        st.text(st.characters(codec="utf-8"), max_size=12),
    ),
)
def test_whatever_a_signed_form_says_it_is_answered_and_never_by_an_error(
    step: str, more: dict[str, str], ordered: TwilioHouse
) -> None:
    strange = replace(ordered.name(), nonce="feedbeef")
    status, body = posted(ordered, address(step, strange), fields_of(ordered) | more)
    assert status == 200
    parse(body)
