"""What managers have beside the desk: the board, alerts, the calls behind the figures, companies' files."""

from collections.abc import Iterator

from flask import Blueprint

from config.policy import load_rules
from config.settings import Settings
from ivr.adapters.system_clock import SystemClock
from ivr.bootstrap import managers
from webhooks.alert_pages import alert_blueprint
from webhooks.board_pages import BoardPages, board_blueprint
from webhooks.call_pages import call_blueprint
from webhooks.company_pages import company_blueprint


def manager_blueprints(settings: Settings) -> Iterator[Blueprint]:
    """Each with what it needs."""
    rules, clock = load_rules(settings), SystemClock()
    pages = BoardPages(
        board=managers.board(settings, rules), keys=managers.kiosk_keys(settings), rules=rules, clock=clock
    )
    yield board_blueprint(pages)
    yield alert_blueprint(managers.alert_reader(settings), rules, clock)
    yield call_blueprint(managers.call_list(settings, rules), rules)
    yield company_blueprint(managers.companies(settings, rules), rules)
