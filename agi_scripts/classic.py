"""Runs an entry file as a classic AGI executable: `AGI(/…/agi_scripts/offered.py,…)` starts it, pipes are its wire.

For a switch that may not connect to a server. A process a burst costs its start: FastAGI is the default.
A burst that fails ends without its sentinel and the dialplan goes on by itself, exactly as with the server.

Each entry file's first line finds the environment beside it: Asterisk's user runs `.venv/bin/python` of the
repository the file lies in, so that `agi_scripts`, `config` and `ivr` are found without a setting.
"""

import logging
import re
import sys
import traceback
from collections.abc import Callable
from typing import Concatenate, Final, ParamSpec

from agi_scripts.assembly import own_door
from agi_scripts.door import Door
from agi_scripts.session import AgiSession, CallerHungUp
from config.policy import load_rules
from config.settings import Settings, load
from ivr.adapters.system_clock import SystemClock
from ivr.bootstrap import call_book, news_of_one_burst
from ivr.policy.masking import masked
from ivr.service.switchboard import Switchboard

P = ParamSpec("P")

_CALL_ID: Final = re.compile(r"[A-Za-z0-9_.-]{1,150}")

_log = logging.getLogger(__name__)


def run(entry: Callable[Concatenate[AgiSession, Door, P], None], *more: P.args, **named: P.kwargs) -> None:
    """One burst over standard input and output, then the end of the process; exit code 1 for one that failed."""
    settings = load()
    _log_to(settings)
    call = "?"
    try:
        session = AgiSession.classic()
        call = _shown(session.env.get("agi_uniqueid", ""))
        _converse(settings, lambda door: entry(session, door, *more, **named))
    except CallerHungUp as error:
        _log.info("call %s: %s", call, masked(str(error)))
    except Exception:  # noqa: BLE001 - the one boundary of this door; the dialplan has its own way on
        _log.error("call %s: burst failed\n%s", call, masked(traceback.format_exc()))
        sys.exit(1)


def _converse(settings: Settings, burst: Callable[[Door], None]) -> None:
    rules = load_rules(settings)
    news = news_of_one_burst(settings)
    book = call_book(settings, rules, news=news)
    try:
        burst(own_door(settings, Switchboard(book, rules), rules, SystemClock()))
    finally:
        book.close()
        news.send()


def _shown(call: str) -> str:
    """An id is a time and a count: it is not masked, but it must be one."""
    return call if _CALL_ID.fullmatch(call) else "?"


def _log_to(settings: Settings) -> None:
    """Standard output is Asterisk's ear, so there is a file instead."""
    settings.log_dir.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        filename=settings.log_dir / "classic-agi.log",
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
