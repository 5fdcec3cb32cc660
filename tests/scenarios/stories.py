"""The stories, told once for both doors: who is there, what people do when, what a caller hears, what is stored.

Seconds count from the story's beginning. Moments in `stored` likewise; None where nothing may be stored.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ivr.policy.opening_hours import parse_opening_hours
from ivr.policy.rules import Rules

Deed = tuple[float, str, str]  # when, who, does what: dials, answers, declines, hangs up, presses KEYS


@dataclass(frozen=True, kw_only=True)
class Story:
    """`hears` and `stored` by caller, `agents` by login; only what is named is compared.

    `agents_hear` is what was whispered to them, `phones` are phones of nobody on duty.
    `promised` and `scores` are all callbacks and ratings there are, `attempts` what came of each; with `dials_out`
    customers can be called back, with `calls_back` they are: who hears that is `NAME called back`.
    """

    name: str
    told: str
    agents_on_duty: tuple[str, ...]
    deeds: tuple[Deed, ...]
    hears: Mapping[str, tuple[str, ...]]
    stored: Mapping[str, Mapping[str, object]]
    agents: Mapping[str, Mapping[str, object]]
    rules: Rules = field(default_factory=lambda: Rules(satisfaction=False))
    dials_out: bool = False
    calls_back: bool = False
    promised: tuple[Mapping[str, object], ...] = ()
    attempts: tuple[str | None, ...] | None = None
    scores: tuple[int | None, ...] = ()
    agents_hear: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    phones: tuple[str, ...] = ()
    listed: tuple[str, ...] | None = None  # numbers to ring back

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
    rules=Rules(wrap_up_seconds=5, hold_if_wait_at_most_seconds=600, satisfaction=False),
    deeds=(
        (0, "zhou", "dials"),
        (3, "wang", "answers"),
        (10, "chen", "dials"),
        (44, "zhou", "hangs up"),
        (50, "wang", "answers"),  # fetched: by himself he would come out of his music at 52
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
            "you_are_next",
            "wait_about",
            "number_7",
            "unit_minutes",
            "waiting sound",
            "wang",
        ),
    },
    stored={
        "zhou": {"served_at": 3.0, "ended_at": 44.0, "outcome": "served"},
        "chen": {
            "presented_at": 10.0,
            "estimated_wait_seconds": 420,  # nothing is known of this hotline yet: talks of four minutes are assumed
            "greeted_at": 23.0,
            "greeted_by": "server",
            "served_at": 50.0,
            "ended_at": 80.0,
            "outcome": "served",
            "served_by": "wang",
        },
    },
    agents={"wang": {"misses": 0}},
)

OUTSIDE_HOURS = Story(
    name="outside_the_opening_hours_told_when_we_are_open_again_and_listed__R68_R70",
    told="Chen calls at eight in the evening: nobody is rung, he hears when we are open again; his number is taken.",
    agents_on_duty=("wang",),
    rules=Rules(opening_hours=parse_opening_hours({"workdays": ["08:30-12:00", "13:30-17:30"]})),
    deeds=((0, "chen", "dials"), (18, "chen", "hangs up")),  # during the goodbye
    hears={
        "chen": (
            "ring tone",
            "greeting",
            "outside_hours",
            "open_again",
            "day_tomorrow",
            "part_morning",
            "hour_8",
            "clock_half",
            "number_noted",
            "goodbye",
        )
    },
    stored={"chen": {"greeted_by": "server", "served_at": None, "outcome": "fallback"}},
    agents={"wang": {"misses": 0, "state": "available"}},
)

RATED = Story(
    name="asked_once_a_day_how_satisfied_he_is__R3",
    told="Wang hangs up first: Chen is asked for a key and presses five. When he calls again he is not asked.",
    agents_on_duty=("wang",),
    rules=Rules(wrap_up_seconds=0),
    deeds=(
        (0, "chen", "dials"),
        (6, "wang", "answers"),
        (40, "wang", "hangs up"),
        (45, "chen", "presses 5"),
        (60, "chen again", "dials"),
        (66, "wang", "answers"),
        (90, "wang", "hangs up"),
    ),
    hears={
        "chen": ("ring tone", "wang", "ask_rating", "rating_thanks", "goodbye"),
        "chen again": ("ring tone", "wang"),
    },
    stored={"chen": {"outcome": "served", "served_by": "wang"}, "chen again": {"ended_at": 90.0}},
    agents={"wang": {"misses": 0}},
    scores=(5,),
)

WHISPERED = Story(
    name="announced_to_his_agent_after_a_long_wait__R69",
    told="Chen waits a minute and more; Wang hears so between picking up and him, who hears music until then.",
    agents_on_duty=("wang",),
    rules=Rules(wrap_up_seconds=0, hold_if_wait_at_most_seconds=600, satisfaction=False),
    deeds=(
        (0, "zhou", "dials"),
        (3, "wang", "answers"),
        (10, "chen", "dials"),
        (84, "zhou", "hangs up"),
        (90, "wang", "answers"),
        (120, "wang", "hangs up"),
    ),
    hears={},
    stored={"chen": {"served_at": 90.9, "outcome": "served", "served_by": "wang"}},
    agents={"wang": {"misses": 0}},
    agents_hear={"wang": ("whisper_call", "whisper_waited_1")},
)

PASSED_ON = Story(
    name="passed_on_to_the_next_agent_when_the_first_lets_it_ring__R64",
    told="Li does not come; Wang's phone rings under the music, and he takes the call. One miss is Li's.",
    agents_on_duty=("li", "wang"),
    deeds=((0, "chen", "dials"), (30, "wang", "answers"), (60, "wang", "hangs up")),
    hears={"chen": ("ring tone", "greeting", "waiting sound", "wang")},
    stored={"chen": {"greeted_at": 13.0, "served_at": 30.0, "outcome": "served", "served_by": "wang"}},
    agents={"li": {"misses": 1, "state": "available"}, "wang": {"misses": 0}},
)

COLLEAGUE = Story(
    name="offered_as_a_second_call_to_a_colleague_who_talks__R67",
    told="All talk: Chen's call knocks at Wang, who lets Zhou wait, takes it, and goes back to Zhou.",
    agents_on_duty=("wang",),
    rules=Rules(all_busy_first="colleague", satisfaction=False, wrap_up_seconds=5),
    deeds=(
        (0, "zhou", "dials"),
        (3, "wang", "answers"),
        (10, "chen", "dials"),
        (14, "wang", "answers"),
        (30, "wang", "hangs up"),
        (50, "wang", "hangs up"),
    ),
    hears={"zhou": ("ring tone", "wang"), "chen": ("ring tone", "wang")},
    stored={
        "chen": {"greeted_by": "agent", "served_at": 14.0, "ended_at": 30.0, "served_by": "wang"},
        "zhou": {"served_at": 3.0, "ended_at": 50.0, "served_by": "wang"},
    },
    agents={"wang": {"misses": 0}},
)

COLLEAGUE_DOES_NOT_COME = Story(
    name="held_when_the_colleague_who_talks_does_not_come__R64_R67_R68",
    told="Wang lets the second call ring: at the pickup Chen is greeted and told why; nothing is missed.",
    agents_on_duty=("wang",),
    rules=COLLEAGUE.rules,
    deeds=((0, "zhou", "dials"), (3, "wang", "answers"), (10, "chen", "dials"), (36, "chen", "hangs up")),
    hears={"chen": ("ring tone", "greeting", "all_busy", "waiting sound", "please_hold")},
    stored={"chen": {"greeted_at": 23.0, "outcome": "abandoned"}, "zhou": {"ended_at": None}},
    agents={"wang": {"misses": 0, "state": "talking"}},
)

FALLBACK_PHONE = Story(
    name="answered_at_a_fallback_phone_when_nobody_is_on_duty__R68",
    told="Nobody is on duty: greeting, the reason, and the second of the two fallback phones is answered.",
    agents_on_duty=(),
    phones=("porter", "boss"),
    rules=Rules(fallback_phones=("sip:porter@192.0.2.7", "sip:boss@192.0.2.7"), satisfaction=False),
    deeds=((0, "chen", "dials"), (40, "boss", "answers"), (60, "boss", "hangs up")),
    hears={"chen": ("ring tone", "greeting", "nobody_on_duty", "trying_fallback", "waiting sound", "boss")},
    stored={"chen": {"greeted_at": 0.0, "served_at": 40.0, "ended_at": 60.0, "outcome": "served"}},
    agents={},
    listed=(),
)

NUMBER_TAKEN = Story(
    name="asked_for_a_number_when_nobody_is_there_and_he_withholds_his__R70",
    told="Nobody is on duty and no number is shown: he keys one in, it is written down, then he is told so.",
    agents_on_duty=(),
    deeds=(
        (0, "nobody known", "dials"),
        (14, "nobody known", "presses 13800138000"),
        (24, "nobody known", "hangs up"),
    ),
    hears={
        "nobody known": ("ring tone", "greeting", "nobody_on_duty", "ask_number", "number_noted", "goodbye")
    },
    stored={"nobody known": {"greeted_at": 0.0, "outcome": "fallback", "caller": None}},
    agents={},
    listed=("+8613800138000",),
)

STORIES = (SERVED_IN_TIME, PICKED_UP_THEN_SERVED, HELD_THEN_SERVED, OUTSIDE_HOURS, RATED)
MORE_STORIES = (
    WHISPERED,
    PASSED_ON,
    COLLEAGUE,
    COLLEAGUE_DOES_NOT_COME,
    FALLBACK_PHONE,
    NUMBER_TAKEN,
)
