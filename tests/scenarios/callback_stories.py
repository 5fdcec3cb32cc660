"""Stories of callers who are called back, told like the others, once for both doors (R67-R70).

It is eight in the evening; nothing is known of this hotline yet, so that talks of four minutes are assumed: with one
agent, who talks with Zhou, that is a long wait.
"""

from dataclasses import replace

from ivr.policy.rules import Rules
from tests.scenarios.stories import Deed, Story

RULES = Rules(wrap_up_seconds=0, satisfaction=False, own_numbers=("4001234567",))
ZHOU_TALKS: tuple[Deed, ...] = ((0, "zhou", "dials"), (3, "wang", "answers"))
OFFER = (
    "ring tone",
    "greeting",
    "all_busy",
    "you_are_next",
    "wait_about",
    "number_7",
    "unit_minutes",
    "offer_callback",
    "callback_within",
    "number_10",
    "unit_minutes",
    "callback_within_end",
    "press_for_callback",
    "else_wait",
)
TO_THE_KEY = OFFER[:-1]  # he presses it before he hears what else he may do
HIS_NUMBER = tuple(f"digit_{digit}" for digit in "13801380")  # of two noughts in a row the ear keeps one
READ_BACK = ("number_prefix", *HIS_NUMBER, "confirm_number")
BY_TWELVE_PAST_EIGHT = (
    "callback_by",
    "part_evening",
    "hour_8",
    "number_10",
    "number_2",
    "clock_minute",
    "callback_by_end",
)


def booked(shown: str) -> tuple[str, ...]:
    """`shown`: the number he will see, as he hears it."""
    he_will_see = ("calling_from", *(f"digit_{digit}" for digit in shown))
    return ("callback_booked", *BY_TWELVE_PAST_EIGHT, *he_will_see, "goodbye")


BOOKED = booked("401234567")
HIS_PROMISE = {"number": "+8613800138000", "due_at": 720.0}

PROMISED = Story(
    name="offered_a_callback_agrees_and_is_promised_one__R67_R68_R70",
    told="Chen hears the reason and his wait; presses 1; his number is read back; he confirms and hears by when.",
    agents_on_duty=("wang",),
    rules=RULES,
    dials_out=True,
    deeds=(
        *ZHOU_TALKS,
        (10, "chen", "dials"),
        (48, "chen", "presses 1"),
        (64, "chen", "presses 1"),
        (80, "zhou", "hangs up"),
    ),
    hears={"chen": (*TO_THE_KEY, *READ_BACK, *BOOKED)},
    stored={"chen": {"greeted_at": 23.0, "greeted_by": "server", "served_at": None, "outcome": "callback"}},
    agents={"wang": {"misses": 0}},
    promised=(HIS_PROMISE,),
)

ANOTHER_NUMBER = replace(
    PROMISED,
    name="called_back_at_another_number_which_he_keys_in__R70",
    told="Chen wants to be called elsewhere: presses 2, keys the number in, hears it and confirms it.",
    deeds=(
        *ZHOU_TALKS,
        (10, "chen", "dials"),
        (48, "chen", "presses 1"),
        (64, "chen", "presses 2"),
        (74, "chen", "presses 13912345678"),
        (86, "chen", "presses 1"),
        (100, "zhou", "hangs up"),
    ),
    hears={
        "chen": (
            *TO_THE_KEY,
            *READ_BACK,
            "ask_callback_number",
            "number_prefix",
            *(f"digit_{digit}" for digit in "13912345678"),
            "confirm_number",
            *BOOKED,
        )
    },
    promised=({"number": "+8613912345678", "due_at": 720.0},),
)

PLACE_KEPT = replace(
    PROMISED,
    name="not_willing_to_be_called_back_and_keeps_his_place__R69",
    told="Chen presses nothing: music, and Wang takes his call when he is free.",
    deeds=(
        *ZHOU_TALKS,
        (10, "chen", "dials"),
        (62, "zhou", "hangs up"),
        (66, "wang", "answers"),
        (80, "chen", "hangs up"),
    ),
    hears={"chen": (*OFFER, "waiting sound", "wang")},
    stored={"chen": {"greeted_at": 23.0, "served_at": 66.0, "outcome": "served", "served_by": "wang"}},
    promised=(),
)

LEFT_IN_MID_OFFER = replace(
    PROMISED,
    name="gone_in_the_middle_of_the_offer_and_promised_nothing__R70",
    told="Chen presses 1 and hangs up while his number is read back: nothing was agreed.",
    deeds=(
        *ZHOU_TALKS,
        (10, "chen", "dials"),
        (48, "chen", "presses 1"),
        (51, "chen", "hangs up"),
        (70, "zhou", "hangs up"),
    ),
    hears={"chen": (*TO_THE_KEY, *READ_BACK[:3])},
    stored={"chen": {"ended_at": 51.0, "outcome": "abandoned"}},
    promised=(),
)

SHORT_WAIT = replace(
    PROMISED,
    name="held_through_a_short_wait_with_no_offer__R69",
    told="With managers to whom seven minutes are short, Chen is held, and told of the key only.",
    rules=replace(RULES, hold_if_wait_at_most_seconds=600),
    deeds=(
        *ZHOU_TALKS,
        (10, "chen", "dials"),
        (50, "zhou", "hangs up"),
        (55, "wang", "answers"),
        (80, "chen", "hangs up"),
    ),
    hears={
        "chen": (
            *OFFER[:3],
            "waiting sound",
            "please_hold",
            "waiting sound",
            *OFFER[3:7],
            "press_for_callback",
            "waiting sound",
            "wang",
        )
    },
    stored={"chen": {"served_at": 55.0, "outcome": "served"}},
    promised=(),
)

