"""The alerts of the last day that no manager has acknowledged, above every page of a manager's; one key each."""

from datetime import timedelta
from typing import Final

from flask import Blueprint, render_template

from ivr.policy.roles import Role
from ivr.policy.rules import Rules
from ivr.service.alarm_ports import AlertReader
from ivr.service.ports import Clock
from webhooks import board_words as words
from webhooks.access import allowed, current, idle

SHOWN: Final = 3
LOOKED_BACK: Final = timedelta(hours=24)
COUNTED: Final = 100


def alert_blueprint(alerts: AlertReader, rules: Rules, clock: Clock) -> Blueprint:
    """The banner, and the word that somebody has seen it."""
    blueprint = Blueprint("alerts", __name__)

    def banner() -> str:
        unseen = alerts.unseen(clock.now() - LOOKED_BACK, COUNTED)
        return render_template(
            "alerts.html", alerts=unseen[:SHOWN], more=max(len(unseen) - SHOWN, 0), words=words, rules=rules
        )

    @blueprint.get("/alerts")
    @idle
    @allowed(Role.MANAGER)
    def unseen() -> str:
        return banner()

    @blueprint.post("/alerts/<int:alert_id>/seen")
    @allowed(Role.MANAGER)
    def seen(alert_id: int) -> str:
        alerts.acknowledge(alert_id, current().login, clock.now())
        return banner()

    return blueprint
