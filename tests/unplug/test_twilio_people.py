"""Callers of Twilio in real time hear what the documents say, and an error where nobody answers any more."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask, Response

from tests.fakes.live_agents import Agents
from tests.fakes.twilio_wire import served
from tests.unplug.timeline import Ending, Kind, Line
from tests.unplug.twilio_people import TwilioPeople

PUBLIC, TOKEN = "https://hotline.example", "a-token-of-our-own"
PATIENCE = "#ct=1000&amp;rt=2500&amp;tt=5000&amp;rc=1&amp;rp=all"
HOLD = f'<Say>busy</Say><Redirect method="POST">{PUBLIC}/twilio/more{PATIENCE}</Redirect>'
DIAL = (
    f'<Dial answerOnBridge="true" timeout="10" action="{PUBLIC}/twilio/over{PATIENCE}" method="POST">'
    f'<Client statusCallback="{PUBLIC}/twilio/leg" statusCallbackEvent="answered">dai</Client></Dial>'
)


@contextmanager
def callers(
    documents: dict[str, str | Callable[[], str]], patience_seconds: float = 9.0
) -> Iterator[TwilioPeople]:
    """`documents` by address; any other is 404."""
    app = Flask("documents")

    @app.post("/twilio/<path:name>")
    def document(name: str) -> Response:
        found = documents.get(name)
        if found is None:
            return Response(status=404)
        text = found if isinstance(found, str) else found()
        return Response(f"<Response>{text}</Response>", mimetype="text/xml")

    agents = Agents(["dai"], answers_after_seconds=0.2, talk_seconds=0.4)
    with served(app) as port:
        yield TwilioPeople(PUBLIC, port, TOKEN, agents, patience_seconds=patience_seconds)


def the_line(people: TwilioPeople, seconds: float = 20) -> Line:
    """The one caller, once he is through."""
    people.join(seconds)
    assert people.broken == []
    [line] = people.lines
    return line


def kinds(line: Line) -> list[Kind]:
    return [stretch.kind for stretch in line.stretches if stretch.seconds > 0.15]


def test_a_caller_hears_the_ring_tone_and_then_the_agent() -> None:
    with callers({"incoming": DIAL, "leg": "", "over": "<Hangup/>", "status": ""}) as people:
        people.dial("+85251234567")
        line = the_line(people)
    assert kinds(line) == [Kind.RINGING, Kind.AGENT]
    assert line.ending is Ending.SERVED
    assert line.picked_up_at is not None
    assert line.picked_up_at - line.dialled_at == pytest.approx(0.2, abs=0.15)


def test_an_agent_who_talks_at_the_other_door_is_busy_here() -> None:
    with callers({"incoming": DIAL, "over": "<Say>sorry</Say>", "status": ""}) as people:
        began_at = people._agents.begins("dai")
        people.dial("+85251234567")
        line = the_line(people)
        people._agents.ends("dai", began_at)
    assert kinds(line) == [Kind.RINGING, Kind.WORDS]
    assert len(people._agents.talks) == 1


def test_who_has_waited_long_enough_leaves() -> None:
    with callers({"incoming": HOLD, "more": HOLD, "status": ""}, 1.0) as people:
        people.dial("+85251234567")
        line = the_line(people)
    assert line.ending is Ending.LEFT
    assert set(kinds(line)) == {Kind.WORDS}


def test_a_document_that_takes_long_is_silence_to_whom_we_have_picked_up() -> None:
    def late() -> str:
        time.sleep(1.3)
        return "<Hangup/>"

    with callers({"incoming": HOLD, "more": late, "status": ""}) as people:
        people.dial("+85251234567")
        line = the_line(people)
    assert kinds(line) == [Kind.WORDS, Kind.SILENCE]


def test_who_is_fetched_over_rest_leaves_his_words_at_once() -> None:
    words = "<Say>" + "all busy " * 30 + "</Say>"
    with callers(
        {"incoming": words, "fetched": DIAL, "leg": "", "over": "<Hangup/>", "status": ""}
    ) as people:
        people.dial("+85251234567")
        time.sleep(0.4)
        assert people.redirect("CA" + f"{1:032x}", f"{PUBLIC}/twilio/fetched") is None
        line = the_line(people)
    assert line.ending is Ending.SERVED


def test_where_nobody_answers_any_more_the_caller_hears_the_carriers_error_and_is_cut_off() -> None:
    with callers({"incoming": HOLD}) as people:
        people.dial("+85251234567")
        line = the_line(people)
    assert line.picked_up_at is not None
    assert line.ending is Ending.CUT
    assert kinds(line) == [Kind.WORDS, Kind.ERROR]


def test_who_dials_while_nobody_answers_was_never_picked_up() -> None:
    with callers({}) as people:
        people.dial("+85251234567")
        line = the_line(people)
    assert (line.picked_up_at, line.ending) == (None, Ending.CUT)
    assert kinds(line) == [Kind.ERROR]
