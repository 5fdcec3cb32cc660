"""One line broken for each rule the managers' pages keep, and the test that must notice."""

from tests.breakages import Breakage

BOARD_BREAKAGES = (
    Breakage(
        rule="R80",
        what="nobody is told of a complaint that was not answered in time",
        file="ivr/policy/alarms.py",
        old="    yield from _complaints(look)\n",
        new="",
        test="tests/service/test_alarms.py"
        "::test_a_complaint_without_feedback_is_told_once_and_is_over_when_it_was_given_r80",
    ),
    Breakage(
        rule="R45",
        what="a company is not found by the sound of its name",
        file="ivr/adapters/sql_company_search.py",
        old="sa.or_(found, sound.contains(text, autoescape=True))",
        new="found",
        test="tests/adapters/test_sql_companies.py"
        "::test_a_company_is_found_by_name_however_spelled_and_by_pinyin_r45[sqlite]",
    ),
    Breakage(
        rule="R45",
        what="a company's file is silent about what was promised to it",
        file="ivr/adapters/sql_companies.py",
        old='        *_items(connection, "promise", _promises(of_company)),\n',
        new="",
        test="tests/adapters/test_sql_companies.py"
        "::test_the_file_has_contacts_records_calls_and_what_is_open_the_most_urgent_first_r45[sqlite]",
    ),
    Breakage(
        rule="R10",
        what="nobody is told that a promise is in danger",
        file="ivr/policy/alarms.py",
        old="        if promise.due_at > soon:",
        new="        if promise.due_at > look.at:",
        test="tests/policy/test_alarms.py"
        "::test_a_promise_is_in_danger_ten_minutes_before_and_broken_after_its_time_r10[10-promise_in_danger]",
    ),
    Breakage(
        rule="R10",
        what="a promise broken in silence is fine while there are few",
        file="ivr/policy/goals.py",
        old='"promises_broken_in_silence": Goal(value=0.0',
        new='"promises_broken_in_silence": Goal(value=1.0',
        test="tests/policy/test_goals.py::test_a_promise_broken_in_silence_is_an_alarm_however_few_r10",
    ),
    Breakage(
        rule="R67",
        what="nobody is told that nobody is there",
        file="ivr/policy/alarms.py",
        old="    if on_duty == 0 or longest",
        new="    if longest",
        test="tests/policy/test_alarms.py"
        "::test_nobody_on_duty_is_told_at_once_and_nobody_free_after_a_while_r67",
    ),
    Breakage(
        rule="R69",
        what="a long wait alarms nobody",
        file="ivr/policy/alarms.py",
        old="    if longest > rules.alarm_wait_seconds:",
        new="    if longest > 2 * rules.alarm_wait_seconds:",
        test="tests/policy/test_alarms.py::test_a_wait_is_an_alarm_only_when_it_is_longer_than_the_limit_r69",
    ),
    Breakage(
        rule="the level's hysteresis",
        what="an alarm ends as soon as its target is reached again",
        file="ivr/policy/alarms.py",
        old="    if level.value < (ends_at if standing else target)",
        new="    if level.value < target",
        test="tests/policy/test_alarms.py"
        "::test_once_fired_it_is_over_at_the_target_plus_the_margin_and_not_before",
    ),
    Breakage(
        rule="one episode",
        what="two sweeps tell the same trouble twice",
        file="ivr/adapters/sql_alarms.py",
        old='    " VALUES (:at, :kind, :agent, :call_id, :detail, :about, :at) ON CONFLICT DO NOTHING"',
        new='    " VALUES (:at, :kind, :agent, :call_id, :detail, :about || :at, :at) ON CONFLICT DO NOTHING"',
        test="tests/adapters/test_sql_alarms.py"
        "::test_an_episode_is_told_once_and_again_only_after_it_was_over[sqlite]",
    ),
    Breakage(
        rule="the same figures",
        what="what comes home late is missing from the board",
        file="ivr/service/today.py",
        old="        if self._changed_behind_us(now):",
        new="        if False:",
        test="tests/adapters/test_sql_board.py"
        "::test_a_call_that_comes_home_late_or_is_put_right_later_is_in_the_figures_in_half_a_minute[sqlite]",
    ),
    Breakage(
        rule="displays",
        what="a revoked key still opens",
        file="ivr/adapters/sql_kiosk_keys.py",
        old="where(_valid, kiosk_keys.c.key_hash == key_hash)",
        new="where(kiosk_keys.c.key_hash == key_hash)",
        test="tests/adapters/test_sql_kiosk_keys.py"
        "::test_a_key_opens_until_it_is_revoked_and_survives_a_restart[sqlite]",
    ),
)
