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
APOLOGY_SECONDS = 10  # of music between two apologies
RINGBACK = "cn"  # what the caller hears while a phone rings, once we have picked up
RINGABLE = frozenset({"sip", "client", "tel"})


class Links(Protocol):
    """Where Twilio goes on: addresses of ours for this step of this call."""

    @property
    def leg(self) -> str:
        """Told when the rung phone is answered."""

    def to(self, route: str) -> str: ...


class Sounds(Protocol):
    """Addresses of our recordings; `greeting` is the prompt heard first."""

    @property
    def greeting(self) -> str: ...

    def url(self, prompt: str) -> str: ...

    def music(self, seconds: int) -> str: ...


def picks_up(commands: tuple[LineCommand, ...]) -> bool:
    """Whether the caller hears us, not his own ring tone, as soon as Twilio reads this."""
    return any(_makes_a_sound(_possible(command, picked_up=False)) for command in commands)


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


def _possible(command: LineCommand, *, picked_up: bool) -> LineCommand:
    """Once picked up there is no ring tone of his own; before, no ring too short for a Dial to end in time (R64)."""
    match command:
        case Ring(sound=Sound.RINGING) | Hold(sound=Sound.RINGING) if picked_up:
            return replace(command, sound=Sound.MUSIC)
        case Ring(sound=Sound.RINGING, seconds=seconds) if seconds < LEAST_DIAL_SECONDS and _ringable(
            command
        ):
            return replace(command, sound=Sound.GREETING)
        case _:
            return command


def _ringable(ring: Ring) -> bool:
    return parse_phone(ring.phone).kind in RINGABLE


def render(commands: tuple[LineCommand, ...], links: Links, sounds: Sounds, *, picked_up: bool) -> str:
    """One document; it ends with the address that hears what came of it. `picked_up`: by an earlier one."""
    response = VoiceResponse()
    for command in commands:
        _add(response, _possible(command, picked_up=picked_up), links, sounds)
    return str(response)


def apology(prompts: tuple[str, ...], again: str, sounds: Sounds) -> str:
    """Needs no book: we say that we are sorry, play music and ask ourselves once more at the address `again`."""
    response = VoiceResponse()
    _play(response, prompts, sounds)
    response.play(sounds.music(APOLOGY_SECONDS))
    response.redirect(again, method="POST")
    return str(response)


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


def nothing() -> str:
    """The answer to a status callback; Twilio reads it and does nothing."""
    return str(VoiceResponse())


def _add(response: VoiceResponse, command: LineCommand, links: Links, sounds: Sounds) -> None:
    match command:
        case Say(prompts=prompts):
            _play(response, prompts, sounds)
        case Ring():
            _ring(response, command, links, sounds)
        case Ask():
            _ask(response, command, links, sounds)
        case Hold():
            _hold(response, command, links, sounds)
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
    quiet = ring.sound is Sound.RINGING
    dial = response.dial(
        timeout=max(int(ring.seconds), LEAST_DIAL_SECONDS) - DIAL_ADDS_SECONDS,
        action=links.to("ring-ended"),
        method="POST",
        answer_on_bridge=True if quiet else None,
        ring_tone=None if quiet else RINGBACK,
    )
    _add_phone(dial, parse_phone(ring.phone), links)


def _add_phone(dial: Dial, phone: Phone, links: Links) -> None:
    told = {
        "status_callback": links.leg,
        "status_callback_event": "answered",
        "status_callback_method": "POST",
    }
    if phone.kind == "sip":
        dial.sip(f"sip:{phone.address}", **told)
    elif phone.kind == "client":
        dial.client(phone.address, **told)
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


def _hold(response: VoiceResponse, hold: Hold, links: Links, sounds: Sounds) -> None:
    """Whole seconds, rounded down before the pickup: rather early than late."""
    if hold.sound is Sound.RINGING:
        response.pause(length=max(1, int(hold.seconds)))
    else:
        response.play(sounds.music(max(1, round(hold.seconds))))
    response.redirect(links.to("hold-elapsed"), method="POST")
