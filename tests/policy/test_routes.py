"""Which way a customer is called, and which of our agents can be rung on it."""

from dataclasses import replace

import pytest

from ivr.policy.callback_guard import Counts, Refusal, Refused, judge_number
from ivr.policy.commands import PromiseCallback
from ivr.policy.events import DigitsPressed
from ivr.policy.floor import Waiting
from ivr.policy.routes import DEFAULT_ROUTES, OTHERS, Route, parse_routes, route_of
from ivr.policy.rules import Rules, RulesError, parse_rules
from tests.cast import WANG, noon
from tests.policy.test_offer import LONG, NOW, offered

BOTH = frozenset(Route)
HONG_KONG, MAINLAND = "+85251234567", "+8613800138000"


@pytest.mark.parametrize(
    ("number", "there", "route"),
    [
        (MAINLAND, BOTH, Route.ASTERISK),
        (MAINLAND, {Route.TWILIO}, None),  # no way of Twilio's, whatever else is missing
        (HONG_KONG, BOTH, Route.TWILIO),
        (HONG_KONG, {Route.ASTERISK}, Route.ASTERISK),
        ("+85366123456", BOTH, Route.TWILIO),  # Macao is not the mainland
        ("+88212345678", BOTH, Route.TWILIO),  # of no country: for the guard to refuse
        ("raw:110", {Route.TWILIO}, Route.TWILIO),
        (HONG_KONG, (), None),
    ],
)
def test_a_number_goes_the_first_way_its_country_allows_r70(
    number: str, there: frozenset[Route], route: Route | None
) -> None:
    assert route_of(number, DEFAULT_ROUTES, there) is route


def test_a_country_that_is_not_named_goes_with_the_others_or_nowhere() -> None:
    routes = parse_routes({"HK": ["asterisk"], "SG": []})
    assert route_of(HONG_KONG, routes, BOTH) is Route.ASTERISK
    assert route_of("+6591234567", routes, BOTH) is None
    assert route_of(MAINLAND, routes, BOTH) is None
    assert route_of(MAINLAND, parse_routes({OTHERS: ["twilio"]}), BOTH) is Route.TWILIO


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (["asterisk"], "must be a table of countries"),
        ({"China": ["asterisk"]}, "'China' is no country"),
        ({"cn": ["asterisk"]}, "'cn' is no country"),
        ({"CN": "asterisk"}, "CN: must be a list of asterisk, twilio"),
        ({"CN": ["pigeon"]}, "CN: must be a list"),
        ({"CN": [["asterisk"]]}, "CN: must be a list"),
        ({"others": ["twilio", "twilio"]}, "each once"),
    ],
)
def test_ways_that_make_no_sense_are_refused_by_their_country(value: object, says: str) -> None:
    with pytest.raises(RulesError, match="policy key callback_routes: ") as refused:
        parse_rules({"callback_routes": value})
    assert says in str(refused.value)


@pytest.mark.parametrize("number", ["85230001234", "+", "+852 3000 1234", 85230001234, "+0123456"])
def test_a_number_of_twilios_that_is_none_is_refused(number: object) -> None:
    with pytest.raises(RulesError, match="policy key twilio_number: must be a number as"):
        parse_rules({"twilio_number": number})


def test_ways_and_number_are_taken_as_they_are_written() -> None:
    rules = parse_rules({"callback_routes": {"HK": ["twilio"]}, "twilio_number": "+85230001234"})
    assert (rules.callback_routes, rules.twilio_number) == ((("HK", (Route.TWILIO,)),), "+85230001234")
    assert parse_rules({"twilio_number": ""}).twilio_number == ""


@pytest.mark.parametrize(
    ("phone", "by_asterisk", "by_twilio"),
    [
        ("endpoint:wang", True, False),
        ("client:wang", False, True),
        ("sip:wang@192.0.2.7", True, True),
        ("tel:+85251234567", True, True),
    ],
)
def test_an_agent_is_rung_by_the_switch_his_customer_is_called_from(
    phone: str, by_asterisk: bool, by_twilio: bool
) -> None:
    agent = replace(WANG, phone=phone)
    for route, can in ((Route.ASTERISK, by_asterisk), (Route.TWILIO, by_twilio)):
        waiting = Waiting(call_id=1, presented_at=noon(), callback_id=1, door=route)
        assert waiting.accepts(agent, noon()) is can


def test_he_is_told_the_number_he_will_see_on_that_way_r70() -> None:
    rules = replace(NOW, own_numbers=("4001234567",), twilio_number="+85230001234")
    for route, digits in ((Route.TWILIO, "85230001234"), (Route.ASTERISK, "4001234567")):
        assert LONG.desk is not None
        seen = replace(LONG, desk=replace(LONG.desk, route=route))
        caller = offered(seen, rules)
        caller.happens(DigitsPressed(at=noon(1), digits="1"))
        caller.happens(DigitsPressed(at=noon(2), digits="1"))
        assert caller.step is not None
        (promise,) = (each for each in caller.step.commands if isinstance(each, PromiseCallback))
        said = promise.said_prompts[promise.said_prompts.index("calling_from") :]
        assert [prompt for prompt in said if prompt.startswith("digit_")] == [
            f"digit_{each}" for each in digits
        ]


def test_our_number_at_twilio_is_our_own_and_rings_nobody() -> None:
    rules = Rules(allowed_regions=("HK",), twilio_number=HONG_KONG)
    refused = Refused(reason=Refusal.OUR_OWN_NUMBER)
    assert judge_number(HONG_KONG, Counts(), rules) == refused
