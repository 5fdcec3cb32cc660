"""The composition root: the only package that knows every layer. Nothing here runs before it is called.

Here stands what calls need; what the pages need is in ivr.bootstrap.pages and its neighbours.
"""

import atexit
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from config.policy import load_rules
from config.prompt_pack import PromptPack, load_texts
from config.redis_address import redis_url
from config.secrets import load_or_create
from config.settings import Settings, load
from ivr.adapters.asterisk_callbacks import AsteriskCallbacks
from ivr.adapters.asterisk_cdr import AsteriskCdr
from ivr.adapters.asterisk_log import AsteriskLog
from ivr.adapters.asterisk_manager import AsteriskManager
from ivr.adapters.asterisk_switch import AsteriskSwitch
from ivr.adapters.attempt_fences import AttemptFences
from ivr.adapters.live_once import LiveOnce
from ivr.adapters.redis_live import RedisLive
from ivr.adapters.spool_files import SpoolFiles
from ivr.adapters.sql_agents import SqlAgents
from ivr.adapters.sql_alarms import SqlAlarms
from ivr.adapters.sql_alerts import SqlAlerts
from ivr.adapters.sql_call_book import SqlCallBook
from ivr.adapters.sql_outbox import SqlOutbox
from ivr.adapters.sql_records import SqlRecords
from ivr.adapters.sql_sip_accounts import SipAccount
from ivr.adapters.system_clock import SystemClock
from ivr.adapters.twilio_addresses import TwilioAddresses
from ivr.adapters.twilio_callbacks import TwilioCallbacks
from ivr.adapters.twilio_switch import TwilioSwitch
from ivr.bootstrap.callbacks import twilio_logs, ways_of
from ivr.policy.prompts import CHINESE
from ivr.policy.routes import Route, Ways
from ivr.policy.rules import Rules
from ivr.service.agents import Agents
from ivr.service.alarms import AlarmWatch
from ivr.service.callback_ports import CallbackNews, CallbackSwitch
from ivr.service.callbacks import CallbackService
from ivr.service.callbacks_by_hand import CallbacksByHand
from ivr.service.drainer import Drainer
from ivr.service.live_ports import LiveNews
from ivr.service.ports import CallBook, Clock
from ivr.service.promises_by_hand import PromisesByHand
from ivr.service.reconciler import CallLog, Reconciler
from ivr.service.records import RecordService
from ivr.service.relay import Relay
from ivr.service.routed_callbacks import RoutedCallbacks
from ivr.service.switchboard import Switchboard
from ivr.service.transfers import TransferWatch


def agents_service(settings: Settings) -> Agents[SipAccount | None]:
    """Agents of this installation."""
    clock = SystemClock()
    return Agents(SqlAgents(settings.database_url, clock), clock, live_news(settings))


def live_news(settings: Settings) -> RedisLive:
    """Tells open pages; one a process, which sends what it was told last before it ends."""
    return _live_news(redis_url(settings))


def news_of_one_burst(settings: Settings) -> LiveOnce:
    """The same for a process that ends with its burst, while the switch waits for its end."""
    return LiveOnce(redis_url(settings))


@cache
def _live_news(url: str) -> RedisLive:
    news = RedisLive(url)
    atexit.register(news.flush)
    return news


def call_book(
    settings: Settings,
    rules: Rules,
    leads: Ways | None = None,
    news: LiveNews | None = None,
) -> SqlCallBook:
    """The call book; owns a writer thread, so one a process. `leads`: which way to a customer is open right now."""
    words = load_texts(settings.root / "config" / "prompts.toml").of(CHINESE)
    return SqlCallBook(
        settings.database_url,
        SystemClock(),
        rules=rules,
        ways=ways_of(settings, rules, leads or {}),
        words=words,
        news=news or live_news(settings),
    )


def spool(settings: Settings) -> SpoolFiles:
    """Where calls are written down that the book could not take."""
    directory = settings.data_dir / "spool"
    directory.mkdir(parents=True, exist_ok=True)
    return SpoolFiles(directory)


def attempt_fences(settings: Settings) -> AttemptFences:
    """What the switch wrote of each attempt to call somebody back."""
    directory = settings.data_dir / "spool" / "attempts"
    directory.mkdir(parents=True, exist_ok=True)
    return AttemptFences(directory)


