"""Every setting of the project, read once, typed, and refused loudly when it makes no sense.

This is the only file that reads the environment (and `.env` in the repository root; the environment wins).
It does no other I/O: it opens no connection and makes no directory. An empty value counts as not given.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

ROOT: Final = Path(__file__).resolve().parent.parent

HOTLINE_NAMES: Final = frozenset(
    """
    HOTLINE_DATA_DIR HOTLINE_BIND HOTLINE_WEB_PORT HOTLINE_AGI_PORT HOTLINE_SIP_PORT HOTLINE_AMI_PORT
    HOTLINE_RTP_PORTS HOTLINE_WS_PORT HOTLINE_EXTERNAL_ADDRESS HOTLINE_POLICY HOTLINE_TRUSTED_TRUNKS
    HOTLINE_OUTBOUND_TRUNK
    """.split()  # noqa: SIM905  three lines of names read better than twelve of quotes
)
HOST_PATTERN: Final = r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?"
# The data directory's path is written into Asterisk's dialplan, where these have a meaning of their own.
UNSAFE_IN_A_PATH: Final = re.compile(r"[\x00-\x1f,;()\[\]{}$\"'\\|&]")


class SettingsError(Exception):
    """A variable holds what we cannot use. Carries what it accepts, never the value: it may be a secret."""

    def __init__(self, variable: str, accepted: str) -> None:
        super().__init__(f"{variable}: {accepted}")
        self.variable = variable
        self.accepted = accepted


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the environment says about this installation; secrets stay out of its `repr`."""

    root: Path
    data_dir: Path
    bind: str
    database_url: str = field(repr=False)
    redis_url: str | None = field(repr=False)
    web_port: int
    agi_port: int
    sip_port: int
    ami_port: int
    ws_port: int
    rtp_ports: tuple[int, int]
    external_address: str | None
    policy_path: Path | None
    trusted_trunks: tuple[str, ...]
    outbound_trunk: str | None
    public_base_url: str | None
    twilio_account_sid: str | None
    twilio_auth_token: str | None = field(repr=False)
    twilio_auth_token_secondary: str | None = field(repr=False)
    twilio_api_key_sid: str | None
    twilio_api_key_secret: str | None = field(repr=False)
    twilio_api_base_url: str | None
    notify_socket: str | None = None  # systemd's, when it started us

    @property
    def tools_dir(self) -> Path:
        """Programs unpacked for this repository alone (the private Asterisk)."""
        return self.root / ".tools"

    @property
    def log_dir(self) -> Path:
        return self.data_dir / "log"

    @property
    def recordings_dir(self) -> Path:
        """Where the switch puts recorded talks."""
        return self.data_dir / "recordings"


def load(environ: Mapping[str, str] | None = None, root: Path | None = None) -> Settings:
    """Raises SettingsError for the first variable that makes no sense."""
    root = (root or ROOT).resolve()
    values = _Values(environment(environ, root))
    values.refuse_unknown()
    data_dir = _data_dir(values, root)
    settings = Settings(
        root=root,
        data_dir=data_dir,
        bind=_bind(values),
        database_url=_database_url(values, root, data_dir),
        redis_url=_redis_url(values),
        web_port=_port(values, "HOTLINE_WEB_PORT", 8080),
        agi_port=_port(values, "HOTLINE_AGI_PORT", 4573),
        sip_port=_port(values, "HOTLINE_SIP_PORT", 5060),
        ami_port=_port(values, "HOTLINE_AMI_PORT", 5038),
        ws_port=_port(values, "HOTLINE_WS_PORT", 8088),
        rtp_ports=_rtp_ports(values),
        external_address=_external_address(values),
        policy_path=_policy_path(values, root),
        trusted_trunks=_trusted_trunks(values),
        outbound_trunk=_outbound_trunk(values),
        public_base_url=_web_url(values, "PUBLIC_BASE_URL"),
        twilio_account_sid=_word(values, "TWILIO_ACCOUNT_SID"),
        twilio_auth_token=_word(values, "TWILIO_AUTH_TOKEN"),
        twilio_auth_token_secondary=_word(values, "TWILIO_AUTH_TOKEN_SECONDARY"),
        twilio_api_key_sid=_word(values, "TWILIO_API_KEY_SID"),
        twilio_api_key_secret=_word(values, "TWILIO_API_KEY_SECRET"),
        twilio_api_base_url=_web_url(values, "TWILIO_API_BASE_URL"),
        notify_socket=_word(values, "NOTIFY_SOCKET"),
    )
    _refuse_clashing_ports(settings)
    return settings


