"""Line commands as TwiML: each document is what the dialplan's verbs would do, as near as Twilio comes to it."""

from dataclasses import replace

import pytest

from ivr.policy.commands import Ask, HangUp, Hold, LineCommand, Ring, Say, Sound
from tests.fakes.twiml_schema import BadTwiml, parse
from webhooks import twiml


class Links:
    ref = "CA1"
    leg = "https://h/leg"

    def whisper(self, prompts: tuple[str, ...]) -> str:
        return f"https://h/whisper-{'.'.join(prompts)}"

    def to(self, route: str) -> str:
        return f"https://h/{route}"


class Sounds:
    greeting = "greeting"

    def __init__(self, notice: str | None = None) -> None:
        self.notice = notice

    def url(self, prompt: str) -> str:
        return f"https://h/{prompt}.wav"

    def music(self, seconds: int) -> str:
        return f"https://h/music-{seconds}.wav"


def ring(seconds: float, sound: Sound, phone: str = "sip:wang@192.0.2.1:5070") -> Ring:
    return Ring(agent="wang", phone=phone, seconds=seconds, sound=sound)


def rendered(*commands: LineCommand, notice: str | None = None) -> str:
    """One line an element, its attributes after it; addresses without what is the same in all."""
    document = twiml.render(commands, Links(), Sounds(notice), picked_up=False)
    root = parse(document.encode())
    return "\n".join(
        " ".join([element.tag, *(f"{k}={v}" for k, v in sorted(element.attrib.items())), element.text or ""]).strip()
        for element in root.iter()
        if element is not root
    ).replace("https://h/", "").replace(" method=POST", "").replace(" statusCallbackMethod=POST", "")  # fmt: skip


LEG = "statusCallback=leg statusCallbackEvent=answered"
GATHER = "action=digits actionOnEmptyResult=true finishOnKey=# input=dtmf numDigits=12 timeout=5"
KEYS = "action=digits finishOnKey= input=dtmf numDigits=1 timeout=1"
WHISPER = "whisper-whisper_call.whisper_waited_3"
SIP = f"Sip {LEG} sip:wang@192.0.2.1:5070"


@pytest.mark.parametrize(
    ("commands", "document"),
    [
        (
            (ring(13, Sound.RINGING),),
            f"Dial action=ring-ended answerOnBridge=true timeout=8\n{SIP}",
        ),
        (
            (ring(7, Sound.GREETING),),
            f"Play greeting.wav\nDial action=ring-ended ringTone=cn timeout=5\n{SIP}",
        ),
        (
            (ring(20, Sound.MUSIC, "client:wang"),),
            f"Dial action=ring-ended ringTone=cn timeout=15\nClient {LEG}\nIdentity wang\nParameter name=ref value=CA1",
        ),
        (
            (ring(20.9, Sound.MUSIC, "tel:+85221234567"),),
            f"Dial action=ring-ended ringTone=cn timeout=15\nNumber {LEG} +85221234567",
        ),
        (
            (Say(prompts=("greeting", "all_busy")), Hold(seconds=1, sound=Sound.MUSIC)),
            "Play greeting.wav\nPlay all_busy.wav\nPlay music-1.wav\nRedirect hold-elapsed",
        ),
        (
            (replace(ring(20, Sound.MUSIC), whisper=("whisper_call", "whisper_waited_3")),),
            f"Dial action=ring-ended ringTone=cn timeout=15\nSip url={WHISPER} sip:wang@192.0.2.1:5070",
        ),
        ((Hold(seconds=9.9, sound=Sound.RINGING),), "Pause length=9\nRedirect hold-elapsed"),
        (
            (Say(prompts=("please_hold",)), Hold(seconds=1, sound=Sound.MUSIC, key="1")),
            f"Gather {KEYS}\nPlay please_hold.wav\nPlay music-1.wav\nRedirect hold-elapsed",
        ),
        (
            (Ask(prompts=("ask_number",), digits=12, seconds=5),),
            f"Gather {GATHER}\nPlay ask_number.wav",
        ),
        ((Say(prompts=("goodbye",)), HangUp()), "Play goodbye.wav\nHangup"),
    ],
)
def test_each_command_is_what_twilio_can_do_of_it(commands: tuple[LineCommand, ...], document: str) -> None:
    assert rendered(*commands) == document


