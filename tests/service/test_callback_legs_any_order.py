"""The steps of a callback's legs in any order, by any leg, at any time: the customer's phone is let ring once (R70)."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ivr.adapters.sql_callback_schema import callbacks
from ivr.adapters.sql_placed_calls import SqlPlacedCalls
from ivr.policy.callback_events import AttemptResult
from ivr.policy.routes import Route
from ivr.service.callback_legs import CallbackLegs
from ivr.service.callback_ports import AttemptName
from ivr.service.placed_call_ports import PlacedCall
from tests.service.house import House, house
from tests.service.test_callbacks import RULES

SIDS = ("CA" + "1" * 32, "CA" + "2" * 32)
STEPS = (
    "picked_up",
    "accepted",
    "declined",
    "heard",
    "left",
    "agent_left",
    "machine",
    "over",
    "runs",
    "close",
    "wait",
)
CUSTOMER = "+8613800138000"

steps = st.lists(st.tuples(st.sampled_from(STEPS), st.sampled_from(SIDS)), min_size=1, max_size=14)


def told(legs: CallbackLegs, name: AttemptName, sid: str) -> dict[str, Callable[[], object]]:
    """What may be told of a leg."""
    return {
        "picked_up": lambda: legs.picked_up(name, sid),
        "declined": lambda: legs.declined(name),
        "heard": lambda: legs.heard(name),
        "left": lambda: legs.customer_left(name, None, bridged=None, agent_left=False),
        "agent_left": lambda: legs.customer_left(
            name, AttemptResult.NO_ANSWER, bridged=False, agent_left=True
        ),
        "machine": lambda: legs.machine(name, it_was=True),
        "over": lambda: legs.over(name, sid, None),
        "runs": lambda: legs.runs(name, sid),
    }


def taken(
    home: House, legs: CallbackLegs, placed: SqlPlacedCalls, name: AttemptName, step: str, sid: str
) -> bool:
    """One step; whether a document was given out that rings the customer."""
    if step == "accepted":
        before = placed.find(name)
        assert before is not None
        return legs.accepted(name, sid) is not None and before.dialled_at is None
    if step == "close":
        placed.end(name, AttemptResult.NOT_PLACED, home.clock.now())
    elif step == "wait":
        home.clock.advance(30)
    else:
        told(legs, name, sid)[step]()
    return False


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(story=steps)
def test_whatever_is_told_in_whatever_order_he_is_let_ring_once_and_the_end_stays_r70(
    story: list[tuple[str, str]],
) -> None:
    with tempfile.TemporaryDirectory() as directory, house(Path(directory), RULES, dials=True) as home:
        home.promise(caller=CUSTOMER)
        home.agent("wang")
        assert home.floor_loop.turn() == 1
        placed = SqlPlacedCalls(home.url)
        legs = CallbackLegs(placed, home.callbacks, home.clock)
        now = home.clock.now()
        call = PlacedCall(
            name=replace(home.attempt_name(), route=Route.TWILIO),
            rung="sip:wang@phones.example",
            customer=CUSTOMER,
            customer_seconds=45,
            prompts=(),
            not_after_at=home.callback()["lease_until"],
            ordered_at=now,
        )
        assert placed.order(call)
        rung, ends, dialled = 0, [], set()
        for step, sid in story:
            rung += taken(home, legs, placed, call.name, step, sid)
            found = placed.find(call.name)
            assert found is not None
            ends.append(found.result)
            dialled |= {(found.sid, found.dialled_at)} if found.dialled_at else set()
            assert len(dialled) <= 1, "let ring once more, or by another leg"
            assert rung <= 1
            assert (found.dialled_at is not None) == bool(rung)
            if found.result is AttemptResult.NOT_PLACED:
                assert not rung
        over = [end for end in ends if end is not None]
        assert len(set(over)) <= 1, "what was over is over otherwise"
        [row] = home.rows(callbacks)
        if over:
            assert home.attempts()[0][2] in {over[0].value, None}
            assert (row["state"] == "done") <= (over[0] is AttemptResult.REACHED)
        placed.close()
