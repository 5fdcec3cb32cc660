"""Callbacks through Asterisk: one Originate an attempt, and what became of it by the attempt's fence and live channels.

The dialplan ([hl-callback]) does the rest by itself: nothing of ours is asked while anybody rings or talks. All legs of
an attempt carry its name, cb-ID-EPOCH-NONCE, as linkedid; while a leg of that name lives, a second one is refused.
"""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from ivr.adapters.asterisk_manager import AsteriskManager, ManagerRefused, ManagerUnavailable
from ivr.adapters.asterisk_phones import dial_string
from ivr.adapters.asterisk_sounds import sound_list
from ivr.adapters.attempt_fences import AttemptFences, Fence, UnreadableFence
from ivr.policy.callback_events import AttemptResult, SwitchSays
from ivr.policy.masking import masked
from ivr.policy.phone import Phone, PhoneError, is_page, parse_phone
from ivr.service.callback_ports import AnnounceOrder, AttemptName, AttemptSeen, Placed, PlaceOrder

LONGEST_SAYING_SECONDS: Final = 60.0
LAST_LEG_SECONDS: Final = (
    10.0  # the leg that rings the agent outlives his ringing, so that it says how that ended
)
_SOUND: Final = re.compile(r"[^\s,&|;{}$\"'\\]+")

log = logging.getLogger(__name__)

BOOTED_WITHIN: Final = timedelta(seconds=1)  # it tells its age in whole seconds
SPOKEN_AFTER: Final = timedelta(seconds=1)  # bridged and heard, also on a busy machine
RESTARTED_WITHIN: Final = timedelta(seconds=15)  # where nobody here saw it die


@dataclass(frozen=True, kw_only=True)
class _Call:
    """Where in [hl-callback] a call begins, and what it is given; `seconds` its first phone rings."""

    entry: str
    variables: Mapping[str, str]
    seconds: float