def environment(environ: Mapping[str, str] | None = None, root: Path | None = None) -> dict[str, str]:
    """`.env` with the environment laid over it: what a Procfile's `$VAR` may name."""
    given = os.environ if environ is None else environ
    return {**_dotenv((root or ROOT) / ".env"), **given}


def _dotenv(path: Path) -> dict[str, str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(".env", f"must be a readable UTF-8 text file ({type(error).__name__})") from error
    lines = enumerate(text.splitlines(), start=1)
    return dict(
        _dotenv_line(number, line) for number, line in lines if line.strip() and line.lstrip()[0] != "#"
    )


def _dotenv_line(number: int, line: str) -> tuple[str, str]:
    match = re.fullmatch(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*", line)
    if not match:
        raise SettingsError(f".env line {number}", "must read NAME=VALUE, or start with #")
    name, value = match.groups()
    quoted = re.fullmatch(r"""(["'])(.*?)\1(?:\s+#.*)?""", value)
    return name, quoted[2] if quoted else re.sub(r"(^|\s+)#.*$", "", value)


@dataclass(frozen=True)
class _Values:
    """The variables as text."""

    environ: Mapping[str, str]

    def get(self, name: str) -> str | None:
        return self.environ.get(name, "").strip() or None

    def refuse_unknown(self) -> None:
        for name in sorted(self.environ):
            if name.startswith("HOTLINE_") and name not in HOTLINE_NAMES:
                near = difflib.get_close_matches(name, HOTLINE_NAMES, n=1, cutoff=0.8)
                hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(HOTLINE_NAMES))}"
                raise SettingsError(name, f"is not a setting; {hint}")


def _data_dir(values: _Values, root: Path) -> Path:
    path = (root / (values.get("HOTLINE_DATA_DIR") or "var")).resolve()
    if UNSAFE_IN_A_PATH.search(str(path)):
        accepted = (
            "a directory whose full path has no control character and none of , ; ( ) [ ] { } $ \" ' \\ | &"
        )
        raise SettingsError(
            "HOTLINE_DATA_DIR", f"must be {accepted} (it is written into Asterisk's dialplan)"
        )
    return path


def _bind(values: _Values) -> str:
    text = values.get("HOTLINE_BIND") or "127.0.0.1"
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as error:
        raise SettingsError("HOTLINE_BIND", "must be one IP address of this machine, as 127.0.0.1") from error


def _database_url(values: _Values, root: Path, data_dir: Path) -> str:
    url = values.get("DATABASE_URL")
    if url is None:
        return f"sqlite:///{data_dir / 'hotline.db'}"
    scheme, _, rest = url.partition("://")
    if scheme == "postgres":  # written by many hosting panels, refused by SQLAlchemy
        scheme = "postgresql"
    if re.fullmatch(r"postgresql(\+\w+)?", scheme) and rest:
        return f"{scheme}://{rest}"
    path = rest.removeprefix("/")
    if re.fullmatch(r"sqlite(\+\w+)?", scheme) and path != rest and path not in {"", ":memory:"}:
        return f"{scheme}:///{root / path}"
    accepted = "must be sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME"
    raise SettingsError("DATABASE_URL", f"{accepted} (processes cannot share a database in memory)")


def _redis_url(values: _Values) -> str | None:
    url = values.get("REDIS_URL")
    if url is None or re.match(r"(rediss?://[^/\s]|unix://[^\s]*/)", url):
        return url
    raise SettingsError("REDIS_URL", "must be redis://HOST:PORT/DB, rediss://… or unix:///PATH")


