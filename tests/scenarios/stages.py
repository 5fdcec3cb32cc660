"""Where stories are told: the same house, people and clock behind the Asterisk door and behind the Twilio door."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import pytest
from flask import Flask

from agi_scripts.door import Door
from config.prompt_pack import PromptPack
from ivr.adapters.spool_files import SpoolFiles
from ivr.adapters.sql_call_book import SqlCallBook
from ivr.adapters.sql_callback_schema import callback_attempts, callbacks, ratings
from ivr.adapters.sql_placed_calls import SqlPlacedCalls
from ivr.adapters.sql_schema import agents, calls, ring_backs
from ivr.adapters.twilio_addresses import TwilioAddresses
from ivr.adapters.twilio_callbacks import TwilioCallbacks
from ivr.adapters.twilio_calls import TwilioCalls
from ivr.adapters.twilio_switch import TwilioSwitch
from ivr.policy.prompts import Prompt
from ivr.policy.routes import Route
from ivr.policy.rules import Rules
from ivr.service.callback_legs import CallbackLegs
from ivr.service.callback_ports import PlaceOrder
from ivr.service.callbacks import SWEEP_SECONDS, CallbackService
from ivr.service.drainer import Spool
from ivr.service.floor_loop import FloorLoop
from ivr.service.ports import Clock
from ivr.service.routed_callbacks import RoutedCallbacks
from ivr.service.switchboard import Switchboard
from ivr.simulation.timeline import Timeline
from tests.fakes.fake_callback_line import FakeCallbackLine
from tests.fakes.fake_line import FakeLine
from tests.fakes.fake_twilio import ACCOUNT, FakeTwilio
from tests.fakes.telephones import CustomersPhone, Ear, Telephones
from tests.fakes.twilio_callback_legs import TwilioCallbackLegs
from tests.fakes.twilio_rest import FakeTwilioRest, served_rest
from tests.fakes.twilio_wire import Wire, served
from tests.scenarios.stories import Story
from tests.service.house import NOON, House, house
from webhooks.twilio_callback_routes import CallbackDoor, callback_blueprint
from webhooks.twilio_door import TwilioDoor
from webhooks.twilio_guard import TwilioAccount
from webhooks.twilio_routes import twilio_blueprint
from webhooks.twilio_sounds import TwilioSounds, sounds_blueprint

ROOT = Path(__file__).resolve().parent.parent.parent
PROMPTS = ROOT / "config" / "prompts"
PUBLIC = "https://hotline.example"
OURS = "+85230001234"  # the number customers see whom Twilio rings for us
CALLED_BACK = " called back"
TOKEN, SECOND_TOKEN = "a-token-of-our-own", "the-one-that-comes-after-it"
ADDRESSES = TwilioAddresses(public_base_url=PUBLIC, key=b"of our own")
HIS_CALLS = dict.fromkeys(("chen", "chen again", "chen twice"), "+8613800138000")
NUMBERS = {"zhou": "+8613900139000", "nobody known": "anonymous", **HIS_CALLS}
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
    wire: Wire | None = None
    callers: dict[str, Caller] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)

    def tell(self, story: Story) -> None:
        """To ten seconds after the last deed."""
        for login in story.agents_on_duty:
            self.phones.add(login)
            self.house.agent(login)
        for name in story.phones:
            self.phones.add(name)
        for who in story.hears:
            if who.endswith(CALLED_BACK):
                phone = CustomersPhone(Ear(lambda: self.timeline.seconds))
                self.callers[who] = self.phones.customers[NUMBERS[who.removesuffix(CALLED_BACK)]] = phone
        for at, who, deed in story.deeds:
            self.timeline.at(at, lambda who=who, deed=deed: self._does(who, deed))  # type: ignore[misc] # bound now
        self.timeline.every(LOOK_SECONDS, self.house.floor_loop.turn)
        if story.calls_back:
            self.timeline.every(SWEEP_SECONDS, lambda: self.house.callbacks.sweep(self.house.clock.now()))
        self.timeline.run(story.deeds[-1][0] + 10)

    def _does(self, who: str, deed: str) -> None:
        if deed == "dials":
            self.callers[who], self.refs[who] = self.dials(NUMBERS[who])
            return
        someone = self.callers.get(who) or self.phones.phones[who]
        name, _, keys = deed.partition("presses ")
        getattr(someone, name.replace(" ", "_") or "presses")(*((keys,) if keys else ()))

    def check(self, story: Story, *, within_seconds: float = 0.05) -> None:
        """What was heard and what is stored."""
        heard = {who: self.callers[who].ear.story for who in story.hears}
        assert heard == dict(story.hears), heard
        for who, stored in story.stored.items():
            [row] = self.house.rows(calls, ref=self.refs[who])
            told = _told(row, stored)
            assert told == _about(stored, within_seconds), (who, told)
        promised = self.house.rows(callbacks)
        assert len(promised) == len(story.promised), promised
        for callback, promise in zip(promised, story.promised, strict=True):
            told = _told(callback, promise)
            assert told == _about(promise, within_seconds), told
        results = tuple(row["result"] for row in self.house.rows(callback_attempts))
        assert story.attempts in {None, results}, results
        assert tuple(row["score"] for row in self.house.rows(ratings)) == story.scores
        for login, whispered in story.agents_hear.items():
            heard_by = tuple(self.phones.phones[login].heard)
            assert heard_by == whispered, (login, heard_by)
        if story.listed is not None:
            assert tuple(row["number"] for row in self.house.rows(ring_backs)) == story.listed
        for login, kept in story.agents.items():
            [row] = self.house.rows(agents, login=login)
            assert _told(row, kept) == dict(kept), login


def _told(row: Mapping[str, Any], stored: Iterable[str]) -> dict[str, object]:
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
def asterisk_stage(
    directory: Path, rules: Rules, *, dials_out: bool = False, calls_back: bool = False
) -> Iterator[Stage]:
    """With `calls_back` the switch does what it is ordered, else it is only ordered."""
    with house(directory, rules, dials=dials_out) as home:
        timeline, phones = Timeline(home.clock), Telephones()
        door = asterisk_door(home.switchboard, home.clock, rules)
        lines: dict[str, FakeLine] = {}
        home.switch.on_fetch = lambda ref: lines[ref].is_fetched()

        def dials(number: str) -> tuple[Caller, str]:
            ref = f"1772452800.{len(lines)}"
            lines[ref] = FakeLine(door, timeline, phones, ref, number)
            lines[ref].dials()
            return lines[ref], ref

        def placed(order: PlaceOrder) -> None:
            agent, customer = phones.dialled(order.phone), phones.customers[order.number]
            assert agent is not None
            FakeCallbackLine(
                order, agent, customer, home.customers, home.callbacks, door.prompts, home.clock
            ).begins(timeline)

        if calls_back:
            home.customers.on_place = placed
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


def twilio_web(
    switchboard: Switchboard,
    clock: Clock,
    rules: Rules,
    own: Path | None = None,
    spool: Spool = NO_SPOOL,
    legs: CallbackLegs | None = None,
) -> Flask:
    """The web application's part under /twilio/, with our clock and book; with `legs` also that of our own calls."""
    sounds = TwilioSounds(
        public_base_url=PUBLIC,
        prompts=PromptPack(PROMPTS, own or Path("no-recordings-of-our-own"), "zh_CN"),
        greeting=rules.greeting,
        music_path=PROMPTS / "music" / "hold.wav",
        clock=clock,
        notice=Prompt.RECORDING_NOTICE if rules.record_calls else None,
    )
    door = TwilioDoor(
        switchboard=switchboard, clock=clock, rules=rules, sounds=sounds, addresses=ADDRESSES, spool=spool
    )
    account = TwilioAccount(public_base_url=PUBLIC, account_sid=ACCOUNT, auth_tokens=(TOKEN, SECOND_TOKEN))
    app = Flask("hotline")
    app.register_blueprint(sounds_blueprint(sounds))
    app.register_blueprint(twilio_blueprint(door, account))
    if legs is not None:
        callback_door = CallbackDoor(
            legs=legs, sounds=sounds, public_base_url=PUBLIC, shown=rules.twilio_number
        )
        app.register_blueprint(callback_blueprint(callback_door, account))
    return app


