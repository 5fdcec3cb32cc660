"""The switch that comes with the hotline, for a line of the Procfile."""

import os
import sys
from collections.abc import Iterable
from typing import NoReturn

from config.settings import Settings
from ivr.adapters.sql_sip_accounts import SipAccount
from ivr.cli import asterisk_config
from ivr.cli.masked_log import go_through_masking
from ivr.cli.parts import become
from ivr.cli.private_asterisk import find_asterisk


def run_asterisk(settings: Settings, accounts: Iterable[SipAccount]) -> NoReturn:
    """Asterisk with freshly rendered files; `accounts` are the registering phones."""
    asterisk = find_asterisk(settings.tools_dir)
    if asterisk is None:
        sys.exit("no Asterisk, neither on PATH nor in .tools: `.venv/bin/hotline install-tools` unpacks one")
    config = asterisk_config.render(settings, asterisk, accounts)
    os.umask(0o077)  # its log names the AGI address with its token, its call log the callers
    go_through_masking(settings.log_dir / "asterisk-messages.log")
    become(settings, [*asterisk.argv, "-fn", "-C", str(config)])
