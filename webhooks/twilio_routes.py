"""The addresses under /twilio/: each guarded, each answered with TwiML whatever happens behind it.

A call's own webhooks get our apology when anything fails; a status callback gets 503, so that Twilio sends it again.
"""

import logging

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from webhooks import twiml
from webhooks.twilio_door import ENTRIES, Track, TwilioDoor, track_of
from webhooks.twilio_guard import TwilioAccount, guard

TRACK = "<int:presented>/<int:step>/<int:greeted>"
CALLBACKS = frozenset({"twilio.leg", "twilio.status"})

log = logging.getLogger(__name__)


def closed_blueprint() -> Blueprint:
    """Without Twilio's settings nobody can be told from Twilio: 403 to everything."""
    blueprint = Blueprint("twilio", __name__, url_prefix="/twilio")
    blueprint.before_request(lambda: guard(None))

    @blueprint.post("/<path:_anything>")
    def closed(_anything: str) -> Response:
        raise AssertionError("the guard let somebody in")

    return blueprint


def twilio_blueprint(door: TwilioDoor, account: TwilioAccount) -> Blueprint:
    """Every route behind one guard."""
    blueprint = Blueprint("twilio", __name__, url_prefix="/twilio")
    blueprint.before_request(lambda: guard(account))
    for name in ENTRIES:
        _add_entry(blueprint, door, name)
    _add_callbacks(blueprint, door)

    @blueprint.post("/fallback")
    def fallback() -> Response:
        """Asked by Twilio when another address of ours failed; needs neither book nor policy."""
        log.warning("fallback asked for, error %s", _word("ErrorCode"))
        return _xml(door.apology(request.form, None))

    @blueprint.errorhandler(Exception)
    def failed(error: Exception) -> Response | HTTPException | tuple[str, int]:
        if isinstance(error, HTTPException):
            return error
        log.error("%s of call %s failed", request.endpoint, _word("CallSid"), exc_info=error)
        return ("", 503) if request.endpoint in CALLBACKS else _xml(_apology(door))

    return blueprint


def _add_entry(blueprint: Blueprint, door: TwilioDoor, name: str) -> None:
    def entry(**numbers: int) -> Response:
        return _xml(door.answer(name, request.form, _track(numbers)))

    if name == "incoming":
        blueprint.add_url_rule(f"/{name}", name, entry, methods=["POST"])
    else:
        blueprint.add_url_rule(f"/{name}/{TRACK}", name, entry, methods=["POST"])


def _add_callbacks(blueprint: Blueprint, door: TwilioDoor) -> None:
    @blueprint.post(f"/leg/{TRACK}")
    def leg(**numbers: int) -> Response:
        return _xml(door.leg(request.form, track_of(**numbers)))

    @blueprint.post("/status")
    def status() -> Response:
        return _xml(door.status(request.form))


def _track(numbers: dict[str, int]) -> Track | None:
    return track_of(**numbers) if numbers else None


def _apology(door: TwilioDoor) -> str:
    """A live call never meets silence: with the recordings gone too, it is asked to ring again."""
    try:
        return door.apology(request.form, _track(request.view_args or {}))
    except Exception:
        log.exception("not even the apology")
        return twiml.last_words()


def _word(field: str) -> str:
    """A field for the log; never a number."""
    return request.form.get(field, "")[:40]


def _xml(document: str) -> Response:
    return Response(document, mimetype="text/xml")