def _port(values: _Values, name: str, default: int) -> int:
    return _port_number(name, values.get(name) or str(default), "must be a port number from 1 to 65535")


def _port_number(name: str, text: str, accepted: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= 65535:
        raise SettingsError(name, accepted)
    return int(text)


def _rtp_ports(values: _Values) -> tuple[int, int]:
    name, accepted = (
        "HOTLINE_RTP_PORTS",
        "must be two ports from 1024 to 65535, as 20000-20999, four or more apart",
    )
    first, _, last = (values.get(name) or "20000-20999").partition("-")
    low, high = (_port_number(name, part.strip(), accepted) for part in (first, last))
    if low < 1024 or high - low < 4:  # one call has two legs, each with a port for RTP and one for RTCP
        raise SettingsError(name, accepted)
    return low, high


def _external_address(values: _Values) -> str | None:
    text = values.get("HOTLINE_EXTERNAL_ADDRESS")
    if text is None or re.fullmatch(HOST_PATTERN, text) or _is_address(text):
        return text
    raise SettingsError("HOTLINE_EXTERNAL_ADDRESS", "must be one IP address or host name, without a port")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _policy_path(values: _Values, root: Path) -> Path | None:
    text = values.get("HOTLINE_POLICY")
    return None if text is None else (root / text).resolve()


def _trusted_trunks(values: _Values) -> tuple[str, ...]:
    words = re.split(r"[\s,]+", values.get("HOTLINE_TRUSTED_TRUNKS") or "127.0.0.1")
    return tuple(dict.fromkeys(_trunk(word) for word in words if word))


def _trunk(word: str) -> str:
    try:
        # Strict: 192.0.2.7/24 reads as one machine and would trust 256.
        return str(ipaddress.ip_network(word)) if "/" in word else str(ipaddress.ip_address(word))
    except ValueError as error:
        accepted = "must be IP addresses or networks separated by commas, as 192.0.2.7,198.51.100.0/24"
        raise SettingsError("HOTLINE_TRUSTED_TRUNKS", accepted) from error


def _outbound_trunk(values: _Values) -> str | None:
    text = values.get("HOTLINE_OUTBOUND_TRUNK")
    accepted = "must be sip:HOST, sip:HOST:PORT or the name of a trunk in config/asterisk/trunks.d"
    if text is None or re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", text):
        return text
    match = re.fullmatch(rf"sip:(?:{HOST_PATTERN}|\[[0-9A-Fa-f:.]+\])(?::([0-9]+))?", text)
    if match is None:
        raise SettingsError("HOTLINE_OUTBOUND_TRUNK", accepted)
    if match[1]:
        _port_number("HOTLINE_OUTBOUND_TRUNK", match[1], accepted)
    return text


def _web_url(values: _Values, name: str) -> str | None:
    """Without a slash at its end, so that a path can follow it."""
    text = values.get(name)
    if text is None:
        return None
    if re.fullmatch(r"https?://[\x21-\x7e]+", text) and _names_a_host(text):
        return text.rstrip("/")
    raise SettingsError(name, "must be https://HOST, with a path or port if there is one, without ? and #")


def _names_a_host(url: str) -> bool:
    try:
        parts: SplitResult = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0 and not (set("?#@") & set(url))
    except ValueError:
        return False


def _word(values: _Values, name: str) -> str | None:
    text = values.get(name)
    if text is None or re.fullmatch(r"[A-Za-z0-9_-]+", text):
        return text
    raise SettingsError(name, "must be letters and digits only, as Twilio's console shows it")


def _refuse_clashing_ports(settings: Settings) -> None:
    low, high = settings.rtp_ports
    taken: dict[int, str] = {}
    for name in ("web_port", "agi_port", "sip_port", "ami_port", "ws_port"):
        port, variable = getattr(settings, name), f"HOTLINE_{name.upper()}"
        if port in taken:
            raise SettingsError(variable, f"{port} is also {taken[port]}; each needs its own port")
        if low <= port <= high:
            raise SettingsError(variable, f"{port} lies inside HOTLINE_RTP_PORTS {low}-{high}")
        taken[port] = variable
