"""What the second door is measured against: a route that validates the signature and says always the same.

Twilio's own validator, over the public address and the target as it came; no guard, no book, no decision. It is served
by the hotline's own gunicorn settings, which start a keeper of pages that there are none of here.
"""

from flask import Flask, Response, abort, request
from twilio.request_validator import RequestValidator

PUBLIC, ACCOUNT, TOKEN = "https://hotline.example", "AC" + "a" * 32, "0" * 32
DOCUMENT = (
    '<?xml version="1.0" encoding="UTF-8"?><Response>'
    "<Play>https://hotline.example/greeting.wav</Play><Hangup /></Response>"
)


class NoPages:
    """`start` is all that is asked of the keeper."""

    def start(self) -> None:
        pass


def create_app() -> Flask:
    app = Flask(__name__)
    app.extensions["live"] = NoPages()
    validator = RequestValidator(TOKEN)

    @app.post("/twilio/incoming")
    def incoming() -> Response:
        signature = request.headers.get("X-Twilio-Signature", "")
        if not validator.validate(PUBLIC + request.environ["RAW_URI"], request.form, signature):
            abort(403)
        return Response(DOCUMENT, mimetype="text/xml")

    return app
