"""Renders config/asterisk/ into the data directory: the one place where settings become Asterisk's files.

Files are replaced whole, so that a reload never reads half of one.
"""

import os
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from config.policy import load_rules
from config.prompt_pack import MissingPrompt, PromptPack, load_texts
from config.secrets import load_or_create
from config.settings import Settings
from ivr.adapters.asterisk_phones import dial_string
from ivr.adapters.recording_files import RecordingDirectory
from ivr.adapters.sql_sip_accounts import SipAccount
from ivr.cli.asterisk_recording import notice, recording_values
from ivr.cli.private_asterisk import Asterisk
from ivr.policy.phone import parse_phone
from ivr.policy.prompts import Prompt
from ivr.policy.rules import Rules

_PLACEHOLDER = re.compile(r"@([A-Z_]+)@")
_DIALPLAN_PROMPTS = (
    Prompt.STATIC_APOLOGY,
    Prompt.ASK_NUMBER,
    Prompt.NUMBER_NOTED,
    Prompt.NO_NUMBER,
    Prompt.GOODBYE,
    Prompt.FEATURE_FAILED,
)


class ConfigError(Exception):
    """The telephone switch cannot be configured like this; the text says what to change."""


def etc_dir(settings: Settings) -> Path:
    """Where the rendered files are."""
    return settings.data_dir / "asterisk" / "etc"


def run_dir(settings: Settings) -> Path:
    """Where Asterisk's control socket is: a socket's path may have 107 letters, a data directory more."""
    path = settings.data_dir / "asterisk" / "run"
    return path if len(os.fsencode(path)) < 80 else Path(f"/tmp/hotline-{os.getuid()}-{settings.sip_port}")  # noqa: S108 # made with 0700


def spool_dir(settings: Settings) -> Path:
    """Where the dialplan leaves lines for the drainer."""
    return settings.data_dir / "spool"


def attempts_dir(settings: Settings) -> Path:
    """Where the dialplan keeps the fences of callback attempts."""
    return spool_dir(settings) / "attempts"


def prompt_pack(settings: Settings) -> PromptPack:
    """The installed prompts, own recordings first, in the language of prompts.toml."""
    return PromptPack(settings.root / "config" / "prompts", settings.data_dir / "custom", "zh_CN")


def render(settings: Settings, asterisk: Asterisk, accounts: Iterable[SipAccount]) -> Path:
    """Write every file Asterisk reads; its asterisk.conf. Raises ConfigError."""
    rules = load_rules(settings)
    etc = etc_dir(settings)
    var = settings.data_dir / "asterisk" / "var"
    for path in (etc, settings.log_dir, attempts_dir(settings), *(var / name for name in _VAR_DIRS)):
        path.mkdir(parents=True, exist_ok=True)
    RecordingDirectory(settings.recordings_dir).allow(True)  # until whoever watches the disk says otherwise
    run_dir(settings).mkdir(parents=True, exist_ok=True, mode=0o700)
    values = _values(settings, rules, asterisk)
    for template in sorted((settings.root / "config" / "asterisk").glob("*.conf")):
        _write(etc / template.name, _fill(template.read_text("utf-8"), values))
    render_phones(settings, accounts)
    return etc / "asterisk.conf"


# Phones of the office's own networks are told our address there, not the one the world sees.
_PRIVATE_NETWORKS = (
    "127.0.0.0/8",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "169.254.0.0/16",
    "fc00::/7",
)
_VAR_DIRS = ("lib", "db", "keys/keys", "agi", "spool", "log/cdr-custom", "cache")


def rendered(settings: Settings, name: str) -> str:
    """One file of config/asterisk with this installation's settings in it, for a switch that is not ours."""
    nowhere = Asterisk(argv=(), module_dir=Path("unused"), data_dir=Path("unused"), version="")
    text = (settings.root / "config" / "asterisk" / name).read_text("utf-8")
    return _fill(text, _values(settings, load_rules(settings), nowhere))


def render_phones(settings: Settings, accounts: Iterable[SipAccount]) -> None:
    """The registering phones; what a reload reads again."""
    blocks = [
        f"[{account.name}](hl-phone)\nauth = {account.name}\naors = {account.name}\n"
        f"[{account.name}](hl-phone-auth)\nusername = {account.name}\npassword = {account.secret}\n"
        f"[{account.name}](hl-phone-aor)\n"
        for account in accounts
    ]
    _write(etc_dir(settings) / "pjsip_phones.conf", "\n".join(blocks) or "; none yet\n", secret=True)


