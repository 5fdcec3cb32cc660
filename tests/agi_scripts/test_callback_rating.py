"""The question to a customer we have called back, as the dialplan asks for it: translated, or refused by name."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agi_scripts import callback_rating
from agi_scripts.door import BadBurst, Door
from config.prompt_pack import PromptPack
from ivr.adapters.attempt_fences import parse_name
from ivr.adapters.spool_files import SpoolFiles
from ivr.policy.commands import HangUp, LineCommand
from ivr.policy.rating import QUESTION, THANKS
from ivr.service.callback_ports import AttemptName
from tests.service.house import house

ROOT = Path(__file__).resolve().parent.parent.parent
PROMPTS = ROOT / "config" / "prompts"
NAME = "7-2-0badcafe"


class FakeRatings:
    """CallbackRatings of one who has not been asked yet."""

    def __init__(self) -> None:
        self.heard: list[tuple[object, ...]] = []

    def question(self, name: AttemptName) -> tuple[LineCommand, ...]:
        self.heard.append(("question", name))
        return (QUESTION,)

    def answered(self, name: AttemptName, digits: str) -> tuple[LineCommand, ...]:
        self.heard.append(("answered", name, digits))
        return (THANKS, HangUp())


class FakeBurst:
    """What AgiSession is to this entry."""

    def __init__(self, *arguments: str) -> None:
        self.arguments = arguments
        self.variables: dict[str, object] = {}

    def set_variables(self, values: dict[str, object]) -> None:
        self.variables |= values


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    with house(tmp_path) as hotline:
        yield Door(
            switchboard=hotline.switchboard,
            clock=hotline.clock,
            rules=hotline.rules,
            prompts=PromptPack(PROMPTS, tmp_path / "custom", "zh_CN"),
            outbound_trunk=None,
            spool=SpoolFiles(tmp_path),
        )


def told(door: Door, *arguments: str) -> tuple[list[tuple[object, ...]], dict[str, object]]:
    ratings, burst = FakeRatings(), FakeBurst(*arguments)
    callback_rating.main(burst, door, ratings)  # type: ignore[arg-type] # fakes
    return ratings.heard, burst.variables


def test_the_question_comes_as_the_dialplans_variables_and_the_sentinel_last_r3(door: Door) -> None:
    heard, variables = told(door, NAME, "ask")
    assert heard == [("question", parse_name(NAME))]
    assert variables == {
        "HL_VERBS": "ask",
        "HL_FROM": f"{PROMPTS}/zh_CN/",
        "HL_SAY": "ask_rating",
        "HL_DIGITS": 1,
        "HL_SECONDS": "3",
        "HL_DONE": "ask",
    }
    assert list(variables)[-1] == "HL_DONE"


def test_his_key_is_handed_on_and_he_is_thanked_r3(door: Door) -> None:
    heard, variables = told(door, NAME, "4")
    assert heard == [("answered", parse_name(NAME), "4")]
    assert (variables["HL_VERBS"], variables["HL_DONE"]) == ("say-hangup", "4")
    assert variables["HL_SAY"] == "rating_thanks&goodbye"


@pytest.mark.parametrize(
    ("field", "arguments"),
    [
        ("HL_ATTEMPT", ()),
        ("HL_ATTEMPT", ("seven", "ask")),
        ("HL_ATTEMPT", ("7-n1-0badcafe", "ask")),
        ("HL_TURN", (NAME,)),
        ("HL_TURN", (NAME, "45")),
        ("HL_TURN", (NAME, "五")),
    ],
)
def test_what_makes_no_sense_is_refused_by_the_name_of_its_argument(
    door: Door, field: str, arguments: tuple[str, ...]
) -> None:
    with pytest.raises(BadBurst, match=f"burst argument {field}"):
        told(door, *arguments)