class AsteriskCallbacks:
    """CallbackSwitch over the manager's connection.

    `sound` names a prompt's recording; `own_number` is what agents on outside lines are shown.
    """

    def __init__(
        self,
        manager: AsteriskManager,
        fences: AttemptFences,
        *,
        sound: Callable[[str], Path],
        outbound_trunk: str | None,
        own_number: str | None,
    ) -> None:
        self._manager, self._fences, self._sound = manager, fences, sound
        self._outbound_trunk, self._own_number = outbound_trunk, own_number

    def place(self, order: PlaceOrder) -> Placed:
        """Never sent twice: what is not certain is left to `attempt`."""
        return self._sent(order.name, lambda: self._calling(order))

    def announce(self, order: AnnounceOrder) -> Placed:
        """The same without an agent."""
        return self._sent(order.name, lambda: self._saying(order))

    def attempt(self, name: AttemptName) -> AttemptSeen:
        """What became of it, by its fence and the channels that live.

        The fence is read on both sides of the look at the channels: what changes meanwhile is running.
        """
        try:
            before = self._fences.read(name)
            lives = self._lives(name)
            after = self._fences.read(name)
        except UnreadableFence as error:
            log.warning("callback attempt %s: its fence is not readable: %s", name, error)
            return AttemptSeen(says=SwitchSays.UNKNOWN)
        if lives is False and after is not None and self._died_at_the_answer(after):
            return AttemptSeen(says=SwitchSays.SEEN, result=AttemptResult.CUT_OFF, served_at=after.served_at)
        return _seen(before, after, lives)

    def _died_at_the_answer(self, fence: Fence) -> bool:
        """The switch was gone right after it had written so: nobody knows whether a word was spoken."""
        booted_at = self._manager.booted_at
        if fence.served_at is None or fence.result is not None or booted_at is None:
            return False
        if booted_at + BOOTED_WITHIN < fence.served_at:
            return False  # it still lives
        died_at = next((at for at in self._manager.deaths if at > fence.served_at), None)
        if died_at is not None:
            return died_at - fence.served_at <= SPOKEN_AFTER
        return booted_at - fence.served_at <= SPOKEN_AFTER + RESTARTED_WITHIN

    def stop(self, name: AttemptName) -> None:
        """Forbid the customer's leg first, then end the legs that live; what cannot be reached ends by itself."""
        self._fences.forbid(name)
        try:
            for channel in self._manager.live_channels():
                if channel.linked_id == f"cb-{name}":
                    self._manager.action("Hangup", Channel=channel.name, Cause="16")
        except (ManagerUnavailable, ManagerRefused, ValueError) as error:
            log.info("callback attempt %s not ended: %s", name, error)

    def _sent(self, name: AttemptName, call: Callable[[], _Call]) -> Placed:
        try:
            self._originate(name, call())
        except ManagerUnavailable as error:
            log.warning("callback attempt %s: %s", name, error)
            return Placed.UNKNOWN if error.outcome_unknown else Placed.REFUSED
        except (ManagerRefused, ValueError) as error:
            log.warning("callback attempt %s not placed: %s", name, masked(str(error)))
            return Placed.REFUSED
        return Placed.SENT

    def _calling(self, order: PlaceOrder) -> _Call:
        agent, customer = parse_phone(order.phone), parse_phone(f"tel:{order.number}")
        variables = {
            "HL_NOT_AFTER": _seconds(order.not_after_at),
            "HL_AGENT": self._dialled(agent),
            "HL_AGENT_SECONDS": f"{order.agent_ring_seconds:.0f}",
            "HL_LEG": "b(hl-callback-leg^s^1)" if is_page(agent) else "",
            "HL_SHOWN": (self._own_number or "") if agent.kind == "tel" else customer.address,
            "HL_CUSTOMER": self._dialled(customer),
            "HL_CUSTOMER_SECONDS": f"{order.customer_ring_seconds:.0f}",
            **self._said("HL_WHISPER", order.whisper),
        }
        return _Call(entry="s", variables=variables, seconds=order.agent_ring_seconds)

    def _saying(self, order: AnnounceOrder) -> _Call:
        variables = {
            "HL_NOT_AFTER": _seconds(order.not_after_at),
            "HL_CUSTOMER": self._dialled(parse_phone(f"tel:{order.number}")),
            "HL_CUSTOMER_SECONDS": f"{order.customer_ring_seconds:.0f}",
            **self._said("HL_SAY", order.prompts),
        }
        seconds = order.customer_ring_seconds + LONGEST_SAYING_SECONDS
        return _Call(entry="announce", variables=variables, seconds=seconds)

    def _originate(self, name: AttemptName, call: _Call) -> None:
        variables = {"HL_ATTEMPT": str(name), **call.variables}
        self._manager.action(
            "Originate",
            Channel=f"Local/{call.entry}@hl-callback/n",
            ChannelId=f"cb-{name}",
            Context="hl-callback",
            Exten="taken",
            Priority="1",
            Timeout=f"{(call.seconds + LAST_LEG_SECONDS) * 1000:.0f}",
            Async="true",
            variables={f"__{name}": value for name, value in variables.items()},  # inherited by every leg
        )

    def _dialled(self, phone: Phone) -> str:
        text = dial_string(phone, self._outbound_trunk)
        if text is None:
            raise PhoneError(f"no way from this switch to a {phone.kind}: phone")
        return text

    def _said(self, variable: str, prompts: tuple[str, ...]) -> dict[str, str]:
        """What does not fit into one line to the manager is refused there."""
        paths = [self._sound(prompt) for prompt in prompts]
        if bad := [path for path in paths if _SOUND.fullmatch(str(path)) is None]:
            raise ValueError(f"not a recording Asterisk can be told of: {str(bad[0])[:60]!r}")
        directory, names = sound_list(paths)
        return {"HL_FROM": directory, variable: names}

    def _lives(self, name: AttemptName) -> bool | None:
        """None where the switch could not be asked."""
        if not self._manager.connected:  # one of two lines alone may not know yet that it is another Asterisk
            return None
        try:
            return any(channel.linked_id == f"cb-{name}" for channel in self._manager.live_channels())
        except (ManagerUnavailable, ManagerRefused):
            return None


def _seen(before: Fence | None, after: Fence | None, lives: bool | None) -> AttemptSeen:
    """What stands in the fence outranks what lives; what neither tells is not guessed."""
    if after is not None and after.result is not None:
        return AttemptSeen(
            says=SwitchSays.SEEN, result=after.result, served_at=after.served_at, ended_at=after.ended_at
        )
    served_at = None if after is None else after.served_at
    if lives is None:
        return AttemptSeen(says=SwitchSays.UNKNOWN, served_at=served_at)
    if lives or before != after:
        return AttemptSeen(says=SwitchSays.SEEN, served_at=served_at)
    if after is None:
        return AttemptSeen(says=SwitchSays.NEVER_SEEN)
    return AttemptSeen(says=SwitchSays.SEEN, result=_cut_off(after), served_at=served_at)


def _cut_off(fence: Fence) -> AttemptResult:
    """Nothing of it lives and no end was written: the switch died with it."""
    if fence.served_at is not None:
        return AttemptResult.REACHED
    return AttemptResult.INTERRUPTED if fence.dialled else AttemptResult.NOT_PLACED


def _seconds(moment: datetime) -> str:
    return f"{int(moment.timestamp())}"
