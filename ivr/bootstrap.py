"""The composition root: the only module that knows every layer. Nothing here runs before it is called."""

from functools import cache

from config.policy import load_rules
from config.settings import Settings, load
from ivr.adapters.asterisk_cdr import AsteriskCdr
from ivr.adapters.asterisk_log import AsteriskLog
from ivr.adapters.spool_files import SpoolFiles
from ivr.adapters.sql_agents import SqlAgents
from ivr.adapters.sql_alerts import SqlAlerts
from ivr.adapters.sql_call_book import SqlCallBook
from ivr.adapters.sql_outbox import SqlOutbox
from ivr.adapters.sql_records import SqlRecords
from ivr.adapters.sql_sip_accounts import SipAccount
from ivr.adapters.system_clock import SystemClock
from ivr.adapters.twilio_switch import TwilioSwitch
from ivr.service.agents import Agents
from ivr.service.drainer import Drainer
from ivr.service.ports import Clock
from ivr.service.reconciler import Reconciler
from ivr.service.records import RecordService
from ivr.service.relay import Relay
from ivr.service.switchboard import Switchboard
from ivr.service.transfers import TransferWatch


def agents_service(settings: Settings) -> Agents[SipAccount | None]:
    """Agents of this installation."""
    clock = SystemClock()
    return Agents(SqlAgents(settings.database_url, clock), clock)


def call_book(settings: Settings) -> SqlCallBook:
    """The call book; owns a writer thread, so one a process."""
    return SqlCallBook(settings.database_url, SystemClock())


def spool(settings: Settings) -> SpoolFiles:
    """Where calls are written down that the book could not take."""
    directory = settings.data_dir / "spool"
    directory.mkdir(parents=True, exist_ok=True)
    return SpoolFiles(directory)


def importers(settings: Settings) -> tuple[Drainer, Reconciler]:
    """The two that bring home what the lower rungs caught; they share one book, so one writer."""
    rules = load_rules(settings)
    switchboard = Switchboard(call_book(settings), rules)
    log = AsteriskCdr(settings.data_dir / "asterisk" / "var" / "log" / "cdr-custom" / "hotline.csv")
    return (
        Drainer(spool(settings), switchboard, rules),
        Reconciler(log, switchboard, SystemClock(), rules),
    )


def relay(settings: Settings, redis_url: str) -> Relay:
    """Rings for what the outbox says is to do."""
    from ivr.adapters.rq_jobs import RqDoorbell  # the FastAGI server starts sooner without Redis and RQ

    return Relay(SqlOutbox(settings.database_url), RqDoorbell(redis_url), SystemClock())


def transfer_watch(settings: Settings) -> TransferWatch:
    """Writes down what the switch refused."""
    log = AsteriskLog(settings.log_dir / "asterisk-messages.log")
    return TransferWatch(log, SqlAlerts(settings.database_url, SystemClock()))


def twilio_switch(settings: Settings, clock: Clock) -> TwilioSwitch | None:
    """Fetches Twilio's callers; None where that door is not set up."""
    if not (settings.twilio_account_sid and settings.twilio_auth_token and settings.public_base_url):
        return None
    account = (settings.twilio_account_sid, settings.twilio_auth_token, settings.twilio_api_base_url)

    def redirect(ref: str, address: str) -> None:
        from ivr.adapters.twilio_calls import TwilioCalls  # most of a second to load

        TwilioCalls(*account).redirect(ref, address)

    return TwilioSwitch(redirect, settings.public_base_url, clock)


@cache
def records_service() -> RecordService:
    """For the jobs of one worker process, which forks no children."""
    return RecordService(SqlRecords(load().database_url), SystemClock())
