"""Every story at both doors: the same words heard, the same rows stored."""

from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.stages import DOORS, twilio_stage
from tests.scenarios.stories import STORIES, Story


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("story", STORIES, ids=str)
def test_a_caller_is(story: Story, door: str, tmp_path: Path) -> None:
    with DOORS[door](tmp_path, story.rules) as stage:
        stage.tell(story)
        stage.check(story)


MANNERS: dict[str, dict[str, Any]] = {
    "every_webhook_comes_twice": {"deliveries": 2},
    "no_action_after_a_hangup": {"action_after_hangup": False},
    "leg_status_late": {"leg_delay_seconds": 2.5},
    "leg_status_after_the_end": {"leg_delay_seconds": 50.0},
    "no_action_and_leg_status_after_the_end": {"action_after_hangup": False, "leg_delay_seconds": 50.0},
}


@pytest.mark.parametrize("manners", MANNERS.values(), ids=MANNERS)
@pytest.mark.parametrize("story", STORIES, ids=str)
def test_whatever_twilios_manners_a_caller_is(story: Story, manners: dict[str, Any], tmp_path: Path) -> None:
    """Twilio's later stamps are whole seconds: then a moment may be one second off.

    Who hears of the answer only after the end knows that it was given, no longer by whom.
    """
    late = "leg_delay_seconds" in manners
    but_for = "served_by" if manners is MANNERS["no_action_and_leg_status_after_the_end"] else ""
    with twilio_stage(tmp_path, story.rules, **manners) as stage:
        stage.tell(story)
        stage.timeline.run(stage.timeline.seconds + 60)
        stage.check(story, within_seconds=1.0 if late else 0.05, but_for=but_for)
