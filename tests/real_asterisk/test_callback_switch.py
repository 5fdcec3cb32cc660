"""One attempt to call a customer back, on a real Asterisk: the agent first, then the customer, at most once.

Judged by the customers' network's own SIP log, by what both sides heard and by what the switch says afterwards.
"""

import itertools
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from ivr.adapters.system_clock import SystemClock
from ivr.policy.callback_events import AttemptResult, SwitchSays
from ivr.service.callback_ports import AnnounceOrder, AttemptSeen, Placed
from tests.real_asterisk.bare_switch import CUSTOMER, OWN_NUMBER, BareSwitch, Customers, accept, attempt
from tests.real_asterisk.sip.media import tone_share
from tests.real_asterisk.sip.phones import AgentPhone
from tests.real_asterisk.stories import heard_at, rung_by

pytestmark = pytest.mark.real
NUMBERS = itertools.count(100)


@pytest.fixture(scope="module")
def switch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BareSwitch]:
    with BareSwitch(tmp_path_factory.mktemp("switch")) as switch:
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
def callback(switch: BareSwitch) -> int:
    """A number of its own for every story."""
    return next(NUMBERS)


def bridged(switch: BareSwitch, callback: int, agent: AgentPhone, customers: Customers) -> None:
    """Accepted, answered, and a person speaks."""
    assert switch.callbacks.place(switch.order(callback, agent.address)) is Placed.SENT
    accept(agent)
    customers.wait_for("sent", "INVITE", 180)
    customers.answer()
    switch.wait(lambda: "answered" in switch.fence(callback))


# ---- reached ----------------------------------------------------------------------------------------------------


def test_the_agent_takes_it_and_the_customer_hears_the_greeting_and_then_him(
    switch: BareSwitch, callback: int, agent: AgentPhone, customers: Customers
) -> None:
    """R65: our own number on his display, our greeting, then a person; one ring, one talk, one result."""
    assert (
        switch.callbacks.place(switch.order(callback, agent.address, whisper=("you_are_next",)))
        is Placed.SENT
    )
    rung = agent.wait_for("received", "INVITE")
    assert customers.rung() == []
    agent.answer()
    time.sleep(3)  # the whisper
    agent.media.press("1", to=rung.media_port)
    invite = customers.wait_for("received", "INVITE")
    customers.answer()
    answered = customers.wait_for("sent", "INVITE", 200)
    switch.wait(lambda: "answered" in switch.fence(callback))
    agent.media.send_tone(1200, to=rung.media_port)
    customers.media.send_tone(440, to=invite.media_port)
    time.sleep(0.5)
    since = time.time()
    time.sleep(1)
    assert tone_share(agent.media.audio(since), 440) > 0.9
    assert tone_share(customers.media.audio(since), 1200) > 0.9
    customers.hang_up()
    seen = switch.ended(callback)
    assert heard_at(agent.media, "you_are_next") < invite.at
    greeted = heard_at(customers.media, "greeting")
    assert greeted - answered.at < 0.3
    assert seen.result is AttemptResult.REACHED
    assert seen.served_at is not None
    assert 1.5 < seen.served_at.timestamp() - greeted < 2.2
    assert f"<sip:{OWN_NUMBER}@" in invite.headers["from"]
    assert rung_by(agent) == [CUSTOMER]
    switch.wait(lambda: any(told[0] == attempt(callback) for told in switch.news.heard_ended))
    assert [told[1:] for told in switch.news.heard_ended if told[0] == attempt(callback)] == [
        (AttemptResult.REACHED, seen.served_at, seen.ended_at)
    ]
    assert [told[1] for told in switch.news.heard_served if told[0] == attempt(callback)] == [seen.served_at]
    agent.wait_for("received", "BYE")
    assert len(customers.rung()) == 1


