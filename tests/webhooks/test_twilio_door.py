"""The Twilio door only translates, says everything twice without harm, and never leaves a live call in silence."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from flask.testing import FlaskClient

from ivr.adapters.sql_schema import agents, calls, events, ring_backs
from ivr.policy.commands import LineCommand
from ivr.policy.events import RingResult
from ivr.service.ports import BookUnavailable
from ivr.service.switchboard import Switchboard
from tests.fakes.fake_twilio import ACCOUNT
from tests.fakes.twilio_wire import signature
from tests.fakes.twiml_schema import parse
from tests.scenarios.stages import PUBLIC, TOKEN, twilio_web
from tests.service.house import House, house
from webhooks.twilio_door import LEG_ANSWERED, RING_RESULTS, Track, track_of

SID = "CA" + "1" * 32
CALLER = "+8613800138000"


class SometimesAway(Switchboard):
    """A switchboard whose book does not answer while `away`."""

    away = False

    def handle(self, *told: Any) -> tuple[LineCommand, ...]:
        self._refuse()
        return super().handle(*told)

    def note(self, *told: Any) -> None:
        self._refuse()
        super().note(*told)

    def _refuse(self) -> None:
        if self.away:
            raise BookUnavailable("locked")


class Caller:
    """Twilio's side, by hand: a webhook at a time, the document's addresses followed on demand."""

    def __init__(self, home: House) -> None:
        self.home = home
        self.switchboard = SometimesAway(home.book, home.rules)
        self.web: FlaskClient = twilio_web(self.switchboard, home.clock, home.rules).test_client()
        self.document = ET.Element("Response")

    def asks(self, path: str, **more: str) -> list[str]:
        """The tags of the document that came."""
        fields = {
            "AccountSid": ACCOUNT,
            "CallSid": SID,
            "CallStatus": "in-progress",
            "From": CALLER,
            "To": "+852",
        }
        fields |= more
        path = path.removeprefix(PUBLIC).partition("#")[0]
        headers = {"X-Twilio-Signature": signature(TOKEN, PUBLIC + path, fields)}
        answer = self.web.post(path, data=fields, headers=headers)
        assert (answer.status_code, answer.mimetype) == (200, "text/xml"), answer.status
        self.document = parse(answer.data)
        return [element.tag for element in self.document]

    def dials(self) -> list[str]:
        return self.asks("/twilio/incoming", CallStatus="ringing")

    def goes_on(self, seconds: float = 0, **more: str) -> list[str]:
        self.home.clock.advance(seconds)
        return self.asks(self.onward, **more)

    @property
    def onward(self) -> str:
        """Where the last document leads."""
        last = self.document[-1]
        return last.get("action") or last.text or ""

    @property
    def leg(self) -> str:
        return self.document[-1][0].get("statusCallback", "")

    @property
    def heard(self) -> list[str]:
        return [(play.text or "").rpartition("/")[2] for play in self.document.iter("Play")]

    @property
    def row(self) -> dict[str, Any]:
        [row] = self.home.rows(calls)
        return row


@pytest.fixture
def caller(tmp_path: Path) -> Iterator[Caller]:
    with house(tmp_path) as home:
        yield Caller(home)


@pytest.fixture
def wang(caller: Caller) -> Caller:
    """A caller, and Wang on duty."""
    caller.home.agent("wang")
    return caller


def test_every_word_of_twilio_is_known_and_a_new_one_is_heard_of() -> None:
    assert RING_RESULTS["completed"] is RingResult.ANSWERED
    assert LEG_ANSWERED["in-progress"]
    assert not LEG_ANSWERED["completed"]
    with pytest.raises(KeyError):
        RING_RESULTS["voicemail"]


def test_what_an_address_carries_comes_back_whole(caller: Caller) -> None:
    now = caller.home.clock.now()
    track = Track(presented_at=now, step=7, greeted_at=now + timedelta(seconds=13))
    assert track_of(*(int(part) for part in track.path.split("/"))) == track
    assert track.next(now, picks_up=True).greeted_at == track.greeted_at
    assert track.next(now, picks_up=False).step > track.step


def test_a_webhook_that_comes_twice_gets_the_same_answer_and_changes_nothing__R69(wang: Caller) -> None:
    wang.dials()
    assert wang.dials() == ["Dial"]
    onward = wang.onward
    assert wang.goes_on(13, DialCallStatus="no-answer") == ["Play", "Dial"]
    noted = len(wang.home.rows(events))
    assert wang.asks(onward, DialCallStatus="no-answer") == ["Play", "Dial"]
    assert len(wang.home.rows(events)) == noted
    assert wang.row["greeted_at"] is None  # nobody has said that the greeting was played


def test_the_pick_up_is_stored_when_the_next_webhook_proves_it__R64_R65(wang: Caller) -> None:
    wang.dials()
    wang.goes_on(13, DialCallStatus="no-answer")
    assert wang.heard == ["greeting.wav"]
    assert wang.row["greeted_at"] is None
    wang.asks(wang.leg, ParentCallSid=SID, CallSid="CAleg", CallStatus="in-progress")
    assert wang.row["greeted_at"] == wang.row["presented_at"] + timedelta(seconds=13)
    assert wang.row["greeted_by"] == "server"


def test_an_agent_who_puts_the_phone_down_at_once_costs_the_caller_no_ring__R64(wang: Caller) -> None:
    """Busy after six seconds: seven are left, which no Dial can ring; the next is rung under the greeting."""
    wang.home.agent("li")
    wang.dials()
    assert wang.goes_on(6, DialCallStatus="busy") == ["Play", "Dial"]
    assert wang.heard == ["greeting.wav"]
    wang.goes_on(10, DialCallStatus="no-answer")
    assert wang.row["greeted_at"] == wang.row["presented_at"] + timedelta(seconds=6)


def test_an_agent_at_a_phone_of_the_other_door_is_not_waited_for(caller: Caller) -> None:
    caller.home.agent("wang")
    caller.home.execute("UPDATE agents SET phone = 'endpoint:ag-1'")
    assert caller.dials() == ["Redirect"]
    assert caller.goes_on() == ["Pause", "Redirect"]


def test_a_caller_who_leaves_while_a_phone_rings_is_nobodys_miss__R69(wang: Caller) -> None:
    wang.dials()
    wang.goes_on(5, CallStatus="completed", DialCallStatus="no-answer")
    assert wang.row["outcome"] == "abandoned"
    [agent] = wang.home.rows(agents)
    assert (agent["state"], agent["misses"]) == ("available", 0)


def test_a_caller_who_leaves_in_the_first_words_was_greeted_all_the_same__R64(caller: Caller) -> None:
    caller.dials()
    caller.home.clock.advance(4)
    caller.asks("/twilio/status", CallStatus="completed", CallDuration="4")
    assert caller.row["greeted_at"] == caller.row["presented_at"] + timedelta(seconds=1)
    assert caller.row["outcome"] == "fallback"  # his number was written down before he was told


def test_a_leg_status_that_never_came_is_made_good_by_the_dial_itself(wang: Caller) -> None:
    wang.dials()
    talk = {"DialCallStatus": "completed", "DialBridged": "true", "DialCallDuration": "30"}
    assert wang.goes_on(36, **talk) == ["Hangup"]
    assert wang.row["served_at"] == wang.row["presented_at"] + timedelta(seconds=6)
    [agent] = wang.home.rows(agents)
    assert (agent["state"], agent["misses"]) == ("wrap_up", 0)


def test_a_leg_that_only_rings_says_nothing(wang: Caller) -> None:
    wang.dials()
    wang.asks(wang.leg, ParentCallSid=SID, CallSid="CAleg", CallStatus="ringing")
    assert wang.row["served_at"] is None


@pytest.mark.parametrize("order", [("completed", "in-progress"), ("completed", "completed")])
def test_status_callbacks_in_any_order_end_a_call_once(order: tuple[str, ...], wang: Caller) -> None:
    wang.dials()
    for status in order:
        wang.asks("/twilio/status", CallStatus=status, Timestamp="Mon, 02 Mar 2026 11:00:00 +0000")
    assert wang.row["phase"] == "ended"
    assert wang.row["ended_at"] == wang.home.clock.now() - timedelta(seconds=3599)  # its own time, not ours
    assert wang.dials() == ["Hangup"]


def test_a_caller_without_a_number_keys_one_in_and_hears_that_we_have_it__R70(caller: Caller) -> None:
    assert caller.asks("/twilio/incoming", CallStatus="ringing", From="anonymous") == ["Gather"]
    assert caller.heard[-1] == "ask_number.wav"
    assert caller.goes_on(9, From="anonymous", Digits="13800138000") == ["Play", "Play", "Hangup"]
    [listed] = caller.home.rows(ring_backs)
    assert listed["number"] == CALLER


# ---- nothing works --------------------------------------------------------------------------------------------


def test_with_the_book_away_a_caller_is_greeted_and_asked_for_patience_until_it_answers__R64(
    wang: Caller,
) -> None:
    wang.switchboard.away = True
    presented_at = wang.home.clock.now()
    assert wang.dials() == ["Play", "Play", "Play", "Redirect"]
    assert wang.heard[:2] == ["greeting.wav", "static_apology.wav"]
    assert wang.goes_on(17) == ["Play", "Play", "Redirect"]
    assert wang.heard[0] == "static_apology.wav"  # greeted once
    wang.switchboard.away = False
    assert wang.goes_on(16) == ["Dial"]
    assert (wang.row["presented_at"], wang.row["greeted_at"]) == (presented_at, presented_at)


def test_with_the_book_away_in_the_middle_he_goes_on_where_he_was__R69(wang: Caller) -> None:
    wang.dials()
    wang.switchboard.away = True
    assert wang.goes_on(13, DialCallStatus="no-answer")[-1] == "Redirect"
    wang.switchboard.away = False
    assert wang.goes_on(17) == ["Dial"]
    assert wang.row["agent"] == "wang"


def test_with_the_book_away_who_was_served_is_not_asked_for_patience(wang: Caller) -> None:
    wang.dials()
    wang.switchboard.away = True
    talk = {"DialCallStatus": "completed", "DialBridged": "true", "DialCallDuration": "30"}
    assert wang.goes_on(36, **talk) == ["Hangup"]


@pytest.mark.parametrize("status", ["ringing", "in-progress"])
def test_the_fallback_needs_neither_book_nor_policy(status: str, wang: Caller) -> None:
    wang.switchboard.away = True
    assert wang.asks("/twilio/fallback", ErrorCode="11200", CallStatus=status)[-1] == "Redirect"
    assert wang.heard[:2] == ["greeting.wav", "static_apology.wav"]
    wang.switchboard.away = False
    assert wang.goes_on(17) == ["Dial"]


def test_a_status_callback_the_book_could_not_take_is_sent_again(wang: Caller) -> None:
    wang.dials()
    leg = wang.leg
    wang.switchboard.away = True
    for path, status in ((leg, "in-progress"), ("/twilio/status", "completed")):
        with pytest.raises(AssertionError, match="503"):
            wang.asks(path, ParentCallSid=SID, CallStatus=status)


@pytest.mark.parametrize("odd", [{"CallSid": "1; DROP"}, {"CallStatus": "levitating"}, {"CallStatus": ""}])
def test_what_we_cannot_read_is_answered_with_the_apology_and_changes_nothing(
    odd: dict[str, str], wang: Caller
) -> None:
    assert wang.asks("/twilio/incoming", **odd)[-1] == "Redirect"
    assert wang.home.rows(calls) == []


def test_without_any_recording_he_still_hears_words(wang: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    wang.switchboard.away = True
    monkeypatch.setattr("config.prompt_pack.PromptPack.path", _no_file)
    assert wang.dials() == ["Say"]


def _no_file(_self: object, key: str) -> Path:
    raise LookupError(key)


def test_logs_hold_no_number_whole(wang: Caller, caplog: pytest.LogCaptureFixture) -> None:
    wang.asks("/twilio/incoming", CallSid=CALLER)
    assert "webhook field CallSid" in caplog.text
    assert "13800138000" not in caplog.text
