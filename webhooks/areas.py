"""Every area's pages, with what each needs built from the settings. An area adds its lines at its own place."""

from collections.abc import Iterator
from functools import partial

from flask import Blueprint

from config.policy import keys_in_force, load_rules
from config.settings import Settings
from ivr.adapters.phone_publisher import PhonePublisher
from ivr.adapters.system_clock import SystemClock
from ivr.adapters.twilio_tokens import TwilioTokens
from ivr.bootstrap.live import live_desk
from ivr.bootstrap.managers import visitors
from ivr.bootstrap.pages import audit_book, people
from ivr.bootstrap.phones import desk_phones, recordings
from ivr.bootstrap.records import record_desk
from webhooks.admin_pages import admin_blueprint
from webhooks.bar import bar_blueprint
from webhooks.callback_pages import callback_blueprints
from webhooks.caller_pages import caller_blueprints
from webhooks.desk_pages import desk_blueprint
from webhooks.live_events import live_blueprint
from webhooks.manager_pages import manager_blueprints
from webhooks.phone_pages import phone_blueprint
from webhooks.record_ending_pages import ending_blueprint
from webhooks.record_pages import RecordPages, record_blueprint
from webhooks.twilio_token_pages import token_blueprint
from webhooks.visitor_pages import visitor_blueprint


def areas(settings: Settings) -> Iterator[Blueprint]:
    """One blueprint after the other."""
    clock = SystemClock()
    yield desk_blueprint()

    live = live_desk(settings, load_rules(settings))
    yield live_blueprint(live, clock)
    yield bar_blueprint(live.desk)

    tokens = _twilio_tokens(settings)
    twilio = tokens is not None
    yield phone_blueprint(desk_phones(settings), recordings(settings), settings, twilio=twilio)

    yield token_blueprint(tokens)

    yield from caller_blueprints(settings)
    yield from callback_blueprints(settings)

    records = RecordPages(record_desk(settings))
    yield record_blueprint(records)
    yield ending_blueprint(records)
    yield visitor_blueprint(visitors(settings, records.desk.records.rules), records)

    yield from manager_blueprints(settings)

    policy = partial(keys_in_force, settings)
    yield admin_blueprint(
        people(settings), audit_book(settings), policy, PhonePublisher(settings.root).publish
    )


def _twilio_tokens(settings: Settings) -> TwilioTokens | None:
    """None where any of it is missing."""
    account, key, secret = (
        settings.twilio_account_sid,
        settings.twilio_api_key_sid,
        settings.twilio_api_key_secret,
    )
    if account is None or key is None or secret is None:
        return None
    return TwilioTokens(account_sid=account, key_sid=key, key_secret=secret)