def test_an_agent_who_hangs_up_after_the_talk_has_reached_the_customer(
    switch: BareSwitch, callback: int, agent: AgentPhone, customers: Customers
) -> None:
    bridged(switch, callback, agent, customers)
    time.sleep(0.7)
    agent.hang_up()
    assert switch.ended(callback).result is AttemptResult.REACHED
    customers.wait_for("received", "BYE")


def test_an_agent_says_by_key_that_a_machine_answered(
    switch: BareSwitch, callback: int, agent: AgentPhone, customers: Customers
) -> None:
    bridged(switch, callback, agent, customers)
    time.sleep(0.7)
    agent.media.press("*9", to=agent.find("received", "INVITE")[0].media_port)
    assert switch.ended(callback).result is AttemptResult.VOICEMAIL
    customers.wait_for("received", "BYE")
    agent.wait_for("received", "BYE")


# ---- at most once -----------------------------------------------------------------------------------------------


def test_the_same_attempt_placed_again_and_again_rings_the_customer_once_r70(
    switch: BareSwitch, callback: int, agent: AgentPhone, customers: Customers
) -> None:
    """While the phone rings, during the whisper, during the talk and after its end."""
    order = switch.order(callback, agent.address)
    switch.callbacks.place(order)
    agent.wait_for("sent", "INVITE", 180)
    switch.callbacks.place(order)
    accept(agent)
    switch.callbacks.place(order)
    customers.wait_for("sent", "INVITE", 180)
    customers.answer()
    switch.wait(lambda: "answered" in switch.fence(callback))
    switch.callbacks.place(order)
    time.sleep(1)
    customers.hang_up()
    assert switch.ended(callback).result is AttemptResult.REACHED
    switch.callbacks.place(order)
    time.sleep(1.5)
    assert len(customers.rung()) == 1
    assert len(agent.call_ids()) == 1
    assert switch.fence(callback) == ["taken", "dialled", "answered", "ended"]
    assert len([told for told in switch.news.heard_ended if told[0] == attempt(callback)]) == 1


def test_the_fence_of_an_earlier_databases_attempt_stands_in_nobodys_way_r70(
    switch: BareSwitch, callback: int, agent: AgentPhone, customers: Customers
) -> None:
    """Its numbers come again after a restore; this customer was never called."""
    fence = "v1|taken|887d1083-ce91-406f-acfe-1957f73a60fe|1795476990.363\n"
    for earlier in (f"{callback}-1", str(attempt(callback, "feedbeef"))):
        (switch.fences_directory / earlier).write_text(fence)
    switch.callbacks.place(switch.order(callback, agent.address))
    accept(agent)
    customers.wait_for("sent", "INVITE", 180)
    customers.answer()
    switch.wait(lambda: "answered" in switch.fence(callback))
    time.sleep(0.7)
    customers.hang_up()
    assert switch.ended(callback).result is AttemptResult.REACHED
    assert (switch.fences_directory / f"{callback}-1").read_text() == fence


def test_an_order_that_comes_too_late_rings_nobody_r70(
    switch: BareSwitch, callback: int, agent: AgentPhone, customers: Customers
) -> None:
    switch.callbacks.place(switch.order(callback, agent.address, not_after_at=SystemClock().now()))
    assert switch.ended(callback).result is AttemptResult.NOT_PLACED
    assert (agent.call_ids(), customers.call_ids()) == ([], [])


def test_an_agent_who_takes_it_too_late_rings_no_customer_r70(
    switch: BareSwitch, callback: int, agent: AgentPhone, customers: Customers
) -> None:
    soon = SystemClock().now() + timedelta(seconds=2)
    switch.callbacks.place(switch.order(callback, agent.address, not_after_at=soon))
    agent.wait_for("sent", "INVITE", 180)
    time.sleep(2.2)
    accept(agent)
    assert switch.ended(callback).result is AttemptResult.NOT_PLACED
    assert customers.call_ids() == []


