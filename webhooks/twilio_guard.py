"""Who may speak to the Twilio door: Twilio, for our account, in signed form posts. Whatever is missing closes it.

The signature is checked over the public address and the request target as it came over the wire: every decoded
form of it (request.url) fails for Chinese, %2F or a proxy that ends TLS.
"""

from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlsplit

from flask import Request, abort, request
from twilio.request_validator import RequestValidator

BODY_BYTES = 64 * 1024
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, kw_only=True)
class TwilioAccount:
    """What we share with Twilio; the tokens stay out of its `repr`.

    Twilio signs with its primary token; a second one is believed too while the two change places.
    """

    public_base_url: str
    account_sid: str
    auth_tokens: tuple[str, ...] = field(repr=False)

    @cached_property
    def validators(self) -> tuple[RequestValidator, ...]:
        return tuple(RequestValidator(token) for token in self.auth_tokens)


def guard(account: TwilioAccount | None) -> None:
    """Before every request of the blueprint, also in debug: 403, 413 or 415 unless all is well."""
    if account is None:
        abort(403)
    if request.mimetype != FORM:
        abort(415)
    request.max_content_length = BODY_BYTES
    if not (_signed(request, account) and request.form.get("AccountSid") == account.account_sid):
        abort(403)


def _signed(request: Request, account: TwilioAccount) -> bool:
    signature = request.headers.get("X-Twilio-Signature", "")
    address = account.public_base_url + raw_target(request)
    return any(validator.validate(address, request.form, signature) for validator in account.validators)


def raw_target(request: Request) -> str:
    """The request target undecoded, as gunicorn (RAW_URI) and Werkzeug's own server (REQUEST_URI) keep it."""
    target: str = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or ""
    if not target.startswith(("http://", "https://")):
        return target
    parts = urlsplit(target)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
