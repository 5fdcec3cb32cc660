"""When lines run short, on a real Asterisk: channels kept for new callers, and call waiting at a colleague's phone."""

from contextlib import ExitStack

import pytest

from tests.real_asterisk.callback_people import (
    OFFERING,
    POLICY,
    CallbackHotline,
    accept,
    busy,
    speaks_and_leaves,
)
from tests.real_asterisk.stories import calling, prompts_heard_in_order
from tests.real_asterisk.test_main_stories import registered_phone

pytestmark = pytest.mark.real


def test_with_the_last_channels_kept_for_new_callers_one_is_let_go_with_a_promise_r67_r70(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """No music, no conversation; a short apology and the promise, and the call when a channel is to spare."""
    policy = OFFERING + "trunk_channels = 2\ninbound_reserve = 1\n"
    number = "13830010001"
    with (
        CallbackHotline(tmp_path_factory.mktemp("reserve"), policy) as hotline,
        hotline.customers() as customers,
    ):
        with busy(hotline, "tom", "13830010002") as (phone, talking):
            with calling(hotline, number) as caller:
                caller.wait_until_over(60)
            prompts_heard_in_order(caller.media, "greeting", "lines_busy", "callback_booked", "goodbye")
            assert hotline.ended_call(number)["outcome"] == "callback"
            assert hotline.callback(number)["consent_at"] is None
            assert customers.rung(number) == []
            talking.hang_up()
            accept(phone, call=1)
            speaks_and_leaves(hotline, customers, number)
        assert len(customers.rung(number)) == 1


def test_a_colleague_who_talks_is_offered_the_call_and_may_take_it_r67(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """His own registered phone rings a second time; whom he talks with stays."""
    policy = POLICY + 'all_busy_first = "colleague"\nhold_if_wait_at_most_seconds = 7200\n'
    first, second = "13830020001", "13830020002"
    with ExitStack() as people:
        hotline = people.enter_context(CallbackHotline(tmp_path_factory.mktemp("colleague"), policy))
        phone = people.enter_context(registered_phone(hotline, "uma"))
        assert hotline.command("agent", "set", "uma", "available").returncode == 0
        talking = people.enter_context(calling(hotline, first))
        phone.wait_for("sent", "INVITE", 180, call=0)
        phone.answer()
        hotline.wait(lambda: hotline.agent("uma")["state"] == "talking")
        caller = people.enter_context(calling(hotline, second))
        phone.wait_for("sent", "INVITE", 180, call=1)
        assert phone.find("received", "BYE") == []
        phone.order("ANSWER", call=1)
        caller.wait_for("received", "INVITE", 200)
        hotline.wait(lambda: hotline.call(second)["served_at"] is not None)
        assert talking.sipp.running()
        caller.hang_up()
        assert hotline.ended_call(second)["outcome"] == "served"
        assert hotline.agent("uma")["state"] == "talking"
        talking.hang_up()
        assert hotline.ended_call(first)["outcome"] == "served"
