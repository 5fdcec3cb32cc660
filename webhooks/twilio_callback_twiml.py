"""The documents of calls that we place ourselves: the agent's question, the customer's leg, a new time said. Pure.

The greeting comes first on the customer's leg, before anybody is put through (R65); a star of the agent ends that leg.
"""

from typing import Protocol

from twilio.twiml.voice_response import VoiceResponse

from ivr.service.placed_call_ports import PlacedCall
from webhooks.twiml import DIAL_ADDS_SECONDS, LEAST_DIAL_SECONDS, Sounds, play_notice, recorded

KEY_SECONDS = 8
STAR_SECONDS = 3  # after the customer's leg is over: so long a 9 behind the star may take
LONGEST_TALK_SECONDS = 7200


class CallbackLinks(Protocol):
    """Where Twilio goes on with this attempt."""

    def to(self, route: str) -> str: ...


def whisper(call: PlacedCall, links: CallbackLinks, sounds: Sounds) -> str:
    """Who picked up hears whose turn it is; he takes it by a key, which no voicemail presses."""
    response = VoiceResponse()
    gather = response.gather(
        input="dtmf",
        num_digits=1,
        timeout=KEY_SECONDS,
        finish_on_key="",
        action=links.to("key"),
        method="POST",
        action_on_empty_result=True,
    )
    for prompt in call.prompts:
        gather.play(sounds.url(prompt))
    return str(response)


def connect(call: PlacedCall, links: CallbackLinks, sounds: Sounds, shown: str) -> str:
    """The customer's phone rings; he sees our own number. Where talks are recorded, the agent hears so first."""
    response = VoiceResponse()
    play_notice(response, sounds)
    dial = response.dial(
        timeout=max(round(call.customer_seconds), LEAST_DIAL_SECONDS) - DIAL_ADDS_SECONDS,
        time_limit=LONGEST_TALK_SECONDS,
        caller_id=shown,
        hangup_on_star=True,
        record=recorded(sounds),
        action=links.to("customer-left"),
        method="POST",
    )
    dial.number(call.customer, url=links.to("greeting"), method="POST")
    return str(response)


def greet(links: CallbackLinks, sounds: Sounds) -> str:
    """On the customer's leg: the greeting, then we hear that it is over, then he is put through."""
    response = VoiceResponse()
    response.play(sounds.url(sounds.greeting))
    play_notice(response, sounds)
    response.redirect(links.to("greeted"), method="POST")
    return str(response)


def was_it_a_machine(links: CallbackLinks) -> str:
    """*9 says so: the star has ended the leg, and the nine comes here."""
    response = VoiceResponse()
    response.gather(
        input="dtmf",
        num_digits=1,
        timeout=STAR_SECONDS,
        finish_on_key="",
        action=links.to("machine"),
        method="POST",
        action_on_empty_result=True,
    )
    return str(response)


def announce(call: PlacedCall, links: CallbackLinks, sounds: Sounds) -> str:
    """The customer hears who calls and the new time; what follows is asked for when he has heard it to its end."""
    response = VoiceResponse()
    response.play(sounds.url(sounds.greeting))
    for prompt in call.prompts:
        response.play(sounds.url(prompt))
    response.redirect(links.to("told"), method="POST")
    return str(response)


def ask_again(address: str) -> str:
    """The book does not answer: some silence, then the same question once more."""
    response = VoiceResponse()
    response.pause(length=2)
    response.redirect(address, method="POST")
    return str(response)
