"""What a browser is told about every answer of the pages: load nothing from elsewhere, run nothing written inline."""

import re
from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Response, request

from config.settings import Settings
from webhooks.access import WITHOUT_SESSION

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; media-src 'self' blob:; "
    "worker-src 'self'; manifest-src 'self'; connect-src 'self'{phones}; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
TWILIO_SIGNALLING: Final = "wss://voice-js.roaming.twilio.com"
"""Where Twilio's Voice SDK registers a page; the only place outside that a page may speak to."""
HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]")


def phone_socket(settings: Settings, host: str) -> str:
    """Where the browser's phone finds the switch: the same machine's WebSocket port; behind https the proxy's /ws.

    A page of the machine itself is not behind the proxy, whatever the public address is.
    """
    public = settings.public_base_url
    if public is not None and public.startswith("https://") and host == urlsplit(public).netloc:
        return f"wss://{host}/ws"
    name = host.rpartition(":")[0] if re.search(r":[0-9]+$", host) else host
    return f"ws://{name}:{settings.ws_port}/ws" if _HOST.fullmatch(name) else ""


def add_headers(app: Flask, settings: Settings) -> None:
    """To everything a browser asks for; what machines ask for stays as it is."""
    twilio = TWILIO_SIGNALLING if settings.twilio_api_key_sid is not None else None

    @app.after_request
    def told(response: Response) -> Response:
        if request.path.startswith(WITHOUT_SESSION) and not request.path.startswith("/static/"):
            return response
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.add("Vary", "HX-Request")
        phones = "".join(
            f" {address}" for address in (phone_socket(settings, request.host), twilio) if address
        )
        response.headers.setdefault("Content-Security-Policy", POLICY.format(phones=phones))
        return response
