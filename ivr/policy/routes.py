"""By which way a customer is called: the first one his number's country allows, whichever door took his call.

Who is called by none is offered no callback. The agent is rung by the same switch as his customer.
"""

from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any

import phonenumbers

OTHERS = "others"


class Route(StrEnum):
    """A switch of ours that rings agents and customers."""

    ASTERISK = "asterisk"  # through the outbound trunk
    TWILIO = "twilio"  # over REST


Routes = tuple[tuple[str, tuple[Route, ...]], ...]
"""Countries, and last of all perhaps the others, each with its ways in order."""

Ways = Mapping[Route, Callable[[], bool]]
"""Those there are; each says whether it leads anywhere just now."""

DEFAULT_ROUTES: Routes = (("CN", (Route.ASTERISK,)), (OTHERS, (Route.TWILIO, Route.ASTERISK)))
"""Twilio has no way into mainland China that would show our own number."""


class RoutesError(ValueError):
    """Routes that make no sense; the message names the country at fault."""


def parse_routes(value: Any) -> Routes:
    """From a table of lists. Raises RoutesError."""
    if not isinstance(value, dict):
        raise RoutesError(f"must be a table of countries, not {value!r}")
    return tuple((_country(name), _ways(name, ways)) for name, ways in value.items())


def _country(name: str) -> str:
    if name != OTHERS and name not in phonenumbers.SUPPORTED_REGIONS:
        raise RoutesError(f"{name!r} is no country: give two letters as CN, or others")
    return name


def _ways(country: str, value: Any) -> tuple[Route, ...]:
    known = [route.value for route in Route]
    if not isinstance(value, list) or any(way not in known for way in value) or len(set(value)) < len(value):
        raise RoutesError(f"{country}: must be a list of {', '.join(known)}, each once, not {value!r}")
    return tuple(Route(way) for way in value)


def route_of(number: str, routes: Routes, there: Collection[Route]) -> Route | None:
    """The first way allowed for this number (E.164) among those that are `there`."""
    return way_into(_country_of(number), routes, there)


def way_into(country: str, routes: Routes, there: Collection[Route]) -> Route | None:
    """The same for a country, or `others`."""
    by_country = dict(routes)
    allowed = by_country.get(country, by_country.get(OTHERS, ()))
    return next((route for route in allowed if route in there), None)


@lru_cache(maxsize=4096)  # asked for everybody in line at every look
def _country_of(number: str) -> str:
    """`others` for what belongs to none."""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return OTHERS
    return phonenumbers.region_code_for_number(parsed) or OTHERS
