"""Line commands as TwiML, Twilio's own words for the dialplan's verbs. Pure: commands and addresses in, XML out.

A verb that makes a sound picks the call up; only a first <Pause> and a first <Dial answerOnBridge> leave the
caller's own ring tone running. What Twilio cannot do as the dialplan does is decided here and told in docs/twilio.md.
"""

from dataclasses import replace
from typing import Protocol, assert_never

from twilio.twiml.voice_response import Dial, Gather, VoiceResponse

from ivr.policy.commands import Ask, HangUp, Hold, LineCommand, Ring, Say, Sound
from ivr.policy.phone import Phone, parse_phone

DIAL_ADDS_SECONDS = 5  # Twilio rings so much longer than a Dial's timeout says
LEAST_DIAL_SECONDS = 10  # timeout is at least 5: a shorter ring cannot be asked for
LEAST_QUIET_SECONDS = 1.0  # what is left of a ring or wait before the pickup, however late it is
KEY_SECONDS = 1  # of silence after the music in which a key still counts; Twilio asks for one at least
RINGBACK = "cn"  # what the caller hears while a phone rings, once we have picked up
REF = "ref"  # by which an agent's page knows the call that rings it
RINGABLE = frozenset({"sip", "client", "tel"})


class Links(Protocol):
    """Where Twilio goes on: addresses of ours for this step of this call."""

    @property
    def ref(self) -> str:
        """Which call it is, for a page that is rung."""

    @property
    def leg(self) -> str:
        """Told when the rung phone is answered."""

    def whisper(self, prompts: tuple[str, ...]) -> str:
        """Asked by the phone that was picked up, before it is joined to the caller."""

    def to(self, route: str) -> str: ...


class Sounds(Protocol):
    """Addresses of our recordings; `greeting` is the prompt heard first.

    `notice` is what both sides hear before their talk is recorded, None where talks are not.
    """

    @property
    def greeting(self) -> str: ...

    @property
    def notice(self) -> str | None: ...

    def url(self, prompt: str) -> str: ...

    def music(self, seconds: int) -> str: ...


def picks_up(commands: tuple[LineCommand, ...], sounds: Sounds) -> bool:
    """Whether the caller hears us, not his own ring tone, as soon as Twilio reads this."""
    return any(_makes_a_sound(_possible(command, sounds, picked_up=False)) for command in commands)


def _makes_a_sound(command: LineCommand) -> bool:
    match command:
        case Ring(sound=sound):
            return sound is Sound.GREETING or (sound is Sound.MUSIC and _ringable(command))
        case Hold(sound=sound):
            return sound is not Sound.RINGING
        case Say() | Ask():
            return True
        case HangUp():
            return False
        case _ as never:
            assert_never(never)


def _possible(command: LineCommand, sounds: Sounds, *, picked_up: bool) -> LineCommand:
    """Once picked up there is no ring tone of his own; before, no ring too short for a Dial to end in time (R64).

    Nor one behind which he would be recorded without a word: who is still in his ring tone can be told nothing.
    """
    match command:
        case Ring(sound=Sound.RINGING) | Hold(sound=Sound.RINGING) if picked_up:
            return replace(command, sound=Sound.MUSIC)
        case Ring(sound=Sound.RINGING, seconds=seconds) if _ringable(command):
            speaks = sounds.notice is not None or seconds < LEAST_DIAL_SECONDS
            return replace(command, sound=Sound.GREETING) if speaks else command
        case _:
            return command


def later(commands: tuple[LineCommand, ...], passed_seconds: float) -> tuple[LineCommand, ...]:
    """What is still to be done of them after so long: the pickup waits for nobody (R64)."""
    return tuple(_later(command, passed_seconds) for command in commands)


def _later(command: LineCommand, passed_seconds: float) -> LineCommand:
    match command:
        case Ring(sound=Sound.RINGING, seconds=seconds) | Hold(sound=Sound.RINGING, seconds=seconds):
            return replace(command, seconds=max(seconds - passed_seconds, LEAST_QUIET_SECONDS))
        case _:
            return command


def _ringable(ring: Ring) -> bool:
    return rings(ring.phone)


def rings(phone: str) -> bool:
    """Whether a <Dial> can ring that phone."""
    return parse_phone(phone).kind in RINGABLE


def render(commands: tuple[LineCommand, ...], links: Links, sounds: Sounds, *, picked_up: bool) -> str:
    """One document; it ends with the address that hears what came of it. `picked_up`: by an earlier one."""
    response = VoiceResponse()
    heard = _heard_in(response, commands[-1:], links)
    for command in commands:
        _add(response, heard, _possible(command, sounds, picked_up=picked_up), links, sounds)
    return str(response)


