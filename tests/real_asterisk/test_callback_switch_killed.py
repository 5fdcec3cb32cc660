"""An attempt to call a customer back while things die: what is said of it afterwards is the truth, and he is rung once.

Every story here kills or freezes the switch, its manager connection or the server behind it.
"""

import itertools
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ivr.adapters.sql_sip_accounts import SipAccount
from ivr.policy.callback_events import AttemptResult, SwitchSays
from ivr.service.callback_ports import AttemptSeen, Placed
from tests.real_asterisk.bare_switch import BareSwitch, Customers, accept, attempt
from tests.real_asterisk.sip.phones import AgentPhone

pytestmark = pytest.mark.real
NUMBERS = itertools.count(500)
REGISTERED = SipAccount(name="ag-0000beef", secret="a-phones-own-secret")


@pytest.fixture(scope="module")
def switch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BareSwitch]:
    with BareSwitch(tmp_path_factory.mktemp("switch"), accounts=(REGISTERED,)) as switch:
        yield switch


@pytest.fixture
def agent(switch: BareSwitch) -> Iterator[AgentPhone]:
    with switch.agent() as agent:
        yield agent


@pytest.fixture
def customers(switch: BareSwitch) -> Iterator[Customers]:
    with Customers(switch) as customers:
        yield customers


@pytest.fixture
def callback() -> int:
    return next(NUMBERS)


def killed_and_back(switch: BareSwitch, callback: int) -> AttemptSeen:
    """kill -9, nothing is known; Asterisk again: what it says then. The order repeated rings nobody."""
    switch.kill()
    switch.wait(lambda: not switch.switch.connected)
    assert switch.callbacks.attempt(attempt(callback)).says is SwitchSays.UNKNOWN
    switch.restart()
    return switch.callbacks.attempt(attempt(callback))


def test_killed_while_the_agents_phone_rings_nothing_was_placed_r70(
    switch: BareSwitch, callback: int, agent: AgentPhone, customers: Customers
) -> None:
    order = switch.order(callback, agent.address)
    switch.callbacks.place(order)
    agent.wait_for("sent", "INVITE", 180)
    assert killed_and_back(switch, callback).result is AttemptResult.NOT_PLACED
    switch.callbacks.place(order)
    time.sleep(1)
    assert (len(agent.call_ids()), customers.call_ids()) == (1, [])


def test_killed_while_the_customers_phone_rings_it_was_interrupted_r70(
    switch: BareSwitch, callback: int, agent: AgentPhone, customers: Customers
) -> None:
    order = switch.order(callback, agent.address)
    switch.callbacks.place(order)
    accept(agent)
    customers.wait_for("sent", "INVITE", 180)
    assert switch.fence(callback) == ["taken", "dialled"]
    assert killed_and_back(switch, callback).result is AttemptResult.INTERRUPTED
    switch.callbacks.place(order)
    time.sleep(1)
    assert len(customers.rung()) == 1


def test_killed_during_the_greeting_it_was_interrupted_r70(
    switch: BareSwitch, callback: int, agent: AgentPhone, customers: Customers
) -> None:
    """Nobody has spoken with him."""
    switch.callbacks.place(switch.order(callback, agent.address))
    accept(agent)
    customers.wait_for("sent", "INVITE", 180)
    customers.answer()
    customers.wait_for("received", "ACK")
    assert killed_and_back(switch, callback).result is AttemptResult.INTERRUPTED


def test_killed_during_the_talk_he_was_reached_and_is_not_called_again_r70(
    switch: BareSwitch, callback: int, agent: AgentPhone, customers: Customers
) -> None:
    order = switch.order(callback, agent.address)
    switch.callbacks.place(order)
    accept(agent)
    customers.wait_for("sent", "INVITE", 180)
    customers.answer()
    switch.wait(lambda: "answered" in switch.fence(callback))
    time.sleep(2)  # they speak
    seen = killed_and_back(switch, callback)
    assert (seen.says, seen.result) == (SwitchSays.SEEN, AttemptResult.REACHED)
    assert seen.served_at is not None
    switch.callbacks.place(order)
    time.sleep(1)
    assert len(customers.rung()) == 1


def test_killed_the_moment_he_answered_nobody_knows_whether_they_spoke_and_he_is_not_called_again_r70(
    switch: BareSwitch, callback: int, agent: AgentPhone, customers: Customers
) -> None:
    order = switch.order(callback, agent.address)
    switch.callbacks.place(order)
    accept(agent)
    customers.wait_for("sent", "INVITE", 180)
    customers.answer()
    switch.wait(lambda: "answered" in switch.fence(callback))
    seen = killed_and_back(switch, callback)
    assert (seen.says, seen.result) == (SwitchSays.SEEN, AttemptResult.CUT_OFF)
    assert seen.served_at is not None
    switch.callbacks.place(order)
    time.sleep(1)
    assert len(customers.rung()) == 1