def test_an_attempt_that_is_stopped_rings_no_customer(
    switch: BareSwitch, callback: int, agent: AgentPhone, customers: Customers
) -> None:
    """He is served on our line already."""
    switch.callbacks.place(switch.order(callback, agent.address))
    agent.wait_for("sent", "INVITE", 180)
    switch.callbacks.stop(attempt(callback))
    agent.wait_for("received", "CANCEL")
    assert switch.ended(callback).result is AttemptResult.NOT_PLACED
    assert customers.call_ids() == []


def test_an_attempt_forbidden_while_the_agent_listens_rings_no_customer(
    switch: BareSwitch, callback: int, agent: AgentPhone, customers: Customers
) -> None:
    """Also where the switch cannot be told: the agent's key is too late."""
    switch.callbacks.place(switch.order(callback, agent.address))
    agent.wait_for("sent", "INVITE", 180)
    (switch.fences_directory / f"{attempt(callback)}.stop").touch()
    accept(agent)
    assert switch.ended(callback).result is AttemptResult.NOT_PLACED
    assert customers.call_ids() == []


def test_a_disk_that_takes_nothing_lets_nobody_be_rung_r70(
    switch: BareSwitch, callback: int, agent: AgentPhone, customers: Customers
) -> None:
    kept = switch.fences_directory.rename(switch.fences_directory.with_name("elsewhere"))
    try:
        switch.callbacks.place(switch.order(callback, agent.address))
        time.sleep(1)
    finally:
        kept.rename(switch.fences_directory)
    assert (agent.call_ids(), customers.call_ids()) == ([], [])
    assert switch.callbacks.attempt(attempt(callback)) == AttemptSeen(says=SwitchSays.NEVER_SEEN)


# ---- not reached ------------------------------------------------------------------------------------------------


def test_an_agent_who_presses_another_key_has_declined(
    switch: BareSwitch, callback: int, agent: AgentPhone, customers: Customers
) -> None:
    switch.callbacks.place(switch.order(callback, agent.address))
    accept(agent, key="3")
    assert switch.ended(callback).result is AttemptResult.AGENT_DECLINED
    agent.wait_for("received", "BYE")
    assert customers.call_ids() == []


def test_an_agent_who_presses_nothing_has_declined(
    switch: BareSwitch, callback: int, agent: AgentPhone, customers: Customers
) -> None:
    """A voicemail of his answers so too."""
    switch.callbacks.place(switch.order(callback, agent.address))
    agent.wait_for("sent", "INVITE", 180)
    agent.answer()
    seen = switch.ended(callback, seconds=25)
    assert seen.result is AttemptResult.AGENT_DECLINED
    assert customers.call_ids() == []


def test_an_agent_who_rejects_the_ring_has_declined(
    switch: BareSwitch, callback: int, agent: AgentPhone, customers: Customers
) -> None:
    switch.callbacks.place(switch.order(callback, agent.address))
    agent.wait_for("sent", "INVITE", 180)
    agent.refuse()
    assert switch.ended(callback).result is AttemptResult.AGENT_DECLINED


def test_an_agent_who_lets_it_ring_did_not_answer(
    switch: BareSwitch, callback: int, agent: AgentPhone, customers: Customers
) -> None:
    switch.callbacks.place(switch.order(callback, agent.address, agent_ring_seconds=2.0))
    agent.wait_for("received", "CANCEL")
    assert switch.ended(callback).result is AttemptResult.AGENT_DID_NOT_ANSWER
    assert switch.fence(callback) == ["taken", "ended"]


@pytest.mark.parametrize(
    ("answer", "result"),
    [("BUSY", AttemptResult.BUSY), ("FAIL", AttemptResult.REFUSED_BY_NETWORK)],
)
def test_a_customer_who_is_busy_or_cannot_be_put_through(
    answer: str,
    result: AttemptResult,
    switch: BareSwitch,
    callback: int,
    agent: AgentPhone,
    customers: Customers,
) -> None:
    switch.callbacks.place(switch.order(callback, agent.address))
    accept(agent)
    customers.wait_for("sent", "INVITE", 180)
    customers.order(answer)
    assert switch.ended(callback).result is result
    agent.wait_for("received", "BYE")


