"""Every story at both doors: the same words heard, the same rows stored."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ivr.adapters.sql_schema import calls
from tests.scenarios import callback_stories, stories
from tests.scenarios.callback_stories import CALLBACK_STORIES
from tests.scenarios.stages import DOORS, twilio_stage, ways
from tests.scenarios.stories import MORE_STORIES, STORIES, Story

ALL = (*STORIES, *MORE_STORIES, *CALLBACK_STORIES)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("story", ALL, ids=str)
def test_a_caller_is(story: Story, door: str, tmp_path: Path) -> None:
    with DOORS[door](tmp_path, story.rules, **ways(story)) as stage:
        stage.tell(story)
        stage.check(story)


def test_where_talks_are_recorded_a_caller_at_twilio_is_greeted_and_told_so_before_anybody_speaks_R64_R65(
    tmp_path: Path,
) -> None:
    """He hears it in his own ring tone's place; the agent hears it before he is put through."""
    told = stories.SERVED_IN_TIME
    with twilio_stage(tmp_path, replace(told.rules, record_calls=True), **ways(told)) as stage:
        stage.tell(told)
        assert stage.callers["chen"].ear.story == (
            *("ring tone", "greeting", "recording_notice", "waiting sound"),
            "wang",
        )
        assert stage.phones.phones["wang"].heard == ["recording_notice"]
        [row] = stage.house.rows(calls)
        assert row["outcome"] == "served"


# What a caller can meet on the way to a person, each with the stories that tell it.
TOLD_BY = {
    "a person in time": (stories.SERVED_IN_TIME,),
    "the greeting, and the same agent": (stories.PICKED_UP_THEN_SERVED,),
    "the next agent": (stories.PASSED_ON,),
    "hold, position and remaining wait": (stories.HELD_THEN_SERVED, callback_stories.SHORT_WAIT),
    "a key in the music": (callback_stories.KEY_IN_THE_MUSIC,),
    "call waiting": (stories.COLLEAGUE, stories.COLLEAGUE_DOES_NOT_COME),
    "a whisper to the agent": (stories.WHISPERED, callback_stories.RINGS_TWICE),
    "a callback": (callback_stories.PROMISED, callback_stories.ANOTHER_NUMBER),
    "no callback": (callback_stories.PLACE_KEPT, callback_stories.LEFT_IN_MID_OFFER),
    "his callback, when he rings again": (callback_stories.RINGS_AGAIN, callback_stories.RINGS_TWICE),
    "the call he was promised": (callback_stories.CALLED_BACK, callback_stories.BUSY_FIRST),
    "opening hours": (stories.OUTSIDE_HOURS,),
    "fallback phones": (stories.FALLBACK_PHONE,),
    "his number taken": (stories.NUMBER_TAKEN,),
    "a question how satisfied he is": (stories.RATED,),
}


def test_the_list_of_stories_and_doors_has_no_hole() -> None:
    """Whatever is told is told at both doors, and whatever a caller can meet is told."""
    written = [
        value
        for module in (stories, callback_stories)
        for value in vars(module).values()
        if isinstance(value, Story)
    ]
    assert {story.name for story in written} == {story.name for story in ALL}
    assert len(ALL) == len(written) == len({story.name for story in ALL})
    assert set(DOORS) == {"asterisk", "twilio"}
    assert {story.name for told in TOLD_BY.values() for story in told} == {story.name for story in ALL}


MANNERS: dict[str, dict[str, Any]] = {
    "no_action_after_a_hangup": {"action_after_hangup": False},
    "leg_status_late": {"leg_delay_seconds": 2.5},
    "leg_status_after_the_end": {"leg_delay_seconds": 50.0},
    "no_action_and_leg_status_after_the_end": {"action_after_hangup": False, "leg_delay_seconds": 50.0},
}


@pytest.mark.parametrize("manners", MANNERS.values(), ids=MANNERS)
@pytest.mark.parametrize("story", STORIES, ids=str)
def test_whatever_twilios_manners_a_caller_is(story: Story, manners: dict[str, Any], tmp_path: Path) -> None:
    """Twilio's later stamps are whole seconds: then a moment may be one second off."""
    late = "leg_delay_seconds" in manners
    with twilio_stage(tmp_path, story.rules, **ways(story), **manners) as stage:
        stage.tell(story)
        stage.timeline.run(stage.timeline.seconds + 60)
        stage.check(story, within_seconds=1.0 if late else 0.05)
