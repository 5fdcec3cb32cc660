"""Whatever is said twice, late or never, whoever is killed in between: the customer is reached exactly once (R70)."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ivr.policy.callback_events import AttemptResult
from ivr.policy.rules import Rules
from ivr.service.callback_ports import Placed, PlaceOrder
from tests.fakes.fake_callback_switch import FakeCallbackSwitch, over
from tests.service.house import House, house

RULES = Rules(answer_when_saturated="now", wrap_up_seconds=0, quiet_hours=(), callback_attempts=10)
DAYS_OF_PATIENCE = 20
_harmless = st.sampled_from(
    [AttemptResult.AGENT_DECLINED, AttemptResult.BUSY, AttemptResult.INTERRUPTED, AttemptResult.NO_ANSWER]
)
_deed = st.sampled_from(
    ["floor", "sweep", "told", "told_old", "served", "ends", "wait", "killed", "down", "up"]
)


@dataclass
class TheCustomersSide(FakeCallbackSwitch):
    """The switch and the customer's own phone: `reached` is what his network would tell a judge."""

    fates: list[AttemptResult] = field(default_factory=list)
    killed: bool = False
    reached: list[tuple[int, int]] = field(default_factory=list)
    running: list[PlaceOrder] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def place(self, order: PlaceOrder) -> Placed:
        if self.killed:
            self.killed = False
            return Placed.UNKNOWN  # our process died between its commit and the switch
        placed = super().place(order)
        if placed is Placed.SENT:
            self.running.append(order)
        return placed

    def finish(self, house_: House) -> None:
        """The oldest attempt that runs comes to its end."""
        if not self.running:
            return
        order = self.running.pop(0)
        fate = self.fates.pop(0) if self.fates else AttemptResult.REACHED
        key, at = (order.name.callback_id, order.name.number), house_.clock.advance(5)
        if fate is AttemptResult.REACHED:
            self.reached.append(key)
        self.log[key] = over(fate, at, at if fate is AttemptResult.REACHED else None)


class Story:
    """One promised callback, and everything that may go wrong."""

    def __init__(self, directory: Path, hotline: House, fates: Sequence[AttemptResult]) -> None:
        self.hotline = hotline
        self.switch = TheCustomersSide(fates=list(fates))
        hotline.callbacks._switch = self.switch
        for login in ("ana", "ben"):
            hotline.agent(login)
        hotline.promise()

    def does(self, deed: str) -> None:
        deeds: dict[str, Callable[[], object]] = {
            "floor": self.hotline.floor_loop.turn,
            "sweep": self.sweep,
            "told": lambda: self.tell(self.epoch),
            "told_old": lambda: self.tell(self.epoch - 1),
            "served": self.served,
            "ends": lambda: self.switch.finish(self.hotline),
            "wait": lambda: self.hotline.clock.advance(50),
            "killed": lambda: setattr(self.switch, "killed", True),
            "down": lambda: setattr(self.switch, "down", True),
            "up": lambda: setattr(self.switch, "down", False),
        }
        deeds[deed]()

    @property
    def epoch(self) -> int:
        return int(self.hotline.callback()["epoch"])

    def sweep(self) -> None:
        self.hotline.callbacks.sweep(self.hotline.clock.advance(2))

    def tell(self, epoch: int) -> None:
        """The switch's own word about that attempt, if it is over; perhaps not for the first time."""
        seen = self.switch.log.get((1, epoch))
        if seen is not None and seen.result is not None and seen.ended_at is not None:
            name = self.hotline.attempt_name(1, epoch)
            self.hotline.callbacks.ended(name, seen.result, seen.served_at, seen.ended_at)

    def served(self) -> None:
        if self.switch.running:
            self.hotline.callbacks.served(self.switch.running[0].name, self.hotline.clock.now())

    def comes_to_rest(self) -> None:
        """Everything works again, and time passes."""
        self.switch.down = self.switch.killed = False
        for _ in range(DAYS_OF_PATIENCE * 4):
            if self.hotline.callback()["closed_at"] is not None:
                return
            for deed in ("floor", "ends", "sweep", "wait", "sweep"):
                self.does(deed)
            self.hotline.clock.advance(0 if self.hotline.callback()["state"] == "dialing" else 21_600)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(fates=st.lists(_harmless, max_size=3), deeds=st.lists(_deed, max_size=30))
def test_in_any_order_of_news_sweeps_and_kills_he_is_reached_exactly_once_r70(
    fates: list[AttemptResult], deeds: list[str]
) -> None:
    with (
        tempfile.TemporaryDirectory() as directory,
        house(Path(directory), RULES, dials=True) as hotline,
    ):
        story = Story(Path(directory), hotline, fates)
        for deed in deeds:
            story.does(deed)
            assert len(story.switch.reached) <= 1
            assert len(story.switch.running) <= 1, "no two attempts at once"
        story.comes_to_rest()
        results = [result for _epoch, _agent, result in hotline.attempts()]
        row = hotline.callback()
        if row["state"] == "handed_over":  # the switch was down for half an hour: a person looks first
            assert row["hand_over_reason"] == "perhaps_called"
            return
        assert (row["state"], results.count("reached"), len(story.switch.reached)) == ("done", 1, 1)
        assert {hotline.agents_state(login) for login in ("ana", "ben")} <= {"available", "away"}
