"""A callback by the Asterisk door's switch, as far as the dialplan goes: [hl-callback] to [hl-callback-end], in virtual
time. The agent's phone, what he hears first and his key; the customer's phone, the greeting, their talk, the end.

The real dialplan is driven by tests/real_asterisk: fences, late orders, *9, the question afterwards.
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import datetime

from agi_scripts import callback_ended
from config.prompt_pack import PromptPack
from ivr.policy.callback_events import AttemptResult
from ivr.service.callback_ports import PlaceOrder
from ivr.service.callbacks import CallbackService
from ivr.service.ports import Clock
from ivr.simulation.timeline import Life, Process, Timeline, Wait
from tests.fakes.fake_callback_switch import FakeCallbackSwitch, over
from tests.fakes.fake_line import FakeBurst, sound_seconds
from tests.fakes.telephones import (
    ANSWERED,
    CUSTOMER_ANSWERED,
    CUSTOMER_DECLINED,
    CUSTOMER_LEFT,
    DECLINED,
    KEYED,
    LEFT,
    CustomersPhone,
    Phone,
)

KEY_SECONDS = 8.0
ACCEPT_KEY = "1"
ENDS = {CUSTOMER_DECLINED: AttemptResult.BUSY}


@dataclass
class FakeCallbackLine:
    """One attempt."""

    order: PlaceOrder
    agent: Phone
    customer: CustomersPhone
    switch: FakeCallbackSwitch
    news: CallbackService
    prompts: PromptPack
    clock: Clock
    served_at: datetime | None = None
    process: Process | None = field(default=None, init=False)

    def begins(self, timeline: Timeline) -> None:
        self.process = Process(timeline, self._life())

    def _life(self) -> Life:
        assert self.process is not None
        result = yield from self._attempt(self.process)
        self.agent.stops(self.process)
        self.customer.stops()
        self._ended(result)

    def _attempt(self, process: Process) -> Generator[Wait, str, AttemptResult]:
        self.agent.rings(process)
        word = yield Wait(self.order.agent_ring_seconds, frozenset({ANSWERED, DECLINED}))
        if word != ANSWERED:
            return AttemptResult.AGENT_DECLINED if word == DECLINED else AttemptResult.AGENT_DID_NOT_ANSWER
        if not (yield from self._accepted()):
            return AttemptResult.AGENT_DECLINED
        self.customer.rings(process)
        words = frozenset({CUSTOMER_ANSWERED, CUSTOMER_DECLINED})
        word = yield Wait(self.order.customer_ring_seconds, words)
        if word != CUSTOMER_ANSWERED:
            return ENDS.get(word, AttemptResult.NO_ANSWER)
        self.customer.ear.hears("greeting")
        yield Wait(self._seconds("greeting"))
        self.served_at = self.clock.now()
        self.news.served(self.order.name, self.served_at)
        self.customer.ear.hears(self.agent.login)
        yield Wait(None, frozenset({LEFT, CUSTOMER_LEFT}))
        return AttemptResult.REACHED

    def _accepted(self) -> Generator[Wait, str, bool]:
        """[hl-callback-agent]: a key, which may come while he still listens."""
        word = ""
        for prompt in self.order.whisper:
            if word != KEYED:
                self.agent.heard.append(prompt)
                word = yield Wait(self._seconds(prompt), frozenset({KEYED}))
        if word != KEYED:
            word = yield Wait(KEY_SECONDS, frozenset({KEYED}))
        return word == KEYED and self.agent.keys == ACCEPT_KEY

    def _ended(self, result: AttemptResult) -> None:
        """[hl-callback-end]: on the disk first, then to the server."""
        now, name = self.clock.now(), self.order.name
        self.switch.log[name.callback_id, name.number] = over(result, now, self.served_at)
        served = "" if self.served_at is None else f"{self.served_at.timestamp():.3f}"
        burst = FakeBurst({}, (str(name), result.value, served, f"{now.timestamp():.3f}"))
        callback_ended.main(burst, self.news)  # type: ignore[arg-type]  # a fake session

    def _seconds(self, prompt: str) -> float:
        return sound_seconds(str(self.prompts.path(prompt)))
