"""The addresses under /twilio/callbacks/: the steps of a call that we placed, each guarded, each answered with TwiML.

An agent whose key the book could not take waits in silence and is asked for again; nobody's phone rings meanwhile. A
status the book could not take gets 503, and comes again.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from flask import Blueprint, Response, abort, request
from werkzeug.exceptions import HTTPException

from ivr.adapters.attempt_fences import parse_name
from ivr.adapters.twilio_addresses import PATIENCE
from ivr.adapters.twilio_words import CUSTOMER_OVER, FIRST_LEG_OVER, RUNNING
from ivr.policy.routes import Route
from ivr.service.callback_legs import CallbackLegs
from ivr.service.callback_ports import AttemptName
from ivr.service.ports import BookUnavailable
from webhooks import twilio_callback_twiml as words
from webhooks import twiml
from webhooks.access import machines
from webhooks.failures import told_of
from webhooks.twilio_guard import TwilioAccount, guard

ACCEPT_KEY, MACHINE_KEY = "1", "9"
ASKED_AT_MOST = 5  # times for an agent's key; then he is let go
_SID = re.compile(r"CA[0-9a-f]{32}")

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class CallbackDoor:
    """What every step needs; `shown` is the number customers see."""

    legs: CallbackLegs
    sounds: twiml.Sounds
    public_base_url: str
    shown: str

    def links(self, name: AttemptName) -> "AttemptLinks":
        return AttemptLinks(base=f"{self.public_base_url}/twilio/callbacks", name=name)

    # ---- the first leg -----------------------------------------------------------------------------------------

    def picked_up(self, name: AttemptName) -> str:
        call = self.legs.picked_up(name, _sid())
        if call is None:
            return twiml.goodbye()
        say = words.announce if name.is_announcement else words.whisper
        return say(call, self.links(name), self.sounds)

    def key(self, name: AttemptName) -> str:
        if request.form.get("Digits", "") == ACCEPT_KEY:
            return self.accepted(name, 0)
        self.legs.declined(name)
        return twiml.goodbye()

    def accepted(self, name: AttemptName, times: int) -> str:
        try:
            call = self.legs.accepted(name, _sid())
        except BookUnavailable:
            if times >= ASKED_AT_MOST:
                return twiml.goodbye()
            return words.ask_again(self.links(name).to(f"accepted/{times + 1}"))
        if call is None:
            return twiml.goodbye()
        return words.connect(call, self.links(name), self.sounds, self.shown)

    def told(self, name: AttemptName) -> str:
        self.legs.heard(name)
        return twiml.goodbye()

    def status(self, name: AttemptName) -> str:
        status = request.form.get("CallStatus", "")
        if status in FIRST_LEG_OVER:
            self.legs.over(name, _sid(), FIRST_LEG_OVER[status])
        elif status == "in-progress":
            self.legs.runs(name, _sid())
        elif status not in RUNNING:
            raise ValueError(f"CallStatus {status[:20]!r}")
        return twiml.nothing()

    # ---- the customer's ----------------------------------------------------------------------------------------

    def greeting(self, name: AttemptName) -> str:
        return words.greet(self.links(name), self.sounds)

    def greeted(self, name: AttemptName) -> str:
        self.legs.heard(name)
        return twiml.nothing()

    def customer_left(self, name: AttemptName) -> str:
        result = CUSTOMER_OVER[request.form.get("DialCallStatus", "")]
        may_say = self.legs.customer_left(
            name,
            result,
            bridged={"true": True, "false": False}.get(request.form.get("DialBridged", "")),
            agent_left=request.form.get("CallStatus", "") not in RUNNING,
        )
        return words.was_it_a_machine(self.links(name)) if may_say else twiml.goodbye()

    def machine(self, name: AttemptName) -> str:
        self.legs.machine(name, it_was=request.form.get("Digits", "") == MACHINE_KEY)
        return twiml.goodbye()


@dataclass(frozen=True, kw_only=True)
class AttemptLinks:
    """CallbackLinks of one attempt."""

    base: str
    name: AttemptName

    def to(self, route: str) -> str:
        step, _, rest = route.partition("/")
        return f"{self.base}/{step}/{self.name}" + (f"/{rest}" if rest else "") + PATIENCE


STEPS = ("picked_up", "key", "told", "status", "greeting", "greeted", "customer_left", "machine")


def callback_blueprint(door: CallbackDoor, account: TwilioAccount) -> Blueprint:
    """Every step behind the door's own guard."""
    blueprint = Blueprint("twilio_callbacks", __name__, url_prefix="/twilio/callbacks")
    blueprint.before_request(lambda: guard(account))
    for step in STEPS:
        _add_step(blueprint, step, getattr(door, step))

    @blueprint.post("/accepted/<text>/<int:times>")
    @machines
    def accepted(text: str, times: int) -> Response:
        return _xml(door.accepted(_name(text), times))

    @blueprint.errorhandler(Exception)
    def failed(error: Exception) -> Response | HTTPException | tuple[str, int]:
        if isinstance(error, HTTPException):
            return error
        log.error("%s failed\n%s", request.endpoint, told_of(error))
        if isinstance(error, BookUnavailable) and request.endpoint == "twilio_callbacks.status":
            return "", 503
        return _xml(twiml.nothing() if _goes_on() else twiml.goodbye())

    return blueprint


def _goes_on() -> bool:
    """A customer who has picked up is put through, greeted or not, written down or not; the end of his leg tells."""
    return request.endpoint in {f"twilio_callbacks.{step}" for step in ("greeting", "greeted", "status")}


def _add_step(blueprint: Blueprint, step: str, answer: Callable[[AttemptName], str]) -> None:
    @machines
    def view(text: str) -> Response:
        return _xml(answer(_name(text)))

    blueprint.add_url_rule(f"/{step.replace('_', '-')}/<text>", step, view, methods=["POST"])


def _name(text: str) -> AttemptName:
    name = parse_name(text)
    if name is None:
        abort(404)
    return replace(name, route=Route.TWILIO)


def _sid() -> str:
    sid = request.form.get("CallSid", "")
    if _SID.fullmatch(sid) is None:
        raise ValueError(f"CallSid {sid[:40]!r}")
    return sid


def _xml(document: str) -> Response:
    return Response(document, mimetype="text/xml")
