"""What an agent is shown of his callers, each rule broken by one line; see tests.breakages."""

from tests.breakages import Breakage

_CARD = "tests/adapters/test_sql_caller_card.py"
_LIST = "tests/adapters/test_sql_callback_desk.py"

CALLER_BREAKAGES = (
    Breakage(
        rule="R64",
        what="the first ring is counted as the second",
        file="ivr/policy/caller_card.py",
        old="rules.ring_cycle_seconds, 6)) + 1",
        new="rules.ring_cycle_seconds, 6)) + 2",
        test="tests/policy/test_caller_card.py"
        "::test_the_agent_sees_in_which_ring_of_the_caller_he_is_r64[0-1]",
    ),
    Breakage(
        rule="R65",
        what="the agent is not told that his caller was greeted already",
        file="ivr/policy/caller_card.py",
        old="    if call.said_greeting:\n",
        new="    if False:\n",
        test="tests/policy/test_caller_card.py"
        "::test_the_agent_knows_every_word_his_caller_was_told_r65_r66_r68",
    ),
    Breakage(
        rule="R66",
        what="the card stays when the ring is over",
        file="ivr/service/caller_card.py",
        old="            return Stage.RINGING if seat.call is not None and seat.call.phase in _RINGS else None",
        new="            return Stage.RINGING",
        test=f"{_CARD}::test_it_is_gone_when_the_ring_is_r66[sqlite]",
    ),
    Breakage(
        rule="R66",
        what="a caller who rings an agent again is no new pop",
        file="ivr/service/caller_card.py",
        old='    return f"call-{contact.call_id}-{rung_at:%H%M%S%f}"',
        new='    return f"call-{contact.call_id}"',
        test=f"{_CARD}"
        "::test_another_ring_of_the_same_call_is_another_pop_and_the_same_ring_is_one_r66[sqlite]",
    ),
    Breakage(
        rule="R6",
        what="whoever gave up is rung back though we have spoken with him since",
        file="ivr/adapters/sql_callback_desk.py",
        old="sa.not_(_is_listed), sa.not_(_rang_again), sa.not_(_called_back)",
        new="sa.not_(_is_listed), sa.not_(_called_back)",
        test=f"{_LIST}::test_whoever_gave_up_is_rung_back_until_he_was_spoken_with_r6[sqlite]",
    ),
    Breakage(
        rule="R6",
        what="a caller who was not reached is rung no more",
        file="ivr/service/callback_desk.py",
        old="result, result in SETTLES, login",
        new="result, True, login",
        test=f"{_LIST}::test_a_caller_rung_back_is_done_by_name_once_r6[sqlite]",
    ),
    Breakage(
        rule="R9",
        what="the callback promised longest ago comes last",
        file="ivr/adapters/sql_callback_desk.py",
        old="    .order_by(callbacks.c.due_at, callbacks.c.id)",
        new="    .order_by(callbacks.c.due_at.desc(), callbacks.c.id)",
        test=f"{_LIST}::test_the_most_overdue_callback_comes_first_his_own_before_the_floor_s_r9[sqlite]",
    ),
    Breakage(
        rule="R9",
        what="an agent who calls back is not told what the customer was promised",
        file="ivr/service/caller_card.py",
        old="self._reader.callback(seat.callback_id)",
        new="None",
        test=f"{_CARD}::test_for_a_callback_the_agent_sees_whose_when_and_in_which_words_r9[sqlite]",
    ),
    Breakage(
        rule="R40",
        what="our engineer is taken for the customer he is with",
        file="ivr/service/caller_card.py",
        old="engineer=self._reader.visitor(caller, self._now)",
        new="engineer=None",
        test=f"{_CARD}::test_our_own_engineer_calls_from_a_customer_s_telephone_r40[sqlite]",
    ),
    Breakage(
        rule="R40",
        what="our engineer's calls count as a customer's",
        file="ivr/adapters/sql_reports.py",
        old=".where(of_customers(calls.c.id, since)).order_by(calls.c.id)",
        new=".order_by(calls.c.id)",
        test="tests/adapters/test_sql_reports.py"
        "::test_our_own_engineer_s_call_from_a_customer_s_telephone_is_no_customer_s_r40[sqlite]",
    ),
    *(
        Breakage(
            rule="R40",
            what=f"our engineer's calls count in {where}",
            file=f"ivr/adapters/{file}.py",
            old=old,
            new=new,
            test="tests/adapters/test_sql_visitors.py"
            "::test_our_engineer_s_calls_are_in_no_figure_of_the_hotline_R40[sqlite]",
        )
        for where, file, old, new in (
            ("the board", "sql_board", "_since(since, from_id), theirs)", "_since(since, from_id))"),
            (
                "the board's settled day",
                "sql_board",
                "calls.c.ended_at <= by, theirs",
                "calls.c.ended_at <= by",
            ),
            ("the list behind a figure", "sql_call_list", ", of_customers(calls.c.id, since)", ""),
            ("a past day", "sql_past_days", ", of_customers(calls.c.id, from_at)", ""),
            ("the alarms", "sql_alarms", ", of_customers(calls.c.id, since)", ""),
        )
    ),
    Breakage(
        rule="R40",
        what="a visit given to an engineer is known to nobody",
        file="ivr/service/record_visits.py",
        old='"visit_scheduled", change, moves=True, stay=stay)',
        new='"visit_scheduled", change)',
        test="tests/adapters/test_sql_visitors.py"
        "::test_a_visit_given_to_an_engineer_enters_itself_and_goes_with_it_R40[sqlite]",
    ),
    Breakage(
        rule="R67",
        what="nobody is reminded of whom he keeps on hold",
        file="webhooks/templates/caller.html",
        old="{{ rules.hold_alarm_seconds }}",
        new="{{ 10 * rules.hold_alarm_seconds }}",
        test="tests/webhooks/test_caller_pages.py"
        "::test_the_card_is_told_after_how_long_whoever_holds_is_brought_to_mind_r67",
    ),
    Breakage(
        rule="R67",
        what="a second call is not shown",
        file="ivr/service/caller_card.py",
        old="        if call is None or call.phase == Phase.ENDED:",
        new="        if call is not None or call is None:",
        test=f"{_CARD}::test_a_second_call_is_shown_beside_the_first_and_which_is_which_is_clear_r67[sqlite]",
    ),
    Breakage(
        rule="R68",
        what="the agent is not told that his caller heard the reason already",
        file="ivr/policy/caller_card.py",
        old="    if call.apologised or call.told is not None:",
        new="    if False:",
        test="tests/policy/test_caller_card.py"
        "::test_the_agent_knows_every_word_his_caller_was_told_r65_r66_r68",
    ),
)