def _values(settings: Settings, rules: Rules, asterisk: Asterisk) -> dict[str, str]:
    secrets = load_or_create(settings.data_dir)
    return {
        "ETC": str(etc_dir(settings)),
        "VAR": str(settings.data_dir / "asterisk" / "var"),
        "RUN": str(run_dir(settings)),
        "MODULES": str(asterisk.module_dir),
        "SHARE": str(asterisk.data_dir),
        "LOG": str(settings.log_dir),
        "SPOOL": str(spool_dir(settings)),
        "ATTEMPTS": str(attempts_dir(settings)),
        "OWN_NUMBER": _own_number(rules),
        "RTP_FIRST": str(settings.rtp_ports[0]),
        "RTP_LAST": str(settings.rtp_ports[1]),
        "AMI_PORT": str(settings.ami_port),
        "AMI_SECRET": secrets.ami_secret,
        "ARI_SECRET": secrets.ari_secret,
        "WS_PORT": str(settings.ws_port),
        "AGI": f"agi://127.0.0.1:{settings.agi_port}/{secrets.agi_token}",
        "BIND": settings.bind,
        "SIP_PORT": str(settings.sip_port),
        "EXTERNAL": _external(settings),
        "TRUSTED": "".join(f"match = {address}\n" for address in settings.trusted_trunks),
        "OUTBOUND": _outbound(settings),
        "TRUNKS": str(settings.root / "config" / "asterisk" / "trunks.d"),
        "OWN_TRUNKS": str(settings.data_dir / "trunks.d"),
        "DEADLINE": f"{rules.deadline_seconds:g}",
        **_prompt_values(settings, rules),
        "FALLBACK": _fallback(settings, rules),
        **recording_values(settings, rules),
    }


def _prompt_values(settings: Settings, rules: Rules) -> dict[str, str]:
    pack = prompt_pack(settings)
    load_texts(settings.root / "config" / "prompts.toml")
    try:
        spoken = {prompt.name: _sound(pack.path(prompt)) for prompt in _DIALPLAN_PROMPTS}
        greeting = _sound(pack.path(rules.greeting))
    except MissingPrompt as error:
        raise ConfigError(str(error)) from error
    music = settings.root / "config" / "prompts" / "music" / "hold.wav"
    return {**spoken, "GREETING": greeting, "MUSIC": _sound(music)}


def _sound(path: Path) -> str:
    """Asterisk names sounds without their ending."""
    return str(path.with_suffix(""))


def _external(settings: Settings) -> str:
    address = settings.external_address
    if address is None:
        return ""
    local = "".join(f"local_net = {network}\n" for network in _PRIVATE_NETWORKS)
    return f"external_media_address = {address}\nexternal_signaling_address = {address}\n{local}"


def _outbound(settings: Settings) -> str:
    trunk = settings.outbound_trunk
    if trunk is None or not trunk.startswith("sip:"):
        return ""
    return "[hl-out](hl-endpoint)\nidentify_by = ip\ncontext = hl-nowhere\n"


def _own_number(rules: Rules) -> str:
    """Who customers see is calling them back: the first of our own numbers; none is an anonymous call."""
    number = next(iter(rules.own_numbers), "")
    if re.fullmatch(r"(\+?[0-9]{3,20})?", number) is None:
        raise ConfigError(
            f"policy key own_numbers: {number!r} cannot be shown to customers: give digits only"
        )
    return number


def _fallback(settings: Settings, rules: Rules) -> str:
    lines = []
    for phone in rules.fallback_phones:
        dial = dial_string(parse_phone(phone), settings.outbound_trunk)
        if dial is None:
            raise ConfigError(f"fallback phone {phone} cannot be dialled: set HOTLINE_OUTBOUND_TRUNK")
        options = f"gU(hl-answered)m(hl-music){notice(settings, rules)}"
        lines.append(f" same => n,Dial({dial},{rules.agent_ring_seconds:g},{options})")
        lines.append(' same => n,GotoIf($["${HL_SERVED}" != ""]?bye)')
    return "\n".join(lines)


def _fill(text: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda found: values[found[1]], text)


def _write(path: Path, text: str, secret: bool = True) -> None:
    fresh = path.with_name(f".{path.name}.new")
    fresh.touch(mode=0o600 if secret else 0o644)
    fresh.write_text(text, "utf-8")
    shutil.move(fresh, path)
