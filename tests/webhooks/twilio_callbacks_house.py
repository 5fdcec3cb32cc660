"""A house that calls back through Twilio: its REST interface and its webhooks over real HTTP, its people played out."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from flask import Flask

from config.prompt_pack import PromptPack
from ivr.adapters.sql_call_book import SqlCallBook
from ivr.adapters.sql_placed_calls import SqlPlacedCalls
from ivr.adapters.twilio_callbacks import TwilioCallbacks
from ivr.adapters.twilio_calls import TwilioCalls
from ivr.policy.prompts import Prompt
from ivr.policy.routes import Route
from ivr.policy.rules import Rules
from ivr.service.callback_legs import CallbackLegs
from ivr.service.callback_ports import AttemptName
from ivr.service.callbacks import CallbackService
from ivr.service.floor_loop import FloorLoop
from ivr.service.ports import BookUnavailable
from ivr.service.routed_callbacks import RoutedCallbacks
from tests.fakes.twilio_placed import PlacedLegs
from tests.fakes.twilio_rest import FakeTwilioRest, served_rest
from tests.fakes.twilio_wire import Wire, served
from tests.service.house import House, house
from webhooks.twilio_callback_routes import CallbackDoor, callback_blueprint
from webhooks.twilio_guard import TwilioAccount
from webhooks.twilio_sounds import TwilioSounds

ROOT = Path(__file__).resolve().parent.parent.parent
CLIENT_SECONDS = 1.0  # five in earnest
PROMPTS = ROOT / "config" / "prompts"
PUBLIC, ACCOUNT, TOKEN = "https://hotline.example", "AC" + "0" * 32, "a-token-of-our-own"
OURS, WANG = "+85230001234", "sip:wang@phones.example"
CHEN, BAI = "+85251234567", "+8613800138000"  # of Hong Kong, and of the mainland
RULES = Rules(
    wrap_up_seconds=0,
    quiet_hours=(),
    allowed_regions=("CN", "HK"),
    own_numbers=("4001234567",),
    twilio_number=OURS,
)


class AwayCalls(SqlPlacedCalls):
    """The book of placed calls, as it was to be reached or not."""

    away = False

    def _write(self, *args: object, **values: object) -> bool:
        if self.away:
            raise BookUnavailable("away")
        return super()._write(*args, **values)  # type: ignore[arg-type] # passed on


@dataclass
class TwilioHouse:
    """`left` is what was handed to be carried out beside us; by itself it is carried out at once."""

    home: House
    rest: FakeTwilioRest
    legs: PlacedLegs
    switch: TwilioCallbacks
    placed: AwayCalls
    waited: list[float] = field(default_factory=list)

    def agent(self, login: str = "wang", phone: str | None = None) -> None:
        self.home.agent(login, phone=phone or f"sip:{login}@phones.example")

    def turn(self) -> int:
        """The floor looks once."""
        return self.home.floor_loop.turn()

    def passes(self, seconds: float) -> None:
        """Time, in which the sweep looks every two seconds."""
        until = self.home.clock.now() + timedelta(seconds=seconds)
        while self.home.clock.now() < until:
            self.home.clock.advance(2)
            self.sweep()

    def sweep(self) -> None:
        self.home.callbacks.sweep(self.home.clock.now())

    def plays_out(self) -> None:
        """Every order Twilio has and has not rung yet."""
        for call in self.rest.orders:
            if call.status in {"queued", "canceled"}:
                self.legs.play(call)

    def until_over(self, callback_id: int = 1, most_seconds: float = 7200) -> None:
        """The hotline as it runs: floor, Twilio and sweep in turn, until the callback is open no more."""
        began = self.home.clock.now()
        while self.home.callback(callback_id)["state"] in {"pending", "dialing"}:
            self.turn()
            self.plays_out()
            self.passes(2)
            assert (self.home.clock.now() - began).total_seconds() < most_seconds, self.home.attempts(
                callback_id
            )

    def called(self, epoch: int = 1) -> str | None:
        """What came of that attempt."""
        return next(result for number, _, result in self.home.attempts() if number == epoch)

    def name(self, callback_id: int = 1, epoch: int = 1) -> AttemptName:
        return replace(self.home.attempt_name(callback_id, epoch), route=Route.TWILIO)


@contextmanager
def twilio_house(
    directory: Path,
    rules: Rules = RULES,
    *,
    trunk: bool = False,
    run: Callable[[Callable[[], None]], object] | None = None,
) -> Iterator[TwilioHouse]:
    """With `trunk` there is Asterisk's way out too."""
    with house(directory, rules) as home:
        rest = FakeTwilioRest(ACCOUNT, TOKEN, home.clock)
        placed = AwayCalls(home.url)
        waited: list[float] = []

        def wait(seconds: float) -> None:
            waited.append(seconds)
            home.clock.advance(seconds)

        with served_rest(rest) as api:
            client = TwilioCalls(ACCOUNT, TOKEN, api, timeout_seconds=CLIENT_SECONDS)
            switch = TwilioCallbacks(
                lambda: client,
                placed,
                home.clock,
                public_base_url=PUBLIC,
                shown=rules.twilio_number,
                calls_a_second=rules.twilio_calls_a_second,
                run=run or (lambda work: work()),
                wait=wait,
            )
            _rewire(home, switch, trunk=trunk)
            with served(_web(home, placed)) as port, served(_web(home, placed)) as second:
                legs = PlacedLegs(rest, Wire(PUBLIC, port, TOKEN, second), home.clock)
                yield TwilioHouse(home, rest, legs, switch, placed, waited)
        placed.close()
    assert rest.violations == []


@contextmanager
def one_promised(directory: Path) -> Iterator[TwilioHouse]:
    """Wang is free, and Chen of Hong Kong was promised a call."""
    with twilio_house(directory) as built:
        built.home.promise(caller=CHEN)
        built.agent("wang")
        yield built


def _rewire(home: House, switch: TwilioCallbacks, *, trunk: bool) -> None:
    home.book.close()
    ways = {Route.TWILIO: switch.leads} | ({Route.ASTERISK: lambda: home.switch.connected} if trunk else {})
    home.book = SqlCallBook(home.url, home.clock, rules=home.rules, ways=ways)
    switches = RoutedCallbacks({Route.TWILIO: switch, Route.ASTERISK: home.customers})
    home.callbacks = CallbackService(home.book, switches, home.clock, home.rules)
    home.floor_loop = FloorLoop(home.book, {"asterisk": home.switch}, home.clock, home.rules, home.callbacks)
    home.switchboard = type(home.switchboard)(home.book, home.rules)


def _web(home: House, placed: SqlPlacedCalls) -> Flask:
    sounds = TwilioSounds(
        public_base_url=PUBLIC,
        prompts=PromptPack(PROMPTS, Path("no-recordings-of-our-own"), "zh_CN"),
        greeting=home.rules.greeting,
        music_path=PROMPTS / "music" / "hold.wav",
        clock=home.clock,
        notice=Prompt.RECORDING_NOTICE if home.rules.record_calls else None,
    )
    news = CallbackService(home.book, RoutedCallbacks({}), home.clock, home.rules)
    door = CallbackDoor(
        legs=CallbackLegs(placed, news, home.clock),
        sounds=sounds,
        public_base_url=PUBLIC,
        shown=home.rules.twilio_number,
    )
    account = TwilioAccount(public_base_url=PUBLIC, account_sid=ACCOUNT, auth_tokens=(TOKEN,))
    app = Flask("hotline")
    app.register_blueprint(callback_blueprint(door, account))
    return app