def test_a_ring_shorter_than_twilio_can_make_it_is_greeted_at_once__R64() -> None:
    """Five seconds to the pickup, ten at least in a Dial: rather early than after the third ring."""
    assert rendered(ring(5, Sound.RINGING)).startswith("Play greeting.wav\nDial")
    assert twiml.picks_up((ring(5, Sound.RINGING),), Sounds())
    assert not twiml.picks_up((ring(10, Sound.RINGING),), Sounds())


def test_once_picked_up_there_is_no_ring_tone_of_his_own() -> None:
    quiet = (ring(13, Sound.RINGING),)
    assert "answerOnBridge" not in twiml.render(quiet, Links(), Sounds(), picked_up=True)
    hold = (Hold(seconds=3, sound=Sound.RINGING),)
    assert "music-3.wav" in twiml.render(hold, Links(), Sounds(), picked_up=True)


def test_where_talks_are_recorded_both_sides_hear_so_first_and_nobody_is_left_in_his_ring_tone_R65() -> None:
    dial = (
        "Dial action=ring-ended record=record-from-answer-dual ringTone=cn timeout=8\n"
        "Sip url=whisper-notice sip:wang@192.0.2.1:5070"
    )
    quiet, music = (ring(13, Sound.RINGING),), ring(13, Sound.MUSIC)
    assert rendered(*quiet, notice="notice") == f"Play greeting.wav\nPlay notice.wav\n{dial}"
    assert twiml.picks_up(quiet, Sounds("notice"))
    assert rendered(music, notice="notice") == f"Play notice.wav\n{dial}"
    whispered = replace(music, whisper=("whisper_call",))
    assert "url=whisper-whisper_call.notice" in rendered(whispered, notice="notice")
    assert rendered(ring(13, Sound.RINGING, "endpoint:ag-1"), notice="notice") == "Redirect ring-refused"


def test_a_phone_of_the_other_door_is_passed_over_at_once() -> None:
    assert rendered(ring(13, Sound.RINGING, "endpoint:ag-1")) == "Redirect ring-refused"
    assert not twiml.picks_up((ring(5, Sound.RINGING, "endpoint:ag-1"),), Sounds())
    assert rendered(ring(13, Sound.GREETING, "endpoint:ag-1")) == "Play greeting.wav\nRedirect ring-refused"


@pytest.mark.parametrize(
    ("commands", "sounds"),
    [
        ((Hold(seconds=9, sound=Sound.RINGING),), False),
        ((HangUp(),), False),
        ((Hold(seconds=9, sound=Sound.MUSIC),), True),
        ((Ask(prompts=(), digits=1, seconds=1),), True),
        ((Say(prompts=("greeting",)), HangUp()), True),
    ],
)
def test_whatever_makes_a_sound_picks_the_call_up(commands: tuple[LineCommand, ...], sounds: bool) -> None:
    assert twiml.picks_up(commands, Sounds()) is sounds


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("<Response><Play>", 12100),
        ("<Other/>", 12100),
        ("<Response><Dial><Play>x</Play></Dial></Response>", 12200),
        ("<Response><Pause seconds='3'/></Response>", 12200),
        (f"<Response><Say>{'x' * 70_000}</Say></Response>", 11750),
    ],
)
def test_the_tests_own_reader_refuses_what_twilio_would(document: str, code: int) -> None:
    with pytest.raises(BadTwiml) as refused:
        parse(document.encode())
    assert refused.value.code == code


@pytest.mark.parametrize("document", [twiml.last_words(), twiml.nothing(), twiml.goodbye()])
def test_the_fixed_documents_are_twiml(document: str) -> None:
    parse(document.encode())
