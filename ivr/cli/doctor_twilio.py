"""What the doctor looks at of the second door, and of the ways by which customers are called back."""

from collections.abc import Iterable
from functools import partial

from config.settings import Settings
from ivr.adapters import doctor_twilio
from ivr.bootstrap.callbacks import has_twilio, ways_of
from ivr.policy.rules import Rules
from ivr.service.doctor_policy import way_findings
from ivr.service.doctor_ports import Examination, Finding


def way_looks(settings: Settings, rules: Rules) -> list[Examination]:
    """Which country no way leads into."""
    there = tuple(ways_of(settings, rules, {}))
    return [Examination(name="callback_routes", look=partial(way_findings, rules, there))] if there else []


def account_looks(settings: Settings, rules: Rules) -> list[Examination]:
    """Only where an account is set."""
    sid, token = settings.twilio_account_sid, settings.twilio_auth_token
    if sid is None or token is None:
        return []

    def look() -> str:
        from ivr.adapters.twilio_calls import TwilioCalls  # most of a second to load

        return TwilioCalls(sid, token, settings.twilio_api_base_url).look()

    calls_back = has_twilio(settings, rules)
    rest = Examination(name="twilio_rest", look=lambda: doctor_twilio.rest_findings(look, calls_back))
    base = settings.public_base_url
    if base is None:
        return [rest]
    return [rest, Examination(name="twilio_number", look=lambda: doctor_twilio.number_findings(base))]


def door_looks(settings: Settings) -> list[Examination]:
    """Only where it is open."""
    base, sid, token = settings.public_base_url, settings.twilio_account_sid, settings.twilio_auth_token
    if base is None or sid is None or token is None:
        return []
    tokens = [each for each in (token, settings.twilio_auth_token_secondary) if each is not None]

    def look() -> Iterable[Finding]:
        from ivr.adapters.doctor_webhooks import door_findings  # a quarter of a second to load

        return door_findings(base, sid, tokens)

    return [Examination(name="twilio_door", look=look)]
