"""Where stories are told: the same house, people and clock behind the Asterisk door and behind the Twilio door."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest
from flask import Flask

from agi_scripts.door import Door
from config.prompt_pack import PromptPack
from ivr.adapters.spool_files import SpoolFiles
from ivr.adapters.sql_schema import agents, calls
from ivr.adapters.twilio_calls import TwilioCalls
from ivr.adapters.twilio_switch import TwilioSwitch
from ivr.policy.rules import Rules
from ivr.service.floor_loop import FloorLoop
from ivr.service.ports import Clock
from ivr.service.switchboard import Switchboard
from tests.fakes.fake_line import FakeLine
from tests.fakes.fake_twilio import ACCOUNT, FakeTwilio
from tests.fakes.telephones import Ear, Telephones
from tests.fakes.timeline import Timeline
from tests.fakes.twilio_wire import Wire, rest_server, served
from tests.scenarios.stories import Story
from tests.service.house import NOON, House, house
from webhooks.twilio_door import TwilioDoor
from webhooks.twilio_guard import TwilioAccount
from webhooks.twilio_routes import twilio_blueprint
from webhooks.twilio_sounds import TwilioSounds, sounds_blueprint

ROOT = Path(__file__).resolve().parent.parent.parent
PROMPTS = ROOT / "config" / "prompts"
PUBLIC = "https://hotline.example"
TOKEN = "a-token-of-our-own"
NUMBERS = {"chen": "+8613800138000", "zhou": "+8613900139000"}
NO_SPOOL = SpoolFiles(Path("no-spool"))
LOOK_SECONDS = 0.5  # how often the floor is looked at


class Caller(Protocol):
    """Somebody on the line, whichever line it is."""

    ear: Ear

    def hangs_up(self) -> None: ...

    def presses(self, keys: str) -> None: ...


@dataclass
class Stage:
    """`dials(number)` brings a caller and the reference of his call."""

    house: House
    timeline: Timeline
    phones: Telephones
    dials: Callable[[str], tuple[Caller, str]]
    callers: dict[str, Caller] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)

    def tell(self, story: Story) -> None:
        """To ten seconds after the last deed."""
        for login in story.agents_on_duty:
            self.phones.add(login)
            self.house.agent(login)
        for at, who, deed in story.deeds:
            self.timeline.at(at, lambda who=who, deed=deed: self._does(who, deed))  # type: ignore[misc] # bound now
        self.timeline.every(LOOK_SECONDS, self.house.floor_loop.turn)
        self.timeline.run(story.deeds[-1][0] + 10)

    def _does(self, who: str, deed: str) -> None:
        if deed == "dials":
            self.callers[who], self.refs[who] = self.dials(NUMBERS[who])
            return
        someone = self.callers.get(who) or self.phones.phones[who]
        name, _, keys = deed.partition("presses ")
        getattr(someone, name.replace(" ", "_") or "presses")(*((keys,) if keys else ()))

    def check(self, story: Story, *, within_seconds: float = 0.05, but_for: str = "") -> None:
        """What was heard and what is stored, except that column."""
        heard = {who: self.callers[who].ear.story for who in story.hears}
        assert heard == dict(story.hears)
        for who, whole in story.stored.items():
            stored = {name: value for name, value in whole.items() if name != but_for}
            [row] = self.house.rows(calls, ref=self.refs[who])
            told = _told(row, stored)
            assert told == _about(stored, within_seconds), (who, told)
        for login, kept in story.agents.items():
            [row] = self.house.rows(agents, login=login)
            assert _told(row, kept) == dict(kept), login


def _told(row: Mapping[str, Any], stored: Mapping[str, object]) -> dict[str, object]:
    """The same columns, moments as seconds since the beginning."""
    return {
        name: (row[name] - NOON).total_seconds() if hasattr(row[name], "tzinfo") else row[name]
        for name in stored
    }


def _about(stored: Mapping[str, object], within_seconds: float) -> dict[str, object]:
    return {
        name: pytest.approx(value, abs=within_seconds) if isinstance(value, float) else value
        for name, value in stored.items()
    }


# ---- the Asterisk door ----------------------------------------------------------------------------------------


@contextmanager
def asterisk_stage(directory: Path, rules: Rules) -> Iterator[Stage]:
    with house(directory, rules) as home:
        timeline, phones = Timeline(home.clock), Telephones()
        door = asterisk_door(home.switchboard, home.clock, rules)
        lines: dict[str, FakeLine] = {}
        home.switch.on_fetch = lambda ref: lines[ref].is_fetched()

        def dials(number: str) -> tuple[Caller, str]:
            ref = f"1772452800.{len(lines)}"
            lines[ref] = FakeLine(door, timeline, phones, ref, number)
            lines[ref].dials()
            return lines[ref], ref

        yield Stage(home, timeline, phones, dials)


def asterisk_door(switchboard: Switchboard, clock: Clock, rules: Rules) -> Door:
    prompts = PromptPack(PROMPTS, Path("no-recordings-of-our-own"), "zh_CN")
    return Door(
        switchboard=switchboard,
        clock=clock,
        rules=rules,
        prompts=prompts,
        outbound_trunk=None,
        spool=NO_SPOOL,
    )


# ---- the Twilio door ------------------------------------------------------------------------------------------


def twilio_web(switchboard: Switchboard, clock: Clock, rules: Rules, own: Path | None = None) -> Flask:
    """The web application's part under /twilio/, with our clock and book."""
    sounds = TwilioSounds(
        public_base_url=PUBLIC,
        prompts=PromptPack(PROMPTS, own or Path("no-recordings-of-our-own"), "zh_CN"),
        greeting=rules.greeting,
        music_path=PROMPTS / "music" / "hold.wav",
        clock=clock,
    )
    door = TwilioDoor(
        switchboard=switchboard, clock=clock, rules=rules, sounds=sounds, public_base_url=PUBLIC
    )
    account = TwilioAccount(public_base_url=PUBLIC, account_sid=ACCOUNT, auth_token=TOKEN)
    app = Flask("hotline")
    app.register_blueprint(sounds_blueprint(sounds))
    app.register_blueprint(twilio_blueprint(door, account))
    return app


@contextmanager
def twilio_stage(directory: Path, rules: Rules, **manners: Any) -> Iterator[Stage]:
    """`manners` are FakeTwilio's."""
    with (
        house(directory, rules) as home,
        served(twilio_web(home.switchboard, home.clock, rules)) as port,
    ):
        timeline, phones = Timeline(home.clock), Telephones()
        twilio = FakeTwilio(timeline, home.clock, Wire(PUBLIC, port, TOKEN), phones, **manners)
        with rest_server(ACCOUNT, TOKEN, twilio.redirect) as api:
            redirect = TwilioCalls(ACCOUNT, TOKEN, api).redirect
            switch = TwilioSwitch(redirect, PUBLIC, home.clock, run=lambda fetch: fetch())
            home.floor_loop = FloorLoop(home.book, {"twilio": switch}, home.clock, rules)

            def dials(number: str) -> tuple[Caller, str]:
                call = twilio.dials(number)
                return call, call.sid

            yield Stage(home, timeline, phones, dials)


DOORS = {"asterisk": asterisk_stage, "twilio": twilio_stage}
