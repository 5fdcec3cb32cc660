"""What phones in the browser need: their accounts, whom they may dial, and the recordings of talks."""

from config.policy import load_rules
from config.secrets import load_or_create
from config.settings import Settings
from ivr.adapters.asterisk_desk_phones import AsteriskDeskPhones
from ivr.adapters.recording_files import RecordingDirectory
from ivr.adapters.sql_alerts import SqlAlerts
from ivr.adapters.sql_desk_phones import SqlDeskPhones
from ivr.adapters.sql_recordings import SqlRecordings
from ivr.adapters.system_clock import SystemClock
from ivr.service.consults import Consults
from ivr.service.desk_phones import DeskPhones
from ivr.service.page_watch import PageLegs, PageWatch
from ivr.service.recordings import RecordingKeeper, Recordings


def desk_phones(settings: Settings) -> DeskPhones:
    """Pages that are telephones."""
    secrets = load_or_create(settings.data_dir)
    switch = AsteriskDeskPhones(settings.ws_port, secrets.ari_secret)
    return DeskPhones(SqlDeskPhones(settings.database_url, SystemClock()), switch)


def recordings(settings: Settings) -> Recordings:
    """For those who listen."""
    return Recordings(
        SqlRecordings(settings.database_url, SystemClock()), RecordingDirectory(settings.recordings_dir)
    )


def recording_keeper(settings: Settings) -> RecordingKeeper:
    """Books and removes what the switch records."""
    clock, files = SystemClock(), RecordingDirectory(settings.recordings_dir)
    days = load_rules(settings).recording_retention_days
    return RecordingKeeper(SqlRecordings(settings.database_url, clock), files, clock, days)


def consults(settings: Settings) -> Consults:
    """What agents dial from their pages."""
    clock = SystemClock()
    return Consults(SqlDeskPhones(settings.database_url, clock), SqlAlerts(settings.database_url, clock))


def page_watch(settings: Settings, legs: PageLegs) -> PageWatch:
    """Looks after pages that do not ring."""
    return PageWatch(SqlDeskPhones(settings.database_url, SystemClock()), legs)
