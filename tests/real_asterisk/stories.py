"""What a story on the real Asterisk is judged by: what a caller heard, what the telephones logged, what was stored.

Moments of telephones are epoch seconds of their own logs; nothing here knows how the hotline works inside.
"""

import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ivr.adapters.sql_schema import alerts
from tests.real_asterisk.hotline import ROOT, RunningHotline
from tests.real_asterisk.sip.media import RATE, MediaPort, Samples, correlation, lay_out, read_wav
from tests.real_asterisk.sip.phones import PATIENCE_SECONDS, AgentPhone, Caller

PROMPTS = ROOT / "config" / "prompts"
CLEAR = 0.9
"""The correlation from which a recording counts as heard."""
ON_ITS_WAY_SECONDS = 1.0
"""What was not heard by now began at most so long before its own length ago."""


# ---- ears -----------------------------------------------------------------------------------------------------


def prompt(name: str) -> Samples:
    return read_wav(PROMPTS / "zh_CN" / f"{name}.wav")


def heard(media: MediaPort, sound: Samples, since_epoch: float = 0.0) -> tuple[float, float]:
    """(correlation, when it began as epoch seconds)."""
    packets = media.heard_between(since_epoch)
    score, offset = correlation(lay_out(packets), sound)
    return score, (packets[0].arrived_epoch if packets else 0.0) + offset


def heard_at(media: MediaPort, name: str) -> float:
    """When that prompt began; AssertionError when it was not heard clearly."""
    score, at = heard(media, prompt(name))
    assert score >= CLEAR, f"{name} was not heard: {score:.2f}"
    return at


def wait_until_heard(media: MediaPort, name: str, *, first_seconds: float = 60, seconds: float = 30) -> float:
    """Until the prompt (or the first seconds of it) has been heard; when it began."""
    sound, until = prompt(name)[: round(first_seconds * RATE)], time.monotonic() + seconds
    since = 0.0
    while True:
        now = time.time()
        score, at = heard(media, sound, since)
        if score >= CLEAR:
            return at
        assert time.monotonic() < until, f"{name} was not heard in {seconds} s"
        since = now - sound.size / RATE - ON_ITS_WAY_SECONDS
        time.sleep(0.2)


def prompts_heard_in_order(media: MediaPort, *names: str) -> list[float]:
    """When each began; the next never before the one before it was over."""
    began = [heard_at(media, name) for name in names]
    ended = [at + prompt(name).size / RATE for at, name in zip(began, names, strict=True)]
    assert all(end <= start + 0.1 for end, start in zip(ended, began[1:], strict=False)), (names, began)
    return began


def wait_for_music(media: MediaPort, since: float, seconds: float = PATIENCE_SECONDS) -> None:
    """Until one second of hold music was heard after `since`."""
    hold, until = read_wav(PROMPTS / "music" / "hold.wav"), time.monotonic() + seconds
    while not _has_music(media.audio(max(since, time.time() - 2.0)), hold):
        assert time.monotonic() < until, "no hold music was heard"
        time.sleep(0.2)


def _has_music(sound: Samples, hold: Samples) -> bool:
    last = sound[-RATE:]
    return last.size == RATE and correlation(hold, last)[0] >= CLEAR


# ---- people ---------------------------------------------------------------------------------------------------


@contextmanager
def calling(hotline: RunningHotline, number: str, **options: Any) -> Iterator[Caller]:
    """A caller who dials, and who puts the receiver down also when the story went wrong: the next one is another."""
    with hotline.caller(number, **options) as caller:
        try:
            yield caller
        finally:
            if caller.sipp.running():
                caller.hang_up()
                with suppress(subprocess.TimeoutExpired):
                    caller.wait_until_over(3)


@contextmanager
def on_duty(hotline: RunningHotline, login: str, **options: Any) -> Iterator[AgentPhone]:
    """An available agent and his telephone; offline again at the end."""
    with hotline.phone(login, **options) as phone:
        hotline.add_agent(login, phone.address)
        try:
            yield phone
        finally:
            hotline.set_agent(login, "offline")


def left_at(caller: Caller) -> float:
    """When the caller put the receiver down: his BYE or CANCEL."""
    messages = (*caller.find("sent", "BYE"), *caller.find("sent", "CANCEL"))
    assert messages, caller.story()
    return min(message.at for message in messages)


def rung_by(phone: AgentPhone) -> list[str]:
    """The callers' numbers an agent's telephone showed, in order."""
    return [
        message.headers["from"].split("sip:")[1].split("@")[0] for message in phone.find("received", "INVITE")
    ]


# ---- what was stored ------------------------------------------------------------------------------------------


def finished(hotline: RunningHotline, number: str) -> dict[str, Any]:
    """The one call of that caller once it has ended and its record has opened: exactly one (R6, R71)."""
    call = hotline.ended_call(number)
    the_record(hotline, call)
    return call


def the_record(hotline: RunningHotline, call: Mapping[str, Any]) -> dict[str, Any]:
    """The one record of a call."""

    def records() -> list[dict[str, Any]]:
        return [record for record in hotline.records() if record["call_id"] == call["id"]]

    hotline.wait(lambda: bool(records()))
    assert len(records()) == 1
    return records()[0]


def ring_backs_of(hotline: RunningHotline, call: Mapping[str, Any]) -> list[str]:
    """The numbers listed to be rung back for a call."""
    return [row["number"] for row in hotline.ring_backs() if row["call_id"] == call["id"]]


def alerts_about(hotline: RunningHotline, login: str) -> list[str]:
    """The kinds of alerts a manager got about that agent, in order."""
    rows = hotline.rows(sa.select(alerts).where(alerts.c.agent == login).order_by(alerts.c.id))
    return [row["kind"] for row in rows]


def seconds_apart(moment: datetime | None, epoch: float | None) -> float:
    """How far a stored moment lies from a telephone's."""
    assert moment is not None
    assert epoch is not None
    return abs(moment.timestamp() - epoch)


def assert_nobody_is_held(hotline: RunningHotline, call: Mapping[str, Any], *logins: str) -> None:
    """After the end no row holds an agent: he is available, or writes his notes."""
    assert (call["agent"], call["phase"]) == (None, "ended")
    for login in logins:
        agent = hotline.agent(login)
        assert agent["state"] in {"available", "wrap_up"}, agent
        assert agent["call_id"] is None or agent["state"] == "wrap_up", agent
