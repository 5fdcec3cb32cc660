"""What the managers' pages are made of."""

from config.settings import Settings
from ivr.adapters.sql_alarms import SqlAlarms
from ivr.adapters.sql_audit import SqlAudit
from ivr.adapters.sql_board import SqlBoard
from ivr.adapters.sql_call_list import SqlCallList
from ivr.adapters.sql_companies import SqlCompanies
from ivr.adapters.sql_kiosk_keys import SqlKioskKeys
from ivr.adapters.sql_visitors import SqlVisitors
from ivr.adapters.system_clock import SystemClock
from ivr.policy.rules import Rules
from ivr.service.alarm_ports import AlertReader
from ivr.service.board import Board
from ivr.service.call_list import CallList
from ivr.service.companies import Companies
from ivr.service.kiosk_keys import KioskKeys
from ivr.service.visitors import Visitors


def alert_reader(settings: Settings) -> AlertReader:
    """What managers were told and have not acknowledged."""
    return SqlAlarms(settings.database_url)


def board(settings: Settings, rules: Rules) -> Board:
    """The managers' board; one a process, so that all its viewers share a picture."""
    return Board(SqlBoard(settings.database_url), rules, SystemClock())


def kiosk_keys(settings: Settings) -> KioskKeys:
    """The keys of displays on walls."""
    return KioskKeys(SqlKioskKeys(settings.database_url), SystemClock(), SqlAudit(settings.database_url))


def companies(settings: Settings, rules: Rules) -> Companies:
    """Their files."""
    return Companies(
        SqlCompanies(settings.database_url), rules, SystemClock(), SqlAudit(settings.database_url)
    )


def call_list(settings: Settings, rules: Rules) -> CallList:
    """The calls behind the figures."""
    return CallList(SqlCallList(settings.database_url), rules, SystemClock())


def visitors(settings: Settings, rules: Rules) -> Visitors:
    """Who of ours is at a customer's."""
    return Visitors(SqlVisitors(settings.database_url), rules, SystemClock(), SqlAudit(settings.database_url))
