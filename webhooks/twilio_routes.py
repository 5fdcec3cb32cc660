"""The addresses under /twilio/: each guarded, each answered with TwiML whatever happens behind it.

A call's own webhooks get our apology when anything fails; a status callback the book could not take gets 503, so that
Twilio sends it again.
"""

import logging
import re
import traceback

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from ivr.policy.masking import masked
from ivr.policy.one_line import one_line
from ivr.service.ports import BookUnavailable
from webhooks import twiml
from webhooks.twilio_door import ENTRIES, Track, TwilioDoor, track_of
from webhooks.twilio_guard import TwilioAccount, guard

TRACK = "<int:presented>/<int:step>/<int:greeted>"
_SID = re.compile(r"CA[0-9a-f]{32}")
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
        log.warning("fallback asked for by call %s, error %s", _call(), _word("ErrorCode"))
        return _xml(door.apology("fallback", request.form, None))

    @blueprint.errorhandler(Exception)
    def failed(error: Exception) -> Response | HTTPException | tuple[str, int]:
        if isinstance(error, HTTPException):
            return error
        told = masked("".join(traceback.format_exception(error)))
        log.error("%s of call %s failed\n%s", request.endpoint, _call(), told)
        if request.endpoint not in CALLBACKS:
            return _xml(_apology(door))
        return ("", 503) if isinstance(error, BookUnavailable) else _xml(twiml.nothing())

    return blueprint


def _add_entry(blueprint: Blueprint, door: TwilioDoor, name: str) -> None:
    def entry(**numbers: int) -> Response:
        return _xml(door.answer(name, request.form, _track(numbers)))

    blueprint.add_url_rule(f"/{name}/{TRACK}", name, entry, methods=["POST"])
    if name == "incoming":
        blueprint.add_url_rule(f"/{name}", name, entry, methods=["POST"])


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
        route = (request.endpoint or "").rpartition(".")[2]
        return door.apology(route, request.form, _track(request.view_args or {}))
    except Exception:
        log.exception("not even the apology")  # of recordings and addresses: no number is in it
        return twiml.last_words()


def _call() -> str:
    """The call's own id for the log, if it is one."""
    sid = request.form.get("CallSid", "")
    return sid if _SID.fullmatch(sid) else "?"


def _word(field: str) -> str:
    return masked(one_line(request.form.get(field, ""), 40))


def _xml(document: str) -> Response:
    return Response(document, mimetype="text/xml")
