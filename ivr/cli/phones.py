"""Registering phones: their accounts, and telling a running Asterisk about a new one without a restart."""

import subprocess

from config.settings import Settings
from ivr.adapters.sql_agents import SqlAgents
from ivr.adapters.sql_sip_accounts import SipAccount
from ivr.adapters.system_clock import SystemClock
from ivr.cli import asterisk_config
from ivr.cli.private_asterisk import find_asterisk

RELOAD_SECONDS = 4.0


def accounts(settings: Settings) -> tuple[SipAccount, ...]:
    """All of them."""
    return SqlAgents(settings.database_url, SystemClock()).accounts()


def publish(settings: Settings) -> bool:
    """Write the phones' file anew and have Asterisk read it; False where no Asterisk of ours is running."""
    if not asterisk_config.etc_dir(settings).exists():
        return False
    asterisk_config.render_phones(settings, accounts(settings))
    return console(settings, "module reload res_pjsip.so") is not None


def console(settings: Settings, command: str) -> str | None:
    """What our Asterisk's console says to a command; None where it cannot be asked."""
    asterisk = find_asterisk(settings.tools_dir)
    config = asterisk_config.etc_dir(settings) / "asterisk.conf"
    if asterisk is None or not config.exists():
        return None
    argv = [*asterisk.argv, "-C", str(config), "-rx", command]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=RELOAD_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return None
    return done.stdout if done.returncode == 0 else None
