"""The Twilio door only translates, says everything twice without harm, and never leaves a live call in silence."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ivr.adapters.sql_schema import agents, calls, events, ring_backs
from ivr.policy.events import RingResult
from tests.scenarios.stages import ADDRESSES, PUBLIC
from tests.service.house import house
from tests.webhooks.twilio_caller import CALLER, SID, Caller
from webhooks.twilio_track import Track, track_of
from webhooks.twilio_words import ENTRIES, LEG_ANSWERED, RING_RESULTS


@pytest.fixture
def caller(tmp_path: Path) -> Iterator[Caller]:
    with house(tmp_path) as home:
        (tmp_path / "spool").mkdir()
        yield Caller(home, tmp_path / "spool")


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


def test_a_webhook_that_comes_twice_gets_the_very_same_answer_and_changes_nothing__R69(wang: Caller) -> None:
    wang.dials()
    first = wang.said
    wang.home.clock.advance(0.9)
    assert wang.dials() == ["Dial"]
    assert wang.said == first
    onward = wang.onward
    assert wang.goes_on(12.1, DialCallStatus="no-answer") == ["Play", "Dial"]
    noted, second = len(wang.home.rows(events)), wang.said
    wang.home.clock.advance(5)
    wang.asks(onward, DialCallStatus="no-answer")
    assert wang.said == second
    wang.dials()  # the first once more, overtaken long ago
    assert len(wang.home.rows(events)) == noted
    assert wang.row["greeted_at"] is None  # nobody has said that the greeting was played


def test_after_a_restart_a_webhook_that_comes_again_still_changes_nothing__R69(wang: Caller) -> None:
    wang.dials()
    noted = len(wang.home.rows(events))
    wang.restarts()
    assert wang.dials() == ["Dial"]
    assert len(wang.home.rows(events)) == noted


def test_a_first_webhook_asked_for_again_after_a_timeout_rings_shorter__R64(wang: Caller) -> None:
    """The answer to the first was lost: two and a half of the thirteen seconds are gone."""
    wang.dials()
    step = wang.onward.split("/")[6]
    wang.home.clock.advance(2.5)
    assert wang.dials() == ["Dial"]
    assert wang.document[-1].get("timeout") == "5"  # ten seconds, for five are added
    assert wang.onward.split("/")[6] == step
    wang.home.clock.advance(2.5)
    assert wang.dials() == ["Play", "Dial"]  # no Dial ends in the eight that are left
    wang.goes_on(9, DialCallStatus="no-answer")
    assert wang.row["greeted_at"] == wang.row["presented_at"] + timedelta(seconds=5)


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


def test_an_agent_at_a_phone_of_the_other_door_is_neither_waited_for_nor_charged_a_miss__R69(
    caller: Caller,
) -> None:
    """Nobody whom Twilio could ring is on duty: the caller is told so, he does not wait for whoever cannot come."""
    caller.home.agent("wang", phone="endpoint:ag-1")
    caller.dials()
    assert caller.heard[:2] == ["greeting.wav", "nobody_on_duty.wav"]
    [wang] = caller.home.rows(agents)
    assert (wang["state"], wang["misses"]) == ("available", 0)


def test_of_two_free_agents_the_one_is_rung_whose_phone_this_door_can_ring__R64(caller: Caller) -> None:
    caller.home.agent("wang", phone="endpoint:ag-1")
    caller.home.agent("li", phone="client:li")
    assert caller.dials() == ["Dial"]
    assert [(noun.tag, "".join(noun.itertext())) for noun in caller.document[-1]] == [("Client", "li")]


def test_an_answer_heard_of_only_after_the_end_was_given_by_whose_phone_rang__R72(wang: Caller) -> None:
    wang.dials()
    leg = wang.leg
    wang.home.clock.advance(30)
    wang.asks("/twilio/status", CallStatus="completed", CallDuration="24")
    wang.asks(leg, ParentCallSid=SID, CallSid="CAleg", CallStatus="in-progress")
    assert (wang.row["outcome"], wang.row["served_by"], wang.row["agent"]) == ("served", "wang", None)


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
    assert wang.goes_on(36, **talk) == ["Gather"]  # he is asked how satisfied he is
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
    assert wang.dials() == ["Dial"]  # said again, not done again
    assert wang.row["phase"] == "ended"


@pytest.mark.parametrize("route", sorted(ENTRIES))
def test_whatever_comes_late_does_not_reopen_a_call_that_is_over(route: str, wang: Caller) -> None:
    wang.dials()
    late = wang.onward.replace("ring-ended", route)
    wang.asks("/twilio/status", CallStatus="completed", CallDuration="4")
    before = wang.row
    tail, seal = late.removeprefix(f"{PUBLIC}/twilio/").partition("#")[0].rsplit("/", 1)
    assert seal == ADDRESSES.seal(tail.replace(route, "ring-ended", 1), SID)
    path = ADDRESSES.of(tail, SID)
    assert wang.asks(path, DialCallStatus="no-answer", Digits="1") == ["Hangup"]
    assert wang.row == {**before, "last_key": wang.row["last_key"]}
    assert [agent["state"] for agent in wang.home.rows(agents)] == ["available"]


def test_a_caller_without_a_number_keys_one_in_and_hears_that_we_have_it__R70(caller: Caller) -> None:
    assert caller.asks("/twilio/incoming", CallStatus="ringing", From="anonymous") == ["Gather"]
    assert caller.heard[-1] == "ask_number.wav"
    assert caller.goes_on(9, From="anonymous", Digits="13800138000") == ["Play", "Play", "Hangup"]
    [listed] = caller.home.rows(ring_backs)
    assert listed["number"] == CALLER


def test_an_agent_who_has_picked_up_gets_the_caller_whatever_fails_before_it__R64(wang: Caller) -> None:
    wang.dials()
    track = wang.onward.removeprefix(f"{PUBLIC}/twilio/ring-ended/").rpartition("/")[0]
    words = ADDRESSES.of(f"whisper-whisper_call.no_such_word/{SID}/{track}", SID)
    assert wang.asks(words, CallSid="CAleg") == []
    heard = ADDRESSES.of(f"whispered/{SID}/{track}", SID)
    wang.switchboard.away = True
    assert wang.asks(heard, CallSid="CAleg") == []
    wang.switchboard.away = False
    wang.home.clock.advance(4)
    assert wang.asks(heard, CallSid="CAleg") == []
    assert wang.row["served_at"] == wang.row["presented_at"] + timedelta(seconds=4)


# ---- nothing works --------------------------------------------------------------------------------------------


def test_with_the_book_away_for_a_moment_a_caller_is_greeted_and_goes_on_when_it_answers__R64(
    wang: Caller,
) -> None:
    wang.switchboard.away = True
    presented_at = wang.home.clock.now()
    assert wang.dials() == ["Play", "Play", "Play", "Redirect"]
    assert wang.heard[:2] == ["greeting.wav", "static_apology.wav"]
    wang.switchboard.away = False
    assert wang.goes_on(17) == ["Dial"]
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


def test_a_leg_status_the_book_could_not_take_is_sent_again(wang: Caller) -> None:
    wang.dials()
    leg = wang.leg
    wang.switchboard.away = True
    with pytest.raises(AssertionError, match="503"):
        wang.asks(leg, ParentCallSid=SID, CallStatus="in-progress")


def test_an_end_that_neither_book_nor_disk_could_take_is_sent_again(wang: Caller, tmp_path: Path) -> None:
    wang.dials()
    wang.switchboard.away = True
    (tmp_path / "spool").rmdir()
    with pytest.raises(AssertionError, match="503"):
        wang.asks("/twilio/status", CallStatus="completed")


@pytest.mark.parametrize("odd", [{"CallSid": "1; DROP"}, {"CallStatus": "levitating"}, {"CallStatus": ""}])
def test_what_we_cannot_read_is_answered_with_the_apology_and_changes_nothing(
    odd: dict[str, str], wang: Caller
) -> None:
    assert wang.asks("/twilio/incoming", **odd)[-1] == "Redirect"
    assert wang.home.rows(calls) == []


@pytest.mark.parametrize("odd", [{}, {"DialCallStatus": "voicemail"}])
def test_a_ring_that_ended_in_a_word_we_do_not_know_drops_nobody(odd: dict[str, str], wang: Caller) -> None:
    wang.dials()
    assert wang.goes_on(13, **odd)[-1] == "Redirect"
    assert wang.goes_on(17) == ["Dial"]


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


def test_a_book_that_does_not_answer_is_told_in_one_line_a_call(
    wang: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    """With the database away everybody who rings says so; a fault of ours is told with the place where it broke."""
    wang.switchboard.away = True
    wang.dials()
    [told] = [record.message for record in caplog.records if record.levelname == "ERROR"]
    assert told.splitlines()[1:] == ["BookUnavailable: locked"]
    wang.switchboard.away = False
    caplog.clear()
    wang.asks("/twilio/incoming", CallStatus="unheard-of")
    [told] = [record.message for record in caplog.records if record.levelname == "ERROR"]
    assert "Traceback" in told
