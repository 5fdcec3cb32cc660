"""The FastAGI server of the hotline, with the floor loop beside it: `python -m agi_scripts.server`.

It holds no state a call needs: killed at any moment, its successor goes on from the book.
"""

import gc
import logging
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from agi_scripts import (
    agent_state,
    callback_ended,
    callback_rating,
    canary,
    consult,
    digits,
    fetched,
    hold_elapsed,
    hung_up,
    number_noted,
    offered,
    ring_ended,
)
from agi_scripts.assembly import own_door
from agi_scripts.door import Answers, Door, LaterDoor
from agi_scripts.fastagi import FastAgiServer, Quick, Script
from agi_scripts.session import AgiSession
from config.policy import load_rules
from config.secrets import load_or_create
from config.settings import Settings, load
from ivr.adapters.asterisk_switch import AsteriskSwitch
from ivr.adapters.system_clock import SystemClock
from ivr.adapters.systemd_notify import notify
from ivr.bootstrap import agents_service, call_book, callback_service, twilio_switch
from ivr.bootstrap.callbacks import twilio_callbacks
from ivr.bootstrap.phones import consults, page_watch
from ivr.policy.events import Event
from ivr.policy.routes import Route
from ivr.service.callback_ports import AttemptName
from ivr.service.callback_ratings import CallbackRatings
from ivr.service.floor_loop import FloorLoop
from ivr.service.ports import BookUnavailable, Clock, Contact, Switch
from ivr.service.switchboard import Switchboard

EVENTS = {
    "offered": offered.main,
    "ring_ended": ring_ended.main,
    "hold_elapsed": hold_elapsed.main,
    "fetched": fetched.main,
    "digits": digits.main,
    "hung_up": hung_up.main,
}
"""The entries that say what happened to a call and ask what next: one file each, of the same name."""

ENTRIES = {**EVENTS, "number_noted": number_noted.main}
"""All entries of a call."""

STALLED_SECONDS = 2.0

log = logging.getLogger(__name__)


class Hotline:
    """Everything that runs in this process."""

    def __init__(self, settings: Settings) -> None:
        secrets = load_or_create(settings.data_dir)
        rules, clock = load_rules(settings), SystemClock()
        self.switch = AsteriskSwitch(
            settings.ami_port,
            secrets.ami_secret,
            on_stamp=self._stamped,
            on_callback_served=self._called_back,
        )
        twilio = twilio_callbacks(settings, rules)
        leads: dict[Route, Callable[[], bool]] = {Route.ASTERISK: lambda: self.switch.connected}
        if twilio is not None:
            leads[Route.TWILIO] = twilio.leads
        self._book = call_book(settings, rules, leads)
        self._switchboard = Switchboard(self._book, rules)
        self._callbacks = callback_service(settings, self._book, self.switch.manager, rules, twilio)
        switches = self._switches(settings, clock)
        self.floor_loop = FloorLoop(self._book, switches, clock, rules, self._callbacks)
        self._callbacks.on_change = self.floor_loop.signal
        self._switchboard.on_change = self.floor_loop.signal
        door = own_door(settings, self._switchboard, rules, clock)
        scripts = _scripts(door, settings)
        scripts["callback_ended"] = partial(callback_ended.main, callbacks=self._callbacks)
        ratings = CallbackRatings(self._book, clock, rules)
        scripts["callback_rating"] = partial(callback_rating.main, door=door, ratings=ratings)
        self.server = FastAgiServer(
            scripts,
            quick=_quick(door),
            token=secrets.agi_token,
            port=settings.agi_port,
            session_seconds=2.5,
        )
        self._page_watch = page_watch(settings, self.switch)
        self._stop = threading.Event()
        self._notify_socket = settings.notify_socket

    def _switches(self, settings: Settings, clock: Clock) -> dict[str, Switch]:
        """One a door; the second door's only where it is set up."""
        switches: dict[str, Switch] = {"asterisk": self.switch}
        twilio = twilio_switch(settings, clock)
        if twilio is not None:
            switches["twilio"] = twilio
        return switches

    def run(self) -> None:
        """Until stopped; running bursts are finished."""
        self.switch.start()
        floor = threading.Thread(target=self.floor_loop.run, args=(self._stop,), name="floor", daemon=True)
        floor.start()
        threading.Thread(target=self._page_watch.run, args=(self._stop,), name="pages", daemon=True).start()
        threading.Thread(target=self._tell_systemd, name="watchdog", daemon=True).start()
        log.info("bursts on %s:%d", *self.server.address)
        gc.freeze()  # no burst waits while the collector looks through all that was loaded once more
        self.server.serve_forever()
        self._stop.set()
        self.floor_loop.signal()
        floor.join(timeout=2)
        self.switch.stop()
        self._book.close()

    def stop(self) -> None:
        """From a signal handler: no new burst, the running ones finish."""
        threading.Thread(target=self.server.stop, name="stopper", daemon=True).start()

    def _tell_systemd(self) -> None:
        """Alive is whose accept loop goes round, not who has a process."""
        notify(self._notify_socket, "READY=1")
        while not self._stop.wait(1.0):
            if time.monotonic() - self.server.last_accept_loop_at < STALLED_SECONDS:
                notify(self._notify_socket, "WATCHDOG=1")

    def _stamped(self, ref: str, event: Event) -> None:
        """A stamp heard live; one that is missed comes with the next burst."""
        contact = Contact(door="asterisk", ref=ref, hotline="", caller=None, presented_at=_NEVER)
        try:
            self._switchboard.note(contact, event)
        except BookUnavailable:
            log.info("a live stamp was not written; the next burst brings it")

    def _called_back(self, name: AttemptName, at: datetime) -> None:
        """The same of a customer who was called back; the sweep finds what is missed."""
        try:
            self._callbacks.served(name, at)
        except BookUnavailable:
            log.info("a callback's live stamp was not written; the sweep finds it")


_NEVER = datetime.min.replace(tzinfo=UTC)


def _scripts(door: Door, settings: Settings) -> dict[str, Script]:
    return {
        "number_noted": partial(number_noted.main, door=door),
        "agent_state": partial(agent_state.main, door=door, agents=agents_service(settings)),
        "consult": partial(consult.main, door=door, consults=consults(settings)),
        "canary": canary.main,
    }


def _quick(door: Door) -> dict[str, Quick]:
    def later(main: Callable[[AgiSession, Answers], None]) -> Quick:
        return lambda agi, then, aside: main(agi, LaterDoor(door, then, aside))

    return {name: later(main) for name, main in EVENTS.items()}


def main() -> int:
    """Serve until SIGTERM or SIGINT."""
    logging.basicConfig(
        stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    sys.setswitchinterval(
        0.0005
    )  # the one writer gives way at every statement: it must not wait 5 ms to go on
    hotline = Hotline(load())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: hotline.stop())
    hotline.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
