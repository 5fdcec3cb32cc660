"""What an agent hears between picking up and the caller: the dialplan's `ring` while HL_WHISPER is set, really.

The server behind it is a script: each burst is answered with the verbs of the story.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest

from agi_scripts.session import AgiSession
from ivr.adapters.asterisk_phones import dial_string
from ivr.policy.phone import parse_phone
from tests.real_asterisk.bare_switch import BareSwitch
from tests.real_asterisk.sip.media import RATE, correlation, read_wav, tone_share
from tests.real_asterisk.sip.phones import AgentPhone, Caller
from tests.real_asterisk.stories import CLEAR, PROMPTS, heard, left_at, prompt, prompts_heard_in_order

pytestmark = pytest.mark.real

WHISPER = ("whisper_call", "whisper_time_2", "whisper_waited_3")


@dataclass(frozen=True)
class Burst:
    """When it came, what the last verb brought, and when a person spoke."""

    entry: str
    extra: str
    served: str
    at: float


@dataclass
class Script:
    """What bursts are answered with, one after the other, then with the end; and every burst that came."""

    answers: list[dict[str, object]] = field(default_factory=list)
    bursts: list[Burst] = field(default_factory=list)

    def answer(self, entry: str, agi: AgiSession) -> None:
        turn, _, _, _, _, served, extra = agi.arguments
        self.bursts.append(Burst(entry, extra, served, time.time()))
        verbs = self.answers.pop(0) if self.answers else {"HL_VERBS": "hangup"}
        agi.set_variables({**verbs, "HL_DONE": turn})

    def came(self, entry: str) -> list[Burst]:
        return [burst for burst in self.bursts if burst.entry == entry]


SCRIPT = Script()


@pytest.fixture(scope="module")
def switch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BareSwitch]:
    entries = ("offered", "ring_ended", "hung_up")
    scripts = {name: lambda agi, name=name: SCRIPT.answer(name, agi) for name in entries}
    with BareSwitch(tmp_path_factory.mktemp("switch"), scripts=scripts) as switch:
        yield switch


def ring(phone: AgentPhone, **changes: object) -> dict[str, object]:
    """His phone, under music, with a whisper."""
    recordings = "&".join(f"{PROMPTS}/zh_CN/{name}" for name in WHISPER)
    dial = dial_string(parse_phone(phone.address), None)
    verb = {"HL_VERBS": "ring", "HL_DIAL": dial, "HL_SECONDS": "20", "HL_SOUND": "music"}
    return {**verb, "HL_WHISPER": recordings, **changes}


@pytest.fixture
def people(switch: BareSwitch) -> Iterator[tuple[AgentPhone, Caller]]:
    """A caller under music, and the agent who has just picked up for him."""
    SCRIPT.bursts.clear()
    with ExitStack() as stack:
        phone = stack.enter_context(switch.agent())
        again = ring(phone)
        del again["HL_WHISPER"]
        SCRIPT.answers = [ring(phone), again]
        caller = stack.enter_context(switch.hotline.caller())
        phone.wait_for("sent", "INVITE", 180)
        time.sleep(1)
        phone.answer()
        phone.wait_for("received", "ACK")
        yield phone, caller


def served(switch: BareSwitch, caller: Caller) -> float:
    """He is served, leaves, and the switch says when that was."""
    time.sleep(2.5)
    caller.hang_up()
    switch.wait(lambda: bool(SCRIPT.came("hung_up")))
    return float(SCRIPT.came("hung_up")[0].served)


def test_the_agent_hears_it_before_he_speaks_and_the_caller_hears_his_music(
    switch: BareSwitch, people: tuple[AgentPhone, Caller]
) -> None:
    """The moment of service is when they can speak, not when the agent picked up."""
    phone, caller = people
    answered = phone.find("sent", "INVITE", 200)[0].at
    phone.media.send_tone(1200, to=phone.find("received", "INVITE")[0].media_port)
    served_at = served(switch, caller)
    began = prompts_heard_in_order(phone.media, *WHISPER)
    ended = began[-1] + prompt(WHISPER[-1]).size / RATE
    assert began[0] - answered < 0.5
    assert -0.1 < served_at - ended < 0.4
    assert served_at - answered < 2.2
    music = caller.media.audio(answered, served_at - 0.05)
    assert correlation(read_wav(PROMPTS / "music" / "hold.wav"), music)[0] >= CLEAR
    assert tone_share(caller.media.audio(served_at + 0.2, served_at + 0.9), 1200) > 0.9


def test_a_caller_who_leaves_meanwhile_was_not_served(
    switch: BareSwitch, people: tuple[AgentPhone, Caller]
) -> None:
    phone, caller = people
    time.sleep(0.3)
    caller.hang_up()
    phone.wait_for("received", "BYE")
    switch.wait(lambda: bool(SCRIPT.came("hung_up")))
    (end,) = SCRIPT.came("hung_up")
    assert end.served == ""
    assert float(end.extra) - left_at(caller) < 1.0
    assert SCRIPT.came("ring_ended") == []


def test_of_an_agent_who_hangs_up_meanwhile_the_caller_notices_nothing(
    switch: BareSwitch, people: tuple[AgentPhone, Caller]
) -> None:
    """The next ring, here without a whisper, is answered and served at once."""
    phone, caller = people
    time.sleep(0.3)
    phone.order("HANGUP", call=0)
    switch.wait(lambda: bool(SCRIPT.came("ring_ended")), 3)
    (end,) = SCRIPT.came("ring_ended")
    assert (end.extra, end.served) == ("ANSWER", "")
    phone.wait_for("sent", "INVITE", 180, call=1)
    phone.order("ANSWER", call=1)
    answered = phone.wait_for("sent", "INVITE", 200, call=1).at
    assert served(switch, caller) - answered < 0.5
    assert heard(phone.media, prompt(WHISPER[1]))[0] < CLEAR