def test_a_customer_who_does_not_answer(
    switch: BareSwitch, callback: int, agent: AgentPhone, customers: Customers
) -> None:
    switch.callbacks.place(switch.order(callback, agent.address, customer_ring_seconds=2.0))
    accept(agent)
    customers.wait_for("received", "CANCEL")
    assert switch.ended(callback).result is AttemptResult.NO_ANSWER


def test_a_customer_who_leaves_during_the_greeting_was_not_reached(
    switch: BareSwitch, callback: int, agent: AgentPhone, customers: Customers
) -> None:
    switch.callbacks.place(switch.order(callback, agent.address))
    accept(agent)
    customers.wait_for("sent", "INVITE", 180)
    customers.answer()
    time.sleep(0.8)
    customers.hang_up()
    seen = switch.ended(callback)
    assert (seen.result, seen.served_at) == (AttemptResult.NO_ANSWER, None)
    agent.wait_for("received", "BYE")


def test_an_agent_who_leaves_while_the_customers_phone_rings_has_interrupted_it(
    switch: BareSwitch, callback: int, agent: AgentPhone, customers: Customers
) -> None:
    """The customer may have noticed: no failure of his, and no fresh start at once."""
    switch.callbacks.place(switch.order(callback, agent.address))
    accept(agent)
    customers.wait_for("sent", "INVITE", 180)
    time.sleep(0.3)
    agent.hang_up()
    customers.wait_for("received", "CANCEL")
    assert switch.ended(callback).result is AttemptResult.INTERRUPTED


def test_an_agent_who_leaves_during_the_greeting_has_interrupted_it(
    switch: BareSwitch, callback: int, agent: AgentPhone, customers: Customers
) -> None:
    switch.callbacks.place(switch.order(callback, agent.address))
    accept(agent)
    customers.wait_for("sent", "INVITE", 180)
    customers.answer()
    customers.wait_for("received", "ACK")
    time.sleep(0.3)
    agent.hang_up()
    assert switch.ended(callback).result is AttemptResult.INTERRUPTED
    customers.wait_for("received", "BYE")


# ---- news of a new time -----------------------------------------------------------------------------------------


def announcement(callback: int) -> AnnounceOrder:
    return AnnounceOrder(
        name=attempt(callback, is_announcement=True),
        number=CUSTOMER,
        prompts=("you_are_next",),
        not_after_at=SystemClock().now() + timedelta(seconds=60),
        customer_ring_seconds=3.0,
    )


def test_a_customer_hears_an_announcement_once(
    switch: BareSwitch, callback: int, customers: Customers
) -> None:
    order = announcement(callback)
    assert switch.callbacks.announce(order) is Placed.SENT
    customers.wait_for("sent", "INVITE", 180)
    customers.answer()
    switch.callbacks.announce(order)
    switch.wait(lambda: (attempt(callback, is_announcement=True), True) in switch.news.heard_told)
    switch.callbacks.announce(order)
    customers.wait_for("received", "BYE")
    time.sleep(1)
    assert heard_at(customers.media, "greeting") < heard_at(customers.media, "you_are_next")
    assert switch.callbacks.attempt(attempt(callback, is_announcement=True)).result is AttemptResult.REACHED
    assert len(customers.rung()) == 1


@pytest.mark.parametrize("answers", [True, False])
def test_a_customer_who_does_not_hear_it_out_was_not_told(
    answers: bool, switch: BareSwitch, callback: int, customers: Customers
) -> None:
    switch.callbacks.announce(announcement(callback))
    customers.wait_for("sent", "INVITE", 180)
    if answers:
        customers.answer()
        time.sleep(1)
        customers.hang_up()
    switch.wait(lambda: (attempt(callback, is_announcement=True), False) in switch.news.heard_told)
    assert (
        switch.callbacks.attempt(attempt(callback, is_announcement=True)).result is not AttemptResult.REACHED
    )
