"""Music that one key ends: the dialplan's `say` and `hold` while HL_KEY is set, on a real Asterisk.

The server behind it is a script of two lines: each burst is answered with the verbs of the story.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from agi_scripts.session import AgiSession
from tests.real_asterisk.bare_switch import BareSwitch
from tests.real_asterisk.sip.media import correlation, read_wav
from tests.real_asterisk.sip.phones import Caller
from tests.real_asterisk.stories import CLEAR, PROMPTS, heard_at, wait_for_music, wait_until_heard

pytestmark = pytest.mark.real


@dataclass
class Script:
    """What the first burst is answered with, and every burst that came: (entry, what it brought, when)."""

    verbs: dict[str, object] = field(default_factory=dict)
    bursts: list[tuple[str, str, float]] = field(default_factory=list)

    def answer(self, entry: str, agi: AgiSession) -> None:
        turn, extra = agi.arguments[0], agi.arguments[6] if len(agi.arguments) > 6 else ""
        self.bursts.append((entry, extra, time.time()))
        verbs = self.verbs if entry == "offered" else {"HL_VERBS": "hangup"}
        agi.set_variables({**verbs, "HL_DONE": turn})

    def came(self, entry: str) -> list[tuple[str, float]]:
        return [(extra, at) for name, extra, at in self.bursts if name == entry]


SCRIPT = Script()


@pytest.fixture(scope="module")
def switch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BareSwitch]:
    entries = ("offered", "digits", "hold_elapsed", "fetched", "ring_ended", "hung_up")
    scripts = {name: lambda agi, name=name: SCRIPT.answer(name, agi) for name in entries}
    with BareSwitch(tmp_path_factory.mktemp("switch"), scripts=scripts) as switch:
        yield switch


def caller(
    switch: BareSwitch, verbs: str, seconds: float = 6, key: str = "1", say: str = "please_hold"
) -> Caller:
    """Somebody who is told nothing, then waits under music."""
    SCRIPT.bursts.clear()
    SCRIPT.verbs = {
        "HL_VERBS": verbs,
        "HL_FROM": f"{PROMPTS}/zh_CN/",
        "HL_SAY": say,
        "HL_DIGITS": "1",
        "HL_SECONDS": f"{seconds:.3f}",
        "HL_SOUND": "music",
        "HL_KEY": key,
    }
    return switch.hotline.caller()


def waiting(caller: Caller) -> None:
    """Picked up, and music plays."""
    answered = caller.wait_for("received", "INVITE", 200)
    wait_for_music(caller.media, answered.at)


def press(caller: Caller, key: str) -> float:
    """When the key had gone down."""
    at = time.time()
    caller.media.press(key, to=caller.find("received", "INVITE", 200)[0].media_port)
    return at


def test_the_key_ends_the_music_at_once(switch: BareSwitch) -> None:
    with caller(switch, "hold") as phone:
        waiting(phone)
        pressed_at = press(phone, "1")
        switch.wait(lambda: bool(SCRIPT.came("digits")))
    ((key, at),) = SCRIPT.came("digits")
    assert key == "1"
    assert at - pressed_at < 0.4  # the key itself is held for a tenth of a second
    assert SCRIPT.came("hold_elapsed") == []


def test_any_other_key_is_passed_over_and_the_hold_lasts_as_long_as_it_was_to(switch: BareSwitch) -> None:
    with caller(switch, "hold") as phone:
        answered = phone.wait_for("received", "INVITE", 200)
        waiting(phone)
        press(phone, "5")
        press(phone, "#")
        wait_for_music(phone.media, time.time())
        switch.wait(lambda: bool(SCRIPT.came("hold_elapsed")))
    ((extra, at),) = SCRIPT.came("hold_elapsed")
    assert extra == ""
    assert at - answered.at == pytest.approx(6, abs=0.3)
    assert SCRIPT.came("digits") == []


def test_the_key_counts_while_the_sentence_before_the_music_is_said(switch: BareSwitch) -> None:
    with caller(switch, "say-hold") as phone:
        phone.wait_for("received", "INVITE", 200)
        wait_until_heard(phone.media, "please_hold", first_seconds=1)
        pressed_at = press(phone, "1")
        switch.wait(lambda: bool(SCRIPT.came("digits")))
    ((key, at),) = SCRIPT.came("digits")
    assert key == "1"
    assert at - pressed_at < 0.4


def test_a_sentence_nobody_interrupts_is_said_to_its_end_before_the_music(switch: BareSwitch) -> None:
    with caller(switch, "say-hold", seconds=3) as phone:
        wait_until_heard(phone.media, "please_hold", seconds=15)
        wait_for_music(phone.media, time.time())
        switch.wait(lambda: bool(SCRIPT.came("hold_elapsed")))


def test_without_a_key_no_key_ends_the_music(switch: BareSwitch) -> None:
    with caller(switch, "hold", key="") as phone:
        waiting(phone)
        press(phone, "1")
        switch.wait(lambda: bool(SCRIPT.came("hold_elapsed")))
    assert SCRIPT.came("digits") == []


def test_a_caller_is_fetched_out_of_music_that_a_key_would_end(switch: BareSwitch) -> None:
    """Within milliseconds, as out of any music; a later hold starts afresh."""
    with caller(switch, "hold") as phone:
        waiting(phone)
        press(phone, "7")
        (channel,) = switch.switch.manager.live_channels()
        told_at = time.time()
        switch.switch.manager.redirect(channel.name, "hl-fetched", "s")
        switch.wait(lambda: bool(SCRIPT.came("fetched")))
    ((_, at),) = SCRIPT.came("fetched")
    assert at - told_at < 0.1


def test_a_caller_is_fetched_out_of_the_middle_of_a_question(switch: BareSwitch) -> None:
    """He listens to the offer when an agent becomes free: no word of it delays him."""
    with caller(switch, "ask") as phone:
        wait_until_heard(phone.media, "please_hold", first_seconds=1)
        (channel,) = switch.switch.manager.live_channels()
        told_at = time.time()
        switch.switch.manager.redirect(channel.name, "hl-fetched", "s")
        switch.wait(lambda: bool(SCRIPT.came("fetched")))
    ((_, at),) = SCRIPT.came("fetched")
    assert at - told_at < 0.1
    assert SCRIPT.came("digits") == []


def test_recordings_from_several_directories_are_said_as_one_sentence(switch: BareSwitch) -> None:
    """The company's own greeting among the pack's words."""
    with caller(switch, "ask", seconds=2, say="greeting&../en/greeting&please_hold") as phone:
        english = read_wav(PROMPTS / "en" / "greeting.wav")
        switch.wait(lambda: bool(SCRIPT.came("digits")), 20)
        heard_words = phone.media.audio()
    assert heard_at(phone.media, "greeting") < heard_at(phone.media, "please_hold")
    assert correlation(heard_words, english)[0] >= CLEAR
