"""The web application. Its pages translate; what they show is found out in ivr."""

import dataclasses

from flask import Flask, Response, jsonify

from config.redis_address import redis_url
from config.settings import Settings, load
from ivr.adapters.readiness_checks import readiness_checks
from ivr.adapters.system_clock import SystemClock
from ivr.service.readiness import Readiness


def create_app(settings: Settings | None = None) -> Flask:
    """Opens no connection before it is asked something."""
    settings = settings or load()
    app = Flask(__name__)
    checks = readiness_checks(settings.database_url, redis_url(settings), SystemClock())
    _add_health(app, Readiness(checks))
    return app


def _add_health(app: Flask, readiness: Readiness) -> None:
    @app.get("/healthz")
    def healthz() -> Response:
        """This process lives; nothing else is asked."""
        return jsonify(status="ok")

    @app.get("/readyz")
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
        response.headers["Cache-Control"] = "no-store"
        return response