KEY_IN_THE_MUSIC = replace(
    SHORT_WAIT,
    name="tired_of_the_music_and_changes_to_a_callback_by_a_key__R70",
    told="In the middle of the music Chen presses 1: he hears the time, then his number, and confirms.",
    deeds=(
        *ZHOU_TALKS,
        (10, "chen", "dials"),
        (48, "chen", "presses 1"),
        (68, "chen", "presses 1"),
        (90, "zhou", "hangs up"),
    ),
    hears={"chen": (*SHORT_WAIT.hears["chen"][:-1], *OFFER[8:12], *READ_BACK, *BOOKED)},
    stored={"chen": {"outcome": "callback"}},
    promised=(HIS_PROMISE,),
)

RINGS_AGAIN = replace(
    PROMISED,
    name="ringing_again_and_hears_his_place_and_time_at_once__R70",
    told="Chen was promised a call and rings again: he hears at once that it stands, hangs up, and it does.",
    deeds=(
        *PROMISED.deeds[:-1],
        (120, "chen again", "dials"),
        (146, "chen again", "hangs up"),
        (160, "zhou", "hangs up"),
    ),
    hears={
        "chen again": (
            *OFFER[:2],
            "callback_stands",
            *BY_TWELVE_PAST_EIGHT,
            "you_are_next",
            "hold_or_hang_up",
            "all_busy",
            "waiting sound",
            "please_hold",
        )
    },
    stored={
        "chen": {"outcome": "callback"},
        "chen again": {"presented_at": 120.0, "greeted_at": 120.0, "outcome": "callback"},
    },
)

RINGS_TWICE = replace(
    RINGS_AGAIN,
    name="on_the_line_twice_and_keeps_his_one_place_when_one_of_the_calls_goes__R69_R70",
    told="Chen rings again, and once more while that call is held; the first ends, the other is served, nobody calls.",
    deeds=(
        *PROMISED.deeds[:-1],
        (120, "chen again", "dials"),
        (130, "chen twice", "dials"),
        (150, "chen again", "hangs up"),
        (154, "zhou", "hangs up"),
        (160, "wang", "answers"),
        (190, "chen twice", "hangs up"),
    ),
    hears={
        "chen twice": (
            *OFFER[:2],
            "callback_stands",
            *BY_TWELVE_PAST_EIGHT,
            "hold_or_hang_up",
            "all_busy",
            "waiting sound",
            "please_hold",
            "waiting sound",
            "wang",
        )
    },
    stored={
        "chen again": {"outcome": "callback"},
        "chen twice": {
            "served_at": 161.47,
            "outcome": "served",
            "served_by": "wang",
        },  # after what Wang hears first
    },
    agents_hear={"wang": ("whisper_call", "whisper_time_3", "whisper_waited_2")},
)

ITS_OWN_NUMBER = "+85230001234"  # one that either switch may show
CALLED_BACK = replace(
    PROMISED,
    name="called_back_by_the_agent_who_is_free_first_and_hears_the_greeting_and_then_him__R65_R70",
    told="Zhou hangs up: Wang's phone rings, he hears whose turn it is and takes it by 1; then Chen's rings, once.",
    rules=replace(RULES, own_numbers=(ITS_OWN_NUMBER,)),
    calls_back=True,
    deeds=(
        *PROMISED.deeds[:-1],
        (100, "zhou", "hangs up"),
        (104, "wang", "answers"),
        (110, "wang", "presses 1"),
        (115, "chen called back", "answers"),
        (150, "wang", "hangs up"),
    ),
    hears={
        "chen": (*TO_THE_KEY, *READ_BACK, *booked("852301234")),
        "chen called back": ("greeting", "wang"),
    },
    promised=({**HIS_PROMISE, "state": "done", "agent": "wang", "served_at": 116.716, "closed_at": 150.0},),
    attempts=("reached",),
    agents_hear={"wang": ("whisper_callback", "whisper_waited_1")},
)

BUSY_FIRST = replace(
    CALLED_BACK,
    name="busy_when_called_back_and_called_again_three_minutes_later__R28b",
    told="Chen's phone is busy; Wang is free meanwhile, and three minutes later it is Chen's turn again.",
    deeds=(
        *CALLED_BACK.deeds[:-2],
        (115, "chen called back", "declines"),
        (300, "wang", "answers"),
        (308, "wang", "presses 1"),
        (313, "chen called back", "answers"),
        (340, "chen called back", "hangs up"),
    ),
    promised=({**HIS_PROMISE, "state": "done", "agent": "wang", "served_at": 314.716},),
    attempts=("busy", "reached"),
    agents_hear={"wang": ("whisper_callback", "whisper_waited_1", "whisper_callback", "whisper_waited_4")},
)

CALLBACK_STORIES = (
    PROMISED,
    ANOTHER_NUMBER,
    PLACE_KEPT,
    LEFT_IN_MID_OFFER,
    SHORT_WAIT,
    KEY_IN_THE_MUSIC,
    RINGS_AGAIN,
    RINGS_TWICE,
    CALLED_BACK,
    BUSY_FIRST,
)
