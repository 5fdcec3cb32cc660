"""Where a running hotline is reached, in words for a person at this machine."""

from config.settings import Settings

EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 # compared with, never bound


def own_host(settings: Settings) -> str:
    """The address to use on this machine; one bound everywhere is reached at 127.0.0.1."""
    return "127.0.0.1" if settings.bind in EVERYWHERE else settings.bind


def web_address(settings: Settings) -> str:
    """The desk's and the health checks' address."""
    return f"http://{own_host(settings)}:{settings.web_port}"


def sip_address(settings: Settings) -> str:
    """What a caller dials."""
    return f"sip:4001234567@{settings.external_address or own_host(settings)}:{settings.sip_port}"