def test_a_switch_that_is_down_is_no_unknown_outcome(
    switch: BareSwitch, callback: int, agent: AgentPhone, customers: Customers
) -> None:
    """Nothing can have left: the next agent is free to try."""
    switch.kill()
    switch.wait(lambda: not switch.switch.connected)
    order = switch.order(callback, agent.address)
    switch.wait(lambda: switch.callbacks.place(order) is Placed.REFUSED)  # both of its connections have gone
    switch.restart()
    assert switch.callbacks.attempt(attempt(callback)).says is SwitchSays.NEVER_SEEN
    assert agent.call_ids() == []


def test_a_switch_that_does_not_answer_leaves_the_outcome_unknown_for_at_most_two_seconds(
    switch: BareSwitch, callback: int, agent: AgentPhone, customers: Customers
) -> None:
    """It acts on the order when it wakes: whoever asked then knows better than to order again."""
    with frozen(switch):
        began = time.monotonic()
        assert switch.callbacks.place(switch.order(callback, agent.address)) is Placed.UNKNOWN
        assert switch.callbacks.attempt(attempt(callback)).says is SwitchSays.UNKNOWN
        assert time.monotonic() - began < 4
    accept(agent)
    customers.wait_for("sent", "INVITE", 180)
    switch.wait(lambda: switch.callbacks.attempt(attempt(callback)) == AttemptSeen(says=SwitchSays.SEEN))
    customers.answer()
    switch.wait(lambda: "answered" in switch.fence(callback))
    time.sleep(0.7)
    customers.hang_up()
    assert switch.ended(callback).result is AttemptResult.REACHED
    assert len(customers.rung()) == 1


@contextmanager
def frozen(switch: BareSwitch) -> Iterator[None]:
    os.kill(switch.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(switch.pid, signal.SIGCONT)


def test_an_end_nobody_heard_of_stands_in_the_fence(tmp_path: Path) -> None:
    """The server is dead when the talk ends; the agent is not kept waiting for it."""
    with BareSwitch(tmp_path) as switch, switch.agent() as agent, Customers(switch) as customers:
        switch.server.stop()
        switch.callbacks.place(switch.order(1, agent.address))
        accept(agent)
        customers.wait_for("sent", "INVITE", 180)
        customers.answer()
        switch.wait(lambda: "answered" in switch.fence(1))
        time.sleep(0.7)
        customers.hang_up()
        left = customers.wait_for("sent", "BYE")
        assert agent.wait_for("received", "BYE").at - left.at < 0.5
        seen = switch.ended(1)
        assert seen.result is AttemptResult.REACHED
        assert seen.ended_at is not None
        assert abs(seen.ended_at.timestamp() - left.at) < 0.3
        assert switch.news.heard_ended == []


def test_a_server_that_is_silent_holds_no_agent_after_the_talk(tmp_path: Path) -> None:
    """Three seconds at most, as everywhere in the dialplan; what happened stands in the fence before."""
    with (
        BareSwitch(tmp_path, scripts={"callback_ended": lambda _agi: time.sleep(20)}) as switch,
        switch.agent() as agent,
        Customers(switch) as customers,
    ):
        switch.callbacks.place(switch.order(1, agent.address))
        accept(agent)
        customers.wait_for("sent", "INVITE", 180)
        customers.refuse()
        refused = customers.wait_for("sent", "INVITE", 486)
        assert switch.ended(1).result is AttemptResult.BUSY
        assert agent.wait_for("received", "BYE").at - refused.at < 4


def test_an_agents_registered_phone_rings_a_second_time_while_he_talks(
    switch: BareSwitch, callback: int, customers: Customers
) -> None:
    """R66: a call waits for him on his own phone, beside the talk he is in."""
    with AgentPhone(
        switch.hotline.sipp,
        server_port=switch.settings.sip_port,
        user=REGISTERED.name,
        secret=REGISTERED.secret,
    ) as phone:
        switch.callbacks.place(switch.order(callback, f"endpoint:{REGISTERED.name}"))
        accept(phone, call=0)
        customers.wait_for("sent", "INVITE", 180, call=0)
        customers.answer()
        switch.wait(lambda: "answered" in switch.fence(callback))
        second = next(NUMBERS)
        switch.callbacks.place(switch.order(second, f"endpoint:{REGISTERED.name}", number="+8613800138001"))
        phone.wait_for("sent", "INVITE", 180, call=1)
        assert phone.find("received", "BYE") == []
        accept(phone, call=1)
        customers.wait_for("sent", "INVITE", 180, call=1)
        assert [len(customers.rung(n)) for n in ("+8613800138000", "+8613800138001")] == [1, 1]