def callback_service(
    settings: Settings,
    book: CallBook,
    manager: AsteriskManager,
    rules: Rules,
    twilio: TwilioCallbacks | None = None,
) -> CallbackService:
    """Calls customers back over those switches; Asterisk's without an outbound trunk refuses every order."""
    prompts = PromptPack(settings.root / "config" / "prompts", settings.data_dir / "custom", CHINESE)
    asterisk = AsteriskCallbacks(
        manager,
        attempt_fences(settings),
        sound=prompts.path,
        outbound_trunk=settings.outbound_trunk,
        own_number=next(iter(rules.own_numbers), None),
    )
    switches: dict[Route, CallbackSwitch] = {Route.ASTERISK: asterisk}
    if twilio is not None:
        switches[Route.TWILIO] = twilio
    return CallbackService(book, RoutedCallbacks(switches), SystemClock(), rules)


@contextmanager
def callback_news(settings: Settings) -> Iterator[CallbackNews]:
    """For a process that has only one thing to tell: it knows no switch and asks none."""
    rules, secrets = load_rules(settings), load_or_create(settings.data_dir)
    switch = AsteriskSwitch(settings.ami_port, secrets.ami_secret, on_stamp=lambda _ref, _event: None)
    book = call_book(settings, rules)
    try:
        yield callback_service(settings, book, switch.manager, rules)
    finally:
        book.close()


@contextmanager
def callbacks_by_hand(settings: Settings) -> Iterator[CallbacksByHand]:
    """For agents who dial themselves."""
    rules = load_rules(settings)
    book = call_book(settings, rules)
    try:
        yield CallbacksByHand(book, SystemClock(), rules)
    finally:
        book.close()


@contextmanager
def promises_by_hand(settings: Settings) -> Iterator[PromisesByHand]:
    """For the person a promise was handed over to."""
    book = call_book(settings, load_rules(settings))
    try:
        yield PromisesByHand(book, SystemClock())
    finally:
        book.close()


def importers(settings: Settings) -> tuple[Drainer | Reconciler, ...]:
    """Those that bring home what the lower rungs caught; they share one book, so one writer."""
    rules = load_rules(settings)
    switchboard = Switchboard(call_book(settings, rules), rules)
    log = AsteriskCdr(settings.data_dir / "asterisk" / "var" / "log" / "cdr-custom" / "hotline.csv")
    logs: tuple[CallLog, ...] = (log, *twilio_logs(settings, rules))
    return (
        Drainer(spool(settings), switchboard, rules),
        *(Reconciler(each, switchboard, SystemClock(), rules) for each in logs),
    )


def relay(settings: Settings, redis_address: str) -> Relay:
    """Rings for what the outbox says is to do."""
    from ivr.adapters.rq_jobs import RqDoorbell  # the FastAGI server starts sooner without Redis and RQ

    clock = SystemClock()
    records = RecordService(SqlRecords(settings.database_url), clock, live_news(settings))
    return Relay(SqlOutbox(settings.database_url), RqDoorbell(redis_address), clock, records.do)


def transfer_watch(settings: Settings) -> TransferWatch:
    """Writes down what the switch refused."""
    log = AsteriskLog(settings.log_dir / "asterisk-messages.log")
    return TransferWatch(log, SqlAlerts(settings.database_url, SystemClock()))


def alarm_watch(settings: Settings) -> AlarmWatch:
    """Tells managers what is wrong."""
    news = live_news(settings)
    return AlarmWatch(SqlAlarms(settings.database_url), SystemClock(), load_rules(settings), news)


def twilio_switch(settings: Settings, clock: Clock) -> TwilioSwitch | None:
    """Fetches Twilio's callers; None where that door is not set up."""
    if not (settings.twilio_account_sid and settings.twilio_auth_token and settings.public_base_url):
        return None
    account = (settings.twilio_account_sid, settings.twilio_auth_token, settings.twilio_api_base_url)

    def redirect(ref: str, address: str) -> None:
        from ivr.adapters.twilio_calls import TwilioCalls  # most of a second to load

        TwilioCalls(*account).redirect(ref, address)

    return TwilioSwitch(redirect, twilio_addresses(settings, settings.public_base_url), clock)


def twilio_addresses(settings: Settings, public_base_url: str) -> TwilioAddresses:
    """Ours under /twilio/, the same from every process of this installation."""
    return TwilioAddresses(public_base_url=public_base_url, key=load_or_create(settings.data_dir).twilio_key)


@cache
def records_service() -> RecordService:
    """For the jobs of one worker process, which forks no children."""
    settings = load()
    return RecordService(SqlRecords(settings.database_url), SystemClock(), live_news(settings))
