"""Which way a callback leaves: the first that his country allows, whichever door took his call; none, no offer."""

from dataclasses import replace
from pathlib import Path

import pytest

from ivr.policy.events import CallOffered
from tests.webhooks.twilio_callbacks_house import BAI, CHEN, RULES, twilio_house

# ---- which way ------------------------------------------------------------------------------------------------------


def test_each_country_has_its_way_whichever_door_took_the_call_r70(tmp_path: Path) -> None:
    with twilio_house(tmp_path, trunk=True) as hotline:
        hotline.home.promise("one", CHEN)
        hotline.home.promise("two", BAI)
        hotline.agent("wang")
        hotline.agent("li")
        assert hotline.turn() == 2
        assert [order.number for order in hotline.home.customers.placed] == [BAI]
        hotline.plays_out()
        assert hotline.legs.rung[CHEN] == 1
        assert [hotline.home.callback(each)["route"] for each in (1, 2)] == ["twilio", "asterisk"]


def test_a_way_that_leads_nowhere_just_now_holds_up_nobody_on_another(tmp_path: Path) -> None:
    with twilio_house(tmp_path, trunk=True) as hotline:
        hotline.home.promise("one", BAI)
        hotline.home.promise("two", CHEN)
        hotline.home.switch.down = True
        hotline.agent("wang")
        assert hotline.turn() == 1
        hotline.plays_out()
        assert hotline.home.callback(2)["state"] == "done"
        assert hotline.home.callback(1)["state"] == "pending"


def test_a_callback_whose_only_way_was_taken_away_goes_to_a_person_in_time(tmp_path: Path) -> None:
    with twilio_house(tmp_path) as hotline:
        hotline.home.promise("one", BAI, due_in_seconds=200)
        hotline.agent("wang")
        assert hotline.turn() == 0
        hotline.sweep()
        row = hotline.home.callback()
        assert (row["state"], row["hand_over_reason"]) == ("handed_over", "no_route")


@pytest.mark.parametrize(("caller", "offered"), [(CHEN, True), (BAI, False)])
def test_who_has_no_way_is_offered_no_callback_r70(caller: str, offered: bool, tmp_path: Path) -> None:
    """Nobody is free and the wait is long; from the mainland leads no way but the trunk, and there is none."""
    rules = replace(RULES, hold_if_wait_at_most_seconds=0, answer_when_saturated="now")
    with twilio_house(tmp_path, rules) as hotline:
        hotline.agent("wang")
        hotline.home.set("wang", "available")
        hotline.home.execute("UPDATE agents SET state = 'talking'")
        commands = hotline.home.offer("a", caller)
        prompts = [prompt for each in commands for prompt in getattr(each, "prompts", ())]
        assert ("offer_callback" in prompts) == offered


def test_who_takes_no_channel_of_the_trunk_is_not_let_go_for_its_last_one_r69(tmp_path: Path) -> None:
    """Nobody is free and the trunk is full; a caller of Twilio's holds on, one of the trunk's is promised a call."""
    rules = replace(RULES, trunk_channels=1, inbound_reserve=1, answer_when_saturated="now")
    with twilio_house(tmp_path, rules, trunk=True) as hotline:
        hotline.agent("wang")
        hotline.home.execute("UPDATE agents SET state = 'talking'")
        said = {}
        for door, caller in (("asterisk", BAI), ("twilio", CHEN)):
            now = hotline.home.clock.now()
            contact = replace(hotline.home.contact(door, caller), door=door)
            commands = hotline.home.switchboard.handle(contact, "1", (CallOffered(at=now),))
            said[door] = [prompt for each in commands for prompt in getattr(each, "prompts", ())]
        assert "lines_busy" in said["asterisk"]
        assert "lines_busy" not in said["twilio"]
