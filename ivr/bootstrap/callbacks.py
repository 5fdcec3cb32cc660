"""By which switches this installation calls customers back, and what hears of the calls Twilio places for us."""

from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING

from config.settings import Settings
from ivr.adapters.sql_placed_calls import SqlPlacedCalls
from ivr.adapters.system_clock import SystemClock
from ivr.adapters.twilio_callbacks import TwilioCallbacks
from ivr.adapters.twilio_log import TwilioLog
from ivr.adapters.twilio_recordings import TwilioRecordings
from ivr.policy.routes import Route, Ways
from ivr.policy.rules import Rules
from ivr.service.callback_legs import CallbackLegs
from ivr.service.callbacks import CallbackService
from ivr.service.ports import CallBook
from ivr.service.routed_callbacks import RoutedCallbacks

if TYPE_CHECKING:
    from ivr.adapters.twilio_calls import TwilioCalls


def ways_of(settings: Settings, rules: Rules, leads: Ways) -> Ways:
    """Those that are set up; where nobody here can tell, a way leads where it should."""
    there = {Route.ASTERISK: settings.outbound_trunk, Route.TWILIO: has_twilio(settings, rules)}
    return {route: leads.get(route, lambda: True) for route, is_there in there.items() if is_there}


def has_twilio(settings: Settings, rules: Rules) -> bool:
    """Whether customers are called through Twilio."""
    account = settings.twilio_account_sid and settings.twilio_auth_token and settings.public_base_url
    return bool(account and rules.twilio_number)


def twilio_callbacks(settings: Settings, rules: Rules) -> TwilioCallbacks | None:
    """The switch far away; None where it is not set up."""
    rest, base = _rest_of(settings), settings.public_base_url
    if rest is None or base is None or not rules.twilio_number:
        return None
    return TwilioCallbacks(
        rest,
        SqlPlacedCalls(settings.database_url),
        SystemClock(),
        public_base_url=base,
        shown=rules.twilio_number,
        calls_a_second=rules.twilio_calls_a_second,
    )


def twilio_logs(settings: Settings, rules: Rules) -> tuple[TwilioLog, ...]:
    """Twilio's list of calls; none where that door is not set up."""
    rest = _rest_of(settings)
    if rest is None:
        return ()
    ours = {*rules.own_numbers, rules.twilio_number} - {""}
    return (TwilioLog(rest, SystemClock(), ours),)


def twilio_recordings(settings: Settings, rules: Rules) -> tuple[TwilioRecordings, ...]:
    """What fetches recorded talks from there; nothing where that door is not set up, or talks are not recorded."""
    rest = _rest_of(settings)
    if rest is None or not rules.record_calls:
        return ()
    return (TwilioRecordings(rest, SqlPlacedCalls(settings.database_url), settings.recordings_dir),)


def _rest_of(settings: Settings) -> "Callable[[], TwilioCalls] | None":
    """The account's interface, made when it is first needed; None where that door is not set up."""
    sid, token = settings.twilio_account_sid, settings.twilio_auth_token
    if sid is None or token is None or settings.public_base_url is None:
        return None
    return cache(partial(_rest, sid, token, settings.twilio_api_base_url))


def _rest(sid: str, token: str, api_base_url: str | None) -> "TwilioCalls":
    from ivr.adapters.twilio_calls import TwilioCalls  # most of a second to load

    return TwilioCalls(sid, token, api_base_url)


def callback_legs(settings: Settings, book: CallBook, rules: Rules) -> CallbackLegs:
    """For the door at which Twilio tells of them: it knows no switch and asks none."""
    clock = SystemClock()
    news = CallbackService(book, RoutedCallbacks({}), clock, rules)
    return CallbackLegs(SqlPlacedCalls(settings.database_url), news, clock)
