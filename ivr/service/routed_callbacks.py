"""The switches that call customers back, as one: each attempt is asked of the switch it was given to.

A switch that is there no more (its settings were taken away) knows nothing: what it was given is nobody's guess.
"""

from collections.abc import Mapping

from ivr.policy.callback_events import SwitchSays
from ivr.policy.routes import Route
from ivr.service.callback_ports import (
    AnnounceOrder,
    AttemptName,
    AttemptSeen,
    CallbackSwitch,
    Placed,
    PlaceOrder,
)


class RoutedCallbacks:
    """CallbackSwitch over those there are."""

    def __init__(self, switches: Mapping[Route, CallbackSwitch]) -> None:
        self._switches = switches

    def place(self, order: PlaceOrder) -> Placed:
        switch = self._switches.get(order.name.route)
        return Placed.REFUSED if switch is None else switch.place(order)

    def announce(self, order: AnnounceOrder) -> Placed:
        switch = self._switches.get(order.name.route)
        return Placed.REFUSED if switch is None else switch.announce(order)

    def attempt(self, name: AttemptName) -> AttemptSeen:
        switch = self._switches.get(name.route)
        return AttemptSeen(says=SwitchSays.UNKNOWN) if switch is None else switch.attempt(name)

    def stop(self, name: AttemptName) -> None:
        switch = self._switches.get(name.route)
        if switch is not None:
            switch.stop(name)
