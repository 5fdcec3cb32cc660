"""A token for the telephone of whoever is signed in, by which Twilio rings him as `client:LOGIN`; for nobody else's."""

import re

from flask import Blueprint, Response, abort, jsonify

from ivr.adapters.twilio_tokens import LIVES_SECONDS, TwilioTokens
from ivr.policy.roles import ON_THE_FLOOR
from webhooks.access import allowed, current

_IDENTITY = re.compile(r"[A-Za-z0-9_]{1,64}")  # what a client: phone may be called


def token_blueprint(tokens: TwilioTokens | None) -> Blueprint:
    """Without an API key of the account there is no such address."""
    blueprint = Blueprint("twilio_token", __name__)

    @blueprint.post("/desk/twilio-token")
    @allowed(*ON_THE_FLOOR)
    def token() -> Response:
        """JSON: identity, token, and for how many seconds it holds."""
        login = current().login
        if tokens is None or _IDENTITY.fullmatch(login) is None:
            abort(404)
        return jsonify(identity=login, token=tokens.token(login), seconds=LIVES_SECONDS)

    return blueprint
