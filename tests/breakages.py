"""One line broken for each rule, and the test that must notice: a test of the tests.

`old` stands exactly once in its file; with `new` in its place the rule is broken and nothing else is.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("ivr", "agi_scripts", "webhooks", "config", "tests")
FILES = ("pyproject.toml", "Procfile", "Makefile")


@dataclass(frozen=True, kw_only=True)
class Breakage:
    """What the rule is broken by, and the test (file::name) that turns red."""

    rule: str
    what: str
    file: str
    old: str
    new: str
    test: str


BREAKAGES = (
    Breakage(
        rule="R64",
        what="the server picks up one ring too late",
        file="ivr/policy/call.py",
        old="seconds=rules.rings * rules.ring_cycle_seconds)",
        new="seconds=(rules.rings + 1) * rules.ring_cycle_seconds)",
        test="tests/policy/test_waiting.py"
        "::test_with_nobody_free_the_caller_hears_his_ring_tone_until_the_pickup_r64",
    ),
    Breakage(
        rule="R65",
        what="the reason comes without the greeting",
        file="ivr/policy/call_flow.py",
        old="    return () if _picked_up(call) else (rules.greeting,)",
        new="    return ()",
        test="tests/policy/test_waiting.py"
        "::test_at_the_pickup_he_hears_the_greeting_then_the_reason_then_is_asked_to_wait_r65_r67_r68_r69",
    ),
    Breakage(
        rule="R67",
        what="nobody tells the caller that all are busy",
        file="ivr/policy/call_flow.py",
        old="_greeting(call, rules) + (() if call.apologised else (Prompt.ALL_BUSY,))",
        new="_greeting(call, rules)",
        test="tests/policy/test_waiting.py"
        "::test_at_the_pickup_he_hears_the_greeting_then_the_reason_then_is_asked_to_wait_r65_r67_r68_r69",
    ),
    Breakage(
        rule="R69",
        what="who came last is fetched first",
        file="ivr/policy/floor.py",
        old="sorted(self.line, key=lambda w: (w.presented_at, w.call_id)):",
        new="sorted(self.line, key=lambda w: (w.presented_at, w.call_id), reverse=True):",
        test="tests/service/test_floor_loop.py"
        "::test_who_came_first_is_fetched_first_and_nobody_overtakes__R69",
    ),
    Breakage(
        rule="R71",
        what="a call comes into the book without the row that opens its record",
        file="ivr/adapters/sql_call_book.py",
        old="        say.ADD_OUTBOX.on(self.connection, row)",
        new="        row.clear()",
        test="tests/service/test_switchboard.py"
        "::test_a_call_is_never_in_the_book_without_the_row_that_opens_its_record__R6_R71",
    ),
)

ON_THE_SWITCH = Breakage(
    rule="R74",
    what="a phone's transfer key hands the caller on",
    file="config/asterisk/pjsip.conf",
    old="\nallow_transfer = no\n",
    new="\nallow_transfer = yes\n",
    test="tests/real_asterisk/test_transfers.py"
    "::test_an_agent_with_a_bare_phone_cannot_hand_his_caller_on_and_a_manager_hears_of_it_r74",
)


class Copy:
    """The tree once more, with an environment of its own name, so that nothing of the original is run."""

    def __init__(self, directory: Path) -> None:
        self.root = directory / "copy"
        for part in PARTS:
            shutil.copytree(ROOT / part, self.root / part, ignore=shutil.ignore_patterns("__pycache__"))
        for file in FILES:
            shutil.copy(ROOT / file, self.root)
        (self.root / ".tools").symlink_to(ROOT / ".tools")
        for name, module in (("python", ""), ("hotline", "-m ivr ")):
            self._program(name, module)

    def _program(self, name: str, module: str) -> None:
        """What the Procfile names: the same interpreter, but this tree before the one it was installed for."""
        path = self.root / ".venv" / "bin" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f'#!/bin/sh\nPYTHONPATH="{self.root}" exec "{sys.executable}" {module}"$@"\n', "utf-8"
        )
        path.chmod(0o755)

    @contextmanager
    def broken(self, breakage: Breakage) -> Iterator[None]:
        """That one line replaced while the block runs."""
        path = self.root / breakage.file
        sound = path.read_text("utf-8")
        assert sound.count(breakage.old) == 1, (
            f"{breakage.file} has changed: mend the breakage of {breakage.rule}"
        )
        path.write_text(sound.replace(breakage.old, breakage.new), "utf-8")
        try:
            yield
        finally:
            path.write_text(sound, "utf-8")

    def run(self, *tests: str) -> subprocess.CompletedProcess[str]:
        """pytest on those tests, in the copy."""
        options = ("-q", "-p", "no:cacheprovider", "--tb=line")
        return subprocess.run(
            [sys.executable, "-B", "-m", "pytest", *options, *tests],
            cwd=self.root,
            capture_output=True,
            text=True,
            timeout=110,
        )
