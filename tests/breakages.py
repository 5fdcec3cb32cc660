"""One line broken for each rule, and the test that must notice: a test of the tests.

`old` stands exactly once in its file; with `new` in its place the rule is broken and nothing else is.
"""

import compileall
import multiprocessing
import runpy
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from py_compile import PycInvalidationMode

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("ivr", "agi_scripts", "webhooks", "config", "tests")
FILES = ("pyproject.toml", "Procfile", "Makefile")
AT_MOST_SECONDS = 110
# Loaded once, by a process from which every run is forked; nothing of this tree.
LIBRARIES = [
    "pytest",
    "sqlalchemy.dialects.sqlite",
    "sqlalchemy.dialects.postgresql",
    "psycopg",
    "alembic.command",
]
LIBRARIES += [
    "_hypothesis_pytestplugin",
    "hypothesis.strategies",
    "xdist.plugin",
    "pytest_cov.plugin",
    "phonenumbers",
    "redis",
    "rq",
    "flask",
    "flask_login",
    "flask_wtf",
    "babel",
]
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(LIBRARIES)


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
        file="ivr/policy/call.py",
        old="return () if self.picked_up else (rules.greeting,)",
        new="return ()",
        test="tests/policy/test_waiting.py"
        "::test_at_the_pickup_he_hears_the_greeting_then_the_reason_then_is_asked_to_wait_r65_r67_r68_r69",
    ),
    Breakage(
        rule="R67",
        what="nobody tells the caller that all are busy",
        file="ivr/policy/call_flow.py",
        old="*place_and_time(call, at, floor, rules), Prompt.ALL_BUSY)",
        new="*place_and_time(call, at, floor, rules))",
        test="tests/policy/test_waiting.py"
        "::test_at_the_pickup_he_hears_the_greeting_then_the_reason_then_is_asked_to_wait_r65_r67_r68_r69",
    ),
    Breakage(
        rule="R69",
        what="who came last is fetched first",
        file="ivr/policy/floor.py",
        old="sorted(self.line, key=lambda waiting: waiting.order):",
        new="sorted(self.line, key=lambda waiting: waiting.order, reverse=True):",
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
    Breakage(
        rule="R69",
        what="callers who will leave are counted as if they stayed",
        file="ivr/policy/wait.py",
        old="pace.theta * (1 - patient)",
        new="0.0",
        test="tests/policy/test_wait.py"
        "::test_everybody_ahead_costs_a_talk_s_share_until_they_lose_patience__R69",
    ),
    Breakage(
        rule="R69",
        what="a wait grows longer in silence",
        file="ivr/policy/wait.py",
        old="if minutes > before.minutes_left(at) else None",
        new="if minutes > before.minutes else None",
        test="tests/policy/test_wait.py::test_a_longer_time_is_said_with_its_reason__R69",
    ),
    Breakage(
        rule="R70",
        what="outside the opening hours an agent is rung",
        file="ivr/policy/call_flow.py",
        old="    if not rules.hours.is_open(event.at):",
        new="    if False:",
        test="tests/policy/test_outside_hours.py"
        "::test_nobody_is_rung_and_the_caller_hears_when_we_are_open_again__R68_R70",
    ),
    Breakage(
        rule="R67",
        what="a colleague who talks is offered a call before whoever waits longer",
        file="ivr/policy/floor.py",
        old="if any(waiting.order < mine.order for waiting in self.others(call)):",
        new="if False:",
        test="tests/policy/test_colleague.py::test_who_is_not_first_in_line_does_not_overtake_by_it_r69",
    ),
    Breakage(
        rule="R67",
        what="who does not come to a second call has missed it",
        file="ivr/policy/call_flow.py",
        old="    if call.knocking:",
        new="    if False:",
        test="tests/policy/test_colleague.py::test_who_does_not_come_to_a_second_call_has_missed_nothing_r67",
    ),
    Breakage(
        rule="R68",
        what="the offer comes without the reason",
        file="ivr/policy/offer.py",
        old="words = (*prompts, Prompt.OFFER_CALLBACK,",
        new="words = (*call.greeting(rules), Prompt.OFFER_CALLBACK,",
        test="tests/policy/test_offer.py"
        "::test_a_long_wait_is_said_with_its_reason_and_a_callback_is_offered_r67_r68_r70",
    ),
    Breakage(
        rule="R69",
        what="silence takes the callback",
        file="ivr/policy/offer.py",
        old="if event.digits == CALLBACK_KEY else None",
        new="if True else None",
        test="tests/policy/test_offer.py::test_silence_and_any_other_key_keep_his_place_r69[2]",
    ),
    Breakage(
        rule="R69",
        what="a short wait is not simply held",
        file="ivr/policy/offer.py",
        old=".p80_seconds > rules.hold_if_wait_at_most_seconds",
        new=".p80_seconds > 0",
        test="tests/policy/test_offer.py::test_a_short_wait_is_held_and_nothing_is_offered_r69",
    ),
    Breakage(
        rule="R70",
        what="a callback is promised without his number being confirmed",
        file="ivr/policy/offer.py",
        old="    if event.digits != CONFIRM_KEY:",
        new="    if False:",
        test="tests/policy/test_offer.py::test_silence_at_the_read_back_keeps_his_place_r69",
    ),
    Breakage(
        rule="R70",
        what="the guard is not asked about the number he keyed in",
        file="ivr/policy/offer.py",
        old="    if desk.refusal is not None:",
        new="    if False:",
        test="tests/policy/test_offer.py"
        "::test_a_keyed_number_the_guard_refuses_goes_to_a_person_with_the_reason_r70",
    ),
    Breakage(
        rule="R70",
        what="who rings again gets a second place at the end of the line",
        file="ivr/policy/offer.py",
        old="call, joined_callback=promised.callback_id, line_at=line_at, calls",
        new="call, joined_callback=promised.callback_id, calls",
        test="tests/policy/test_ring_again.py::test_his_place_in_line_is_that_of_the_callback_r70",
    ),
    Breakage(
        rule="R70",
        what="who rings again hears his own ring tone until the pickup",
        file="ivr/policy/call_flow.py",
        old='== "deadline" and call.joined_callback is None',
        new='== "deadline"',
        test="tests/policy/test_ring_again.py::test_with_nobody_free_he_hears_his_place_and_time_at_once_r70",
    ),
    Breakage(
        rule="R70",
        what="whoever was served when he rang again is called back all the same",
        file="ivr/policy/call_flow.py",
        old="commands=(*talks, *kept))",
        new="commands=talks)",
        test="tests/policy/test_ring_again.py"
        "::test_who_is_served_by_a_person_the_switch_rang_alone_is_not_called_back_r70",
    ),
    Breakage(
        rule="R70",
        what="the last channels are given away",
        file="ivr/policy/offer.py",
        old="or desk.channels_free >= rules.inbound_reserve:",
        new="or True:",
        test="tests/policy/test_reserve.py"
        "::test_at_the_reserve_a_callback_is_promised_without_a_conversation_and_he_is_let_go_r67_r70",
    ),
    Breakage(
        rule="R10",
        what="a callback is promised for hours in which he rests",
        file="ivr/policy/offer.py",
        old="        if until is None or due_at <= until:",
        new="        if True:",
        test="tests/policy/test_offer.py::test_no_time_is_promised_in_hours_when_he_rests_r10",
    ),
    Breakage(
        rule="R3",
        what="a caller is asked to rate us every time",
        file="ivr/policy/call_flow.py",
        old="(rules.satisfaction and floor.unrated_today)",
        new="rules.satisfaction",
        test="tests/policy/test_rating.py::test_who_was_asked_today_is_not_asked_again_r3",
    ),
    Breakage(
        rule="R69",
        what="a wait is compared with what was told shortly before its end",
        file="ivr/policy/wait_inputs.py",
        old="told = call.first_told",
        new="told = call.told",
        test="tests/policy/test_wait_inputs.py"
        "::test_a_wait_is_compared_with_what_was_told_first_not_with_a_last_word_shortly_before_the_end__R69",
    ),
    Breakage(
        rule="R69",
        what="a callback that nobody takes keeps the agents from every caller behind it",
        file="ivr/policy/floor.py",
        old="            elif waiting.callback_id is None:\n                free = [",
        new="            else:\n                free = [",
        test="tests/policy/test_floor.py"
        "::test_a_callback_that_nobody_free_takes_keeps_no_agent_from_the_caller_behind_it_r69_r70",
    ),
    Breakage(
        rule="R69",
        what="callbacks that nobody takes hide the callers behind them",
        file="ivr/policy/floor.py",
        old="any(map(waiting.reaches, left))):\n            continue\n",
        new="any(map(waiting.reaches, left))):\n            pass\n",
        test="tests/policy/test_floor.py"
        "::test_callbacks_that_nobody_free_takes_hide_no_caller_behind_them_r69_r70",
    ),
    Breakage(
        rule="R28b",
        what="the second person is named too late",
        file="ivr/policy/callback_flow.py",
        old="if len(failures) == 1 else ()",
        new="if len(failures) == 2 else ()",
        test="tests/policy/test_callback.py"
        "::test_only_the_first_failure_names_a_second_person_and_he_is_kept_r28b",
    ),
    Breakage(
        rule="R28b",
        what="a time of day is tried twice before another",
        file="ivr/policy/time_slots.py",
        old="used[slot.name], moment)",
        new="0, moment)",
        test="tests/policy/test_time_slots.py::test_the_next_slot_is_one_not_yet_used_r28b",
    ),
    Breakage(
        rule="R28b",
        what="what breaks off on our side again and again is never put off",
        file="ivr/policy/callback_flow.py",
        old=" and settled.failures == callback.failures:",
        new=":",
        test="tests/policy/test_callback.py"
        "::test_what_broke_off_three_times_in_a_row_is_tried_again_later_as_if_he_had_not_been_there_r28b_r70",
    ),
    Breakage(
        rule="R70",
        what="a second call from his number takes the callback from the first",
        file="ivr/policy/callback_flow.py",
        old="    if callback.joined_call not in {None, event.call_id}:",
        new="    if False:",
        test="tests/policy/test_callback.py"
        "::test_of_two_calls_from_his_number_the_first_has_the_place_and_whichever_is_served_ends_it_r70[8]",
    ),
    Breakage(
        rule="R69",
        what="a second call from his number gets the same place in line",
        file="ivr/policy/offer.py",
        old="promised.presented_at if _place_is_free(promised, call) else None",
        new="promised.presented_at",
        test="tests/policy/test_ring_again.py"
        "::test_a_second_call_from_his_number_takes_nothing_from_the_first_r69_r70",
    ),
    Breakage(
        rule="R70",
        what="who is promised a call is put on a person's list as well",
        file="ivr/policy/call_flow.py",
        old="    if call.promised or call.joined_callback is not None:\n        return Step(call=call)\n",
        new="",
        test="tests/policy/test_fallback.py"
        "::test_a_number_noted_of_whoever_is_promised_a_call_already_is_listed_no_second_time_r70",
    ),
    Breakage(
        rule="R10",
        what="a customer is told a new time again and again",
        file="ivr/policy/callback_flow.py",
        old="    if new_due_at is None or callback.announcements:",
        new="    if new_due_at is None:",
        test="tests/policy/test_callback.py"
        "::test_a_second_new_time_is_told_nobody_a_person_has_it_then_by_name_r10_r28b",
    ),
    Breakage(
        rule="R70",
        what="an attempt has the number of the one before",
        file="ivr/policy/callback_flow.py",
        old="epoch = callback.epoch + 1",
        new="epoch = callback.epoch",
        test="tests/policy/test_callback_any_order.py"
        "::test_no_attempt_begins_while_the_outcome_of_another_is_open_and_epochs_rise_r70",
    ),
    Breakage(
        rule="R70",
        what="a customer who is on our line is rung",
        file="ivr/policy/callback.py",
        old="or self.joined_call is not None or waits",
        new="or waits",
        test="tests/policy/test_callback.py"
        "::test_who_rings_again_keeps_his_place_and_is_not_rung_meanwhile_r70",
    ),
    Breakage(
        rule="R10",
        what="a promise is postponed by quiet hours",
        file="ivr/policy/callback.py",
        old="promised = not self.failures or at <= self.due_at",
        new="promised = not self.failures",
        test="tests/policy/test_callback.py"
        "::test_a_promise_that_can_be_kept_at_no_other_time_is_kept_in_quiet_hours_r10",
    ),
    Breakage(
        rule="R10",
        what="a new time holds before the customer has heard it",
        file="ivr/policy/callback_flow.py",
        old="told = replace(callback, new_due_at=new_due_at,",
        new="told = replace(callback, due_at=new_due_at, new_due_at=new_due_at,",
        test="tests/policy/test_callback.py"
        "::test_a_customer_hears_the_new_time_once_and_it_holds_only_when_he_heard_it_r10",
    ),
    Breakage(
        rule="R74",
        what="a page's phone may dial any number",
        file="ivr/service/consults.py",
        old='re.compile(r"call-([A-Za-z0-9_.-]{1,64})")',
        new='re.compile(r"(?:call-)?([A-Za-z0-9_.-]{1,64})")',
        test="tests/service/test_desk_phones.py"
        "::test_anything_else_an_agent_dials_is_refused_and_written_down_R74[13900139000]",
    ),
    Breakage(
        rule="R74",
        what="what a page dials goes where callers go",
        file="ivr/adapters/asterisk_desk_phones.py",
        old='"context": "hl-desk"',
        new='"context": "hotline"',
        test="tests/adapters/test_asterisk_desk_phones.py"
        "::test_a_page_may_dial_colleagues_alone_and_transfers_nobody_R74",
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


@dataclass(frozen=True, kw_only=True)
class Run:
    """pytest's exit code, None where it did not end in time, and what it printed."""

    exitcode: int | None
    told: str


class Copy:
    """The tree once more, with an environment of its own name, so that nothing of the original is run."""

    def __init__(self, directory: Path) -> None:
        self.root = directory / "copy"
        for part in PARTS:
            shutil.copytree(ROOT / part, self.root / part, ignore=shutil.ignore_patterns("__pycache__"))
            # Kept by what a file holds, not by when it was written: a broken file is never taken for the sound one.
            compileall.compile_dir(
                self.root / part, quiet=1, invalidation_mode=PycInvalidationMode.CHECKED_HASH
            )
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

    def run(self, *tests: str, at_most_seconds: float = AT_MOST_SECONDS) -> Run:
        """pytest on those tests, in the copy."""
        told = self.root / "told.txt"
        given = {"COPY": str(self.root), "TESTS": list(tests), "TOLD": str(told)}
        script = str(ROOT / "tests" / "one_broken_run.py")
        process = _FORKS.Process(target=runpy.run_path, args=(script, given, "broken"))
        process.start()
        process.join(at_most_seconds)
        if process.exitcode is None:
            process.kill()
            process.join()
        return Run(exitcode=process.exitcode, told=told.read_text("utf-8") if told.exists() else "")
