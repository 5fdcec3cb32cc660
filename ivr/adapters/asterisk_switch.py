"""The Asterisk side of the Switch port: fetching a caller by Redirect, asking which calls live, hearing stamps.

What the AMI says live is a hint that saves seconds; the stamps in the bursts are the truth.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final

from ivr.adapters.asterisk_manager import AsteriskManager, LiveChannel, ManagerRefused, ManagerUnavailable
from ivr.adapters.attempt_fences import parse_name
from ivr.adapters.manager_wire import Message
from ivr.adapters.switch_moments import parse_moment
from ivr.policy.events import AgentAnswered, CallerGreeted, Event
from ivr.policy.phone import PAGE_PREFIX
from ivr.service.callback_ports import AttemptName
from ivr.service.ports import Entry

_STAMPS: Final[dict[str, type[Event]]] = {"HotlineServed": AgentAnswered, "HotlineGreeted": CallerGreeted}
_VARIABLES: Final[dict[str, type[Event]]] = {"HL_GREETED": CallerGreeted, "HL_SERVED": AgentAnswered}
_PAGE_CHANNEL: Final = f"PJSIP/{PAGE_PREFIX}"

log = logging.getLogger(__name__)


class AsteriskSwitch:
    """Switch over one AMI user. `on_stamp(ref, event)` hears what the dialplan stamped, as it happens.

    `on_callback_served(name, at)`: the same of a customer who was called back. Callbacks are placed over
    the same `manager`.
    """

    def __init__(
        self,
        port: int,
        secret: str,
        *,
        on_stamp: Callable[[str, Event], None],
        on_callback_served: Callable[[AttemptName, datetime], None] | None = None,
    ) -> None:
        self._on_stamp = on_stamp
        self._on_callback_served = on_callback_served
        self.manager = AsteriskManager(
            "127.0.0.1",
            port,
            "hotline",
            secret,
            on_event=self._heard,
            on_connected=self._catch_up,
            action_timeout_seconds=0.5,
        )

    def start(self) -> None:
        """Connect, and stay connected."""
        self.manager.start()

    def stop(self) -> None:
        """Disconnect."""
        self.manager.stop()

    @property
    def connected(self) -> bool:
        """Whether an action would be sent now."""
        return self.manager.connected

    def fetch(self, entry: Entry) -> bool:
        """Redirect the caller's channel; False where that is not certain to have happened."""
        channel = entry.contact.channel
        if channel is None:
            return False
        try:
            self.manager.redirect(channel, "hl-fetched", "s")
        except (ManagerUnavailable, ManagerRefused, ValueError) as error:
            log.info("not fetched: %s", error)
            return False
        return True

    def live_refs(self) -> frozenset[str] | None:
        """Linkedids of all channels; stamps found on them are told, should their event have been missed."""
        try:
            channels = self.manager.live_channels("HL_REF", *_VARIABLES)
        except (ManagerUnavailable, ManagerRefused):
            return None
        for channel in channels:
            self._tell_stamps(channel)
        return frozenset(channel.linked_id for channel in channels)

    def silent_pages(self) -> frozenset[str]:
        """See PageLegs: channels that were dialled and whose page has not said that it rings."""
        try:
            channels = self.manager.live_channels()
        except (ManagerUnavailable, ManagerRefused):
            return frozenset()
        return frozenset(
            channel.name
            for channel in channels
            if channel.name.startswith(_PAGE_CHANNEL) and channel.state == "Down"
        )

    def end(self, channel: str) -> None:
        """See PageLegs."""
        try:
            self.manager.action("Hangup", Channel=channel)
        except (ManagerUnavailable, ManagerRefused) as error:
            log.info("a silent page was not ended: %s", error)

    def _catch_up(self) -> None:
        """What was stamped while no events reached us."""
        self.live_refs()

    def _tell_stamps(self, channel: LiveChannel) -> None:
        ref = channel.variables.get("HL_REF")
        for name, stamp in _VARIABLES.items():
            at = parse_moment(channel.variables.get(name, ""))
            if ref and at is not None:
                self._on_stamp(ref, stamp(at=at))

    def _heard(self, message: Message) -> None:
        if message.get("UserEvent") == "HotlineCallbackServed":
            self._heard_of_callback(message)
            return
        stamp = _STAMPS.get(message.get("UserEvent", ""))
        at = parse_moment(message.get("At", ""))
        if stamp is not None and at is not None:
            self._on_stamp(message.get("Ref", ""), stamp(at=at))

    def _heard_of_callback(self, message: Message) -> None:
        name, at = parse_name(message.get("Attempt", "")), parse_moment(message.get("At", ""))
        if name is not None and at is not None and self._on_callback_served is not None:
            self._on_callback_served(name, at)
