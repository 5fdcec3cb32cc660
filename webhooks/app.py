"""The web application. Its pages translate; what they show is found out in ivr."""

import dataclasses

from flask import Flask, Response, jsonify

from config.policy import load_rules
from config.prompt_pack import PromptPack
from config.redis_address import redis_url
from config.settings import Settings, load
from ivr.adapters.readiness_checks import readiness_checks
from ivr.adapters.system_clock import SystemClock
from ivr.bootstrap import call_book, spool, twilio_addresses
from ivr.bootstrap.callbacks import callback_legs
from ivr.policy.prompts import Prompt
from ivr.service.readiness import Readiness
from ivr.service.switchboard import Switchboard
from webhooks.access import machines
from webhooks.pages import add_pages
from webhooks.twilio_callback_routes import CallbackDoor, callback_blueprint
from webhooks.twilio_door import TwilioDoor
from webhooks.twilio_guard import TwilioAccount
from webhooks.twilio_routes import closed_blueprint, twilio_blueprint
from webhooks.twilio_sounds import TwilioSounds, sounds_blueprint


def create_app(settings: Settings | None = None) -> Flask:
    """Opens no connection before it is asked something."""
    settings = settings or load()
    app = Flask(__name__)
    checks = readiness_checks(settings.database_url, redis_url(settings), SystemClock())
    _add_health(app, Readiness(checks))
    _add_twilio(app, settings)
    add_pages(app, settings)
    return app


def twilio_account(settings: Settings) -> TwilioAccount | None:
    """What the settings say of Twilio, or None where any of it is missing."""
    base, sid, token = settings.public_base_url, settings.twilio_account_sid, settings.twilio_auth_token
    if base is None or sid is None or token is None:
        return None
    second = settings.twilio_auth_token_secondary
    return TwilioAccount(
        public_base_url=base, account_sid=sid, auth_tokens=(token, second) if second else (token,)
    )


def _add_twilio(app: Flask, settings: Settings) -> None:
    account = twilio_account(settings)
    if account is None:
        app.register_blueprint(closed_blueprint())
        return
    rules, clock, prompts = load_rules(settings), SystemClock(), settings.root / "config" / "prompts"
    sounds = TwilioSounds(
        public_base_url=account.public_base_url,
        prompts=PromptPack(prompts, settings.data_dir / "custom", "zh_CN"),
        greeting=rules.greeting,
        music_path=prompts / "music" / "hold.wav",
        clock=clock,
        notice=Prompt.RECORDING_NOTICE if rules.record_calls else None,
    )
    book = call_book(settings, rules)
    door = TwilioDoor(
        switchboard=Switchboard(book, rules),
        clock=clock,
        rules=rules,
        sounds=sounds,
        addresses=twilio_addresses(settings, account.public_base_url),
        spool=spool(settings),
    )
    app.register_blueprint(sounds_blueprint(sounds))
    app.register_blueprint(twilio_blueprint(door, account))
    callbacks = CallbackDoor(
        legs=callback_legs(settings, book, rules),
        sounds=sounds,
        public_base_url=account.public_base_url,
        shown=rules.twilio_number,
    )
    app.register_blueprint(callback_blueprint(callbacks, account))


def _add_health(app: Flask, readiness: Readiness) -> None:
    @app.get("/healthz")
    @machines
    def healthz() -> Response:
        """This process lives; nothing else is asked."""
        return jsonify(status="ok")

    @app.get("/readyz")
    @machines
    def readyz() -> tuple[Response, int]:
        """200 where everything answers, else 503; the body tells each check either way."""
        findings = readiness.look()
        ready = all(finding.ok for finding in findings)
        told = {finding.name: dataclasses.asdict(finding) for finding in findings}
        for check in told.values():
            del check["name"]
        return jsonify(status="ok" if ready else "unavailable", checks=told), 200 if ready else 503

    @app.after_request
    def never_cached(response: Response) -> Response:
        response.headers.setdefault("Cache-Control", "no-store")  # recordings keep theirs
        return response
