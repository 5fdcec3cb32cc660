"""Each rule of the norm has a test that notices when one line breaks it."""

import pytest

from tests.breakages import BREAKAGES, ON_THE_SWITCH, Breakage, Copy

pytestmark = pytest.mark.slow

FAILED = 1  # pytest's exit code for tests that ran and failed; an import error or a crash has another


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy(tmp_path_factory.mktemp("tree"))


def turns_red(copy: Copy, breakage: Breakage) -> None:
    with copy.broken(breakage):
        done = copy.run(breakage.test)
    assert done.returncode == FAILED, done.stdout + done.stderr
    assert "1 failed" in done.stdout, done.stdout
    assert "AssertionError" in done.stdout or "assert " in done.stdout, done.stdout


def test_unbroken_the_copy_is_sound(copy: Copy) -> None:
    done = copy.run(*{breakage.test for breakage in BREAKAGES})
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda breakage: f"{breakage.rule}, {breakage.what}")
def test_a_broken_rule_turns_its_test_red__R64_R65_R67_R69_R71(copy: Copy, breakage: Breakage) -> None:
    turns_red(copy, breakage)


@pytest.mark.real
@pytest.mark.timeout(240)  # two whole hotlines, one after the other
def test_a_switch_that_lets_a_phone_transfer_its_caller_turns_its_test_red__R74(copy: Copy) -> None:
    done = copy.run(ON_THE_SWITCH.test)
    assert done.returncode == 0, done.stdout + done.stderr
    turns_red(copy, ON_THE_SWITCH)