def _heard_in(response: VoiceResponse, last: tuple[LineCommand, ...], links: Links) -> VoiceResponse | Gather:
    """Words and music that a key may end play inside a Gather; nothing pressed, Twilio goes on behind it."""
    if not any(isinstance(command, Hold) and command.key for command in last):
        return response
    return response.gather(
        input="dtmf",
        num_digits=1,
        timeout=KEY_SECONDS,
        finish_on_key="",
        action=links.to("digits"),
        method="POST",
    )


def last_words() -> str:
    """Without any recording: an apology in Twilio's own voice (R68)."""
    response = VoiceResponse()
    response.say(
        "非常抱歉，我们的系统暂时无法接听，请您稍后再拨", language="cmn-CN", voice="Polly.Zhiyu-Neural"
    )
    return str(response)


def goodbye() -> str:
    """The call is over."""
    response = VoiceResponse()
    response.hangup()
    return str(response)


def whisper(prompts: tuple[str, ...], whispered: str, sounds: Sounds) -> str:
    """To the agent alone, while the caller hears it ring; then the address that hears of it, and the bridge."""
    response = VoiceResponse()
    _play(response, prompts, sounds)
    response.redirect(whispered, method="POST")
    return str(response)


def nothing() -> str:
    """To a status callback; Twilio reads it and does nothing. To a phone that was rung: it is joined to the caller."""
    return str(VoiceResponse())


def _add(
    response: VoiceResponse,
    heard: VoiceResponse | Gather,
    command: LineCommand,
    links: Links,
    sounds: Sounds,
) -> None:
    match command:
        case Say(prompts=prompts):
            _play(heard, prompts, sounds)
        case Ring():
            _ring(response, command, links, sounds)
        case Ask():
            _ask(response, command, links, sounds)
        case Hold():
            _hold(response, heard, command, links, sounds)
        case HangUp():
            response.hangup()
        case _ as never:
            assert_never(never)


def _play(parent: VoiceResponse | Gather, prompts: tuple[str, ...], sounds: Sounds) -> None:
    for prompt in prompts:
        parent.play(sounds.url(prompt))


def _ring(response: VoiceResponse, ring: Ring, links: Links, sounds: Sounds) -> None:
    if ring.sound is Sound.GREETING:
        _play(response, (sounds.greeting,), sounds)
    if not _ringable(ring):
        response.redirect(links.to("ring-refused"), method="POST")
        return
    play_notice(response, sounds)
    quiet = ring.sound is Sound.RINGING
    dial = response.dial(
        timeout=max(int(ring.seconds), LEAST_DIAL_SECONDS) - DIAL_ADDS_SECONDS,
        action=links.to("ring-ended"),
        method="POST",
        answer_on_bridge=True if quiet else None,
        ring_tone=None if quiet else RINGBACK,
        record=recorded(sounds),
    )
    _add_phone(dial, parse_phone(ring.phone), links.ref, _told(ring, links, sounds))


def play_notice(response: VoiceResponse, sounds: Sounds) -> None:
    """Where talks are recorded, before anybody's words are."""
    if sounds.notice is not None:
        response.play(sounds.url(sounds.notice))


def recorded(sounds: Sounds) -> str | None:
    """How a Dial is told to record both sides, each in a channel of its own, from the bridge on."""
    return None if sounds.notice is None else "record-from-answer-dual"


def _told(ring: Ring, links: Links, sounds: Sounds) -> dict[str, str]:
    """How we hear that a person speaks: by the answer, or once he has heard what is whispered."""
    whispered = ring.whisper if sounds.notice is None else (*ring.whisper, sounds.notice)
    if whispered:
        return {"url": links.whisper(whispered), "method": "POST"}
    return {
        "status_callback": links.leg,
        "status_callback_event": "answered",
        "status_callback_method": "POST",
    }


def _add_phone(dial: Dial, phone: Phone, ref: str, told: dict[str, str]) -> None:
    if phone.kind == "sip":
        dial.sip(f"sip:{phone.address}", **told)
    elif phone.kind == "client":
        client = dial.client(**told)
        client.identity(phone.address)
        client.parameter(name=REF, value=ref)
    else:
        dial.number(phone.address, **told)


def _ask(response: VoiceResponse, ask: Ask, links: Links, sounds: Sounds) -> None:
    gather = response.gather(
        input="dtmf",
        num_digits=ask.digits,
        timeout=max(1, round(ask.seconds)),
        finish_on_key="#",
        action=links.to("digits"),
        method="POST",
        action_on_empty_result=True,  # silence is an answer too: without it Twilio would fall off the document
    )
    _play(gather, ask.prompts, sounds)


def _hold(
    response: VoiceResponse, heard: VoiceResponse | Gather, hold: Hold, links: Links, sounds: Sounds
) -> None:
    """Whole seconds, rounded down before the pickup: rather early than late."""
    if hold.sound is Sound.RINGING:
        response.pause(length=max(1, int(hold.seconds)))
    else:
        heard.play(sounds.music(max(1, round(hold.seconds))))
    response.redirect(links.to("hold-elapsed"), method="POST")
