"""Each rule of the norm has a test that notices when one line breaks it."""

import pytest

from tests.board_breakages import BOARD_BREAKAGES
from tests.breakages import BREAKAGES, ON_THE_SWITCH, Breakage, Copy
from tests.callback_breakages import CALLBACK_BREAKAGES
from tests.caller_breakages import CALLER_BREAKAGES
from tests.live_breakages import LIVE_BREAKAGES
from tests.record_breakages import RECORD_BREAKAGES

pytestmark = pytest.mark.slow

ALL = (
    *BREAKAGES,
    *CALLBACK_BREAKAGES,
    *CALLER_BREAKAGES,
    *RECORD_BREAKAGES,
    *BOARD_BREAKAGES,
    *LIVE_BREAKAGES,
)
FAILED = 1  # pytest's exit code for tests that ran and failed; an import error or a crash has another


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy(tmp_path_factory.mktemp("tree"))


def turns_red(copy: Copy, breakage: Breakage) -> None:
    with copy.broken(breakage):
        done = copy.run(breakage.test)
    assert done.exitcode == FAILED, done.told
    assert "1 failed" in done.told, done.told
    assert any(word in done.told for word in ("AssertionError", "assert ", "DID NOT RAISE")), done.told


@pytest.mark.timeout(300)  # a hundred tests, one after the other
def test_unbroken_the_copy_is_sound(copy: Copy) -> None:
    done = copy.run(*{breakage.test for breakage in ALL}, at_most_seconds=280)
    assert done.exitcode == 0, done.told


@pytest.mark.parametrize("breakage", ALL, ids=lambda breakage: f"{breakage.rule}, {breakage.what}")
def test_a_broken_rule_turns_its_test_red__R64_R65_R67_R69_R71(copy: Copy, breakage: Breakage) -> None:
    turns_red(copy, breakage)


@pytest.mark.real
@pytest.mark.timeout(240)  # two whole hotlines, one after the other
def test_a_switch_that_lets_a_phone_transfer_its_caller_turns_its_test_red__R74(copy: Copy) -> None:
    done = copy.run(ON_THE_SWITCH.test)
    assert done.exitcode == 0, done.told
    turns_red(copy, ON_THE_SWITCH)
