"""The stories, told once for both doors: who is there, what people do when, what a caller hears, what is stored.

Seconds count from the story's beginning. Moments in `stored` likewise; None where nothing may be stored.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ivr.policy.rules import Rules

Deed = tuple[float, str, str]  # when, who, does what: dials, answers, declines, hangs up, presses KEYS


@dataclass(frozen=True, kw_only=True)
class Story:
    """`hears` and `stored` by caller, `agents` by login; only what is named is compared."""

    name: str
    told: str
    agents_on_duty: tuple[str, ...]
    deeds: tuple[Deed, ...]
    hears: Mapping[str, tuple[str, ...]]
    stored: Mapping[str, Mapping[str, object]]
    agents: Mapping[str, Mapping[str, object]]
    rules: Rules = field(default_factory=Rules)

    def __str__(self) -> str:
        return self.name


SERVED_IN_TIME = Story(
    name="served_before_the_third_ring_ends__R64",
    told="Chen calls; Wang takes the call in the second ring. Nothing speaks before a person does.",
    agents_on_duty=("wang",),
    deeds=((0, "chen", "dials"), (6, "wang", "answers"), (40, "wang", "hangs up")),
    hears={"chen": ("ring tone", "wang")},
    stored={
        "chen": {
            "presented_at": 0.0,
            "greeted_at": 6.0,
            "greeted_by": "agent",
            "served_at": 6.0,
            "ended_at": 40.0,
            "outcome": "served",
            "served_by": "wang",
        }
    },
    agents={"wang": {"misses": 0}},
)

PICKED_UP_THEN_SERVED = Story(
    name="picked_up_by_the_server_then_served_by_the_same_agent__R64_R65",
    told="Wang is slow: two seconds before the third ring ends the server greets Chen, and Wang's phone rings on.",
    agents_on_duty=("wang", "zhao"),
    deeds=((0, "chen", "dials"), (18, "wang", "answers"), (60, "chen", "hangs up")),
    hears={"chen": ("ring tone", "greeting", "waiting sound", "wang")},
    stored={
        "chen": {
            "greeted_at": 13.0,
            "greeted_by": "server",
            "served_at": 18.0,
            "ended_at": 60.0,
            "outcome": "served",
            "served_by": "wang",
        }
    },
    agents={"wang": {"misses": 0}, "zhao": {"misses": 0}},
)

HELD_THEN_SERVED = Story(
    name="nobody_free_held_with_an_apology_then_served__R67_R68_R69",
    told="Wang talks with Zhou when Chen calls: greeting, reason, apology, please hold; served when Wang is free.",
    agents_on_duty=("wang",),
    rules=Rules(wrap_up_seconds=5),
    deeds=(
        (0, "zhou", "dials"),
        (3, "wang", "answers"),
        (10, "chen", "dials"),
        (40, "zhou", "hangs up"),
        (46, "wang", "answers"),  # fetched: by himself he would come out of his music at 47.2
        (80, "wang", "hangs up"),
    ),
    hears={
        "zhou": ("ring tone", "wang"),
        "chen": (
            "ring tone",
            "greeting",
            "all_busy",
            "waiting sound",
            "please_hold",
            "waiting sound",
            "wang",
        ),
    },
    stored={
        "zhou": {"served_at": 3.0, "ended_at": 40.0, "outcome": "served"},
        "chen": {
            "presented_at": 10.0,
            "greeted_at": 23.0,
            "greeted_by": "server",
            "served_at": 46.0,
            "ended_at": 80.0,
            "outcome": "served",
            "served_by": "wang",
        },
    },
    agents={"wang": {"misses": 0}},
)

STORIES = (SERVED_IN_TIME, PICKED_UP_THEN_SERVED, HELD_THEN_SERVED)