@contextmanager
def twilio_stage(
    directory: Path, rules: Rules, *, dials_out: bool = False, calls_back: bool = False, **manners: Any
) -> Iterator[Stage]:
    """`manners` are FakeTwilio's. With `calls_back` customers of every country are called back through Twilio."""
    if calls_back:
        rules = replace(rules, twilio_number=OURS, callback_routes=(("CN", (Route.TWILIO,)),))
    with ExitStack() as stack:
        home = stack.enter_context(house(directory, rules, dials=dials_out))
        timeline, phones = Timeline(home.clock), Telephones()
        rest = FakeTwilioRest(ACCOUNT, TOKEN, home.clock)
        client = TwilioCalls(ACCOUNT, TOKEN, stack.enter_context(served_rest(rest)))
        legs = None
        if calls_back:
            placed = stack.enter_context(closing(SqlPlacedCalls(home.url)))
            _call_back_through_twilio(home, client, placed)
            news = CallbackService(home.book, RoutedCallbacks({}), home.clock, rules)
            legs = CallbackLegs(placed, news, home.clock)
        port, second = (
            stack.enter_context(served(twilio_web(home.switchboard, home.clock, rules, legs=legs)))
            for _ in range(2)
        )
        wire = Wire(PUBLIC, port, TOKEN, second_port=second)
        twilio = FakeTwilio(timeline, home.clock, wire, phones, **manners)
        rest.redirect = twilio.redirect
        rest.on_order = TwilioCallbackLegs(timeline, home.clock, wire, phones, twilio.delivery).begins
        switch = TwilioSwitch(client.redirect, ADDRESSES, home.clock, run=lambda fetch: fetch())
        home.floor_loop = FloorLoop(
            home.book, {"twilio": switch}, home.clock, rules, home.callbacks if calls_back else None
        )

        def dials(number: str) -> tuple[Caller, str]:
            call = twilio.dials(number)
            return call, call.sid

        yield Stage(home, timeline, phones, dials, wire=wire)
    assert rest.violations == []


def _call_back_through_twilio(home: House, client: TwilioCalls, placed: SqlPlacedCalls) -> None:
    """The same house, and another way to its customers."""
    switch = TwilioCallbacks(
        lambda: client,
        placed,
        home.clock,
        public_base_url=PUBLIC,
        shown=OURS,
        calls_a_second=home.rules.twilio_calls_a_second,
        run=lambda work: work(),
        wait=lambda _seconds: None,
    )
    home.book.close()
    home.book = SqlCallBook(home.url, home.clock, rules=home.rules, ways={Route.TWILIO: switch.leads})
    home.switchboard = Switchboard(home.book, home.rules)
    home.callbacks = CallbackService(
        home.book, RoutedCallbacks({Route.TWILIO: switch}), home.clock, home.rules
    )


def ways(story: Story) -> dict[str, bool]:
    """What a stage is told of a story."""
    return {"dials_out": story.dials_out, "calls_back": story.calls_back}


DOORS = {"asterisk": asterisk_stage, "twilio": twilio_stage}
