"""The addresses under /twilio/: each guarded, each answered with TwiML whatever happens behind it.

A call's own webhooks get our apology when anything fails; a status callback the book could not take gets 503, so that
Twilio sends it again.
"""

import logging
import re
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, abort, request
from werkzeug.exceptions import HTTPException

from ivr.policy.masking import masked
from ivr.policy.one_line import one_line
from ivr.service.ports import BookUnavailable
from webhooks import twiml
from webhooks.access import machines
from webhooks.failures import told_of
from webhooks.twilio_door import TwilioDoor
from webhooks.twilio_guard import TwilioAccount, guard
from webhooks.twilio_track import Track, track_of
from webhooks.twilio_words import ENTRIES

TRACK = "<int:presented>/<int:step>/<int:greeted>/<seal>"
_SID = re.compile(r"CA[0-9a-f]{32}")
CALLBACKS = frozenset({"twilio.leg", "twilio.status"})
AGENTS = frozenset(
    {"twilio.whisper", "twilio.whispered"}
)  # he has picked up: whatever fails, he gets the caller

log = logging.getLogger(__name__)


def closed_blueprint() -> Blueprint:
    """Without Twilio's settings nobody can be told from Twilio: 403 to everything."""
    blueprint = Blueprint("twilio", __name__, url_prefix="/twilio")
    blueprint.before_request(lambda: guard(None))

    @blueprint.post("/<path:_anything>")
    @machines
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
    _add_alone(blueprint, door)

    @blueprint.post("/check")
    @machines
    def check() -> Response:
        """The doctor's question: whoever hears this had token and address right."""
        return _xml(twiml.nothing())

    @blueprint.post("/fallback")
    @machines
    def fallback() -> Response:
        """Asked by Twilio when another address of ours failed; needs neither book nor policy."""
        log.warning("fallback asked for by call %s, error %s", _call(), _word("ErrorCode"))
        return _xml(door.apology(request.form, None))

    @blueprint.errorhandler(Exception)
    def failed(error: Exception) -> Response | HTTPException | tuple[str, int]:
        if isinstance(error, HTTPException):
            return error
        log.error("%s of call %s failed\n%s", request.endpoint, _call(), told_of(error))
        if request.endpoint in AGENTS:
            return _xml(twiml.nothing())
        if request.endpoint not in CALLBACKS:
            return _xml(_apology(door))
        return ("", 503) if isinstance(error, BookUnavailable | OSError) else _xml(twiml.nothing())

    return blueprint


def _add_entry(blueprint: Blueprint, door: TwilioDoor, name: str) -> None:
    @machines
    def entry(**carried: Any) -> Response:
        return _xml(door.answer(name, request.form, _track(door, carried)))

    blueprint.add_url_rule(f"/{name}/{TRACK}", name, entry, methods=["POST"])
    if name == "incoming":
        blueprint.add_url_rule(f"/{name}", name, entry, methods=["POST"])


def _add_callbacks(blueprint: Blueprint, door: TwilioDoor) -> None:
    @blueprint.post(f"/leg/{TRACK}")
    @machines
    def leg(**carried: Any) -> Response:
        return _xml(door.leg(request.form, _sealed(door, _field("ParentCallSid"), **carried)))

    @blueprint.post(f"/whisper-<words>/<ref>/{TRACK}")
    @machines
    def whisper(words: str, ref: str, **carried: Any) -> Response:
        return _xml(door.whisper(words, ref, _sealed(door, ref, **carried)))

    @blueprint.post(f"/whispered/<ref>/{TRACK}")
    @machines
    def whispered(ref: str, **carried: Any) -> Response:
        return _xml(door.whispered(request.form, ref, _sealed(door, ref, **carried)))

    @blueprint.post("/status")
    @machines
    def status() -> Response:
        return _xml(door.status(request.form))


def _add_alone(blueprint: Blueprint, door: TwilioDoor) -> None:
    """Where a call goes on while the book is away; each stands also when the disk fails."""

    @blueprint.post(f"/alone-<int:tried>/{TRACK}")
    @machines
    def alone(tried: int, **carried: Any) -> Response:
        track = _sealed(door, _field("CallSid"), **carried)
        return _xml(_or_sorry(door, track, lambda: door.go_on_alone(request.form, track, tried)))

    @blueprint.post(f"/noted/{TRACK}")
    @machines
    def noted(**carried: Any) -> Response:
        track = _sealed(door, _field("CallSid"), **carried)
        return _xml(_or_sorry(door, track, lambda: door.noted(request.form, track)))


def _or_sorry(door: TwilioDoor, track: Track, document: Callable[[], str]) -> str:
    """Nobody goes round for ever in what cannot help him: nothing is promised, and he is let go."""
    try:
        return document()
    except Exception as error:  # noqa: BLE001 - said in the log, never to him
        log.error("call %s: neither book nor disk: %s", _call(), masked(repr(error)))  # noqa: TRY400
        return door.alone.sorry(_call(), track)


def _track(door: TwilioDoor, carried: dict[str, Any]) -> Track | None:
    return _sealed(door, _field("CallSid"), **carried) if carried else None


def _field(name: str) -> str:
    return request.form.get(name, "")


def _sealed(door: TwilioDoor, ref: str, *, presented: int, step: int, greeted: int, seal: str) -> Track:
    """What an address of ours carries; 403 where we have not given it out for this call."""
    tail = request.path.removeprefix("/twilio/").removesuffix(f"/{seal}")
    if not door.addresses.holds(tail, ref, seal):
        log.warning("%s of call %s: not an address of its own", request.endpoint, _call())
        abort(403)
    return track_of(presented, step, greeted)


def _apology(door: TwilioDoor) -> str:
    """A live call never meets silence: with the recordings gone too, it is asked to ring again."""
    try:
        return door.apology(request.form, _track(door, request.view_args or {}))
    except Exception:
        log.exception("not even the apology")  # of recordings and addresses: no number is in it
        return twiml.last_words()


def _call() -> str:
    """The call's own id for the log, if it is one."""
    sid = _field("CallSid")
    return sid if _SID.fullmatch(sid) else "?"


def _word(field: str) -> str:
    return masked(one_line(_field(field), 40))


def _xml(document: str) -> Response:
    return Response(document, mimetype="text/xml")
