"""One line broken for each rule of the records, and the test that must notice; see tests.breakages."""

from tests.breakages import Breakage

_ENDINGS = "tests/policy/test_endings.py::"
_VISIT = "tests/policy/test_visit.py::"
_FORM = "tests/policy/test_record_form.py::"
_ANSWERS = "tests/policy/test_record_answers.py::"
_SHOWN = (
    "tests/policy/test_say.py"
    "::test_every_forbidden_phrase_is_shown_with_what_to_say_instead_R13_R14_R15_R16_R17_R18_R75"
)


def _unseen(row: int, pattern: str) -> Breakage:
    """A phrase that is not found any more."""
    return Breakage(
        rule=f"R{row}",
        what=f"the phrase of row {row} is found no more",
        file="ivr/policy/phrases.py",
        old=pattern,
        new=pattern.replace('"', '"(?!)', 1),
        test=_SHOWN,
    )


RECORD_BREAKAGES = (
    Breakage(
        rule="R9",
        what="a record is closed over what is still owed",
        file="ivr/policy/endings.py",
        old="    if owed:",
        new="    if False:",
        test=_ENDINGS + "test_a_record_with_a_promise_not_kept_yet_is_not_closed_R9",
    ),
    Breakage(
        rule="R9",
        what="half a solution closes a record",
        file="ivr/policy/endings.py",
        old="    if not solved_fully:",
        new="    if False:",
        test=_ENDINGS + "test_half_a_solution_closes_nothing_R9",
    ),
    Breakage(
        rule="R10",
        what="what cannot be done is promised",
        file="ivr/policy/endings.py",
        old="    if hours.next_callable(due_at) != due_at:",
        new="    if False:",
        test=_ENDINGS + "test_nothing_is_promised_for_an_hour_in_which_nobody_is_here_R10",
    ),
    Breakage(
        rule="R11",
        what="a visit is dropped by whoever likes",
        file="ivr/policy/visit.py",
        old='dropped in silence (R11)."""\n    if not manager:',
        new='dropped in silence (R11)."""\n    if False:',
        test=_VISIT + "test_no_visit_is_dropped_in_silence_a_manager_says_why_R11",
    ),
    Breakage(
        rule="R12",
        what="words for the customer are not looked at",
        file="ivr/policy/refusal.py",
        old='        for finding in lint(text or ""):',
        new='        for finding in lint(""):',
        test=_ENDINGS + "test_words_beside_the_sentence_are_checked_R12_R15",
    ),
    _unseen(13, 'rf"我们不管'),
    _unseen(14, 'r"[跟和与]我们'),
    _unseen(15, 'r"没有?办法'),
    _unseen(16, 'r"随便'),
    _unseen(17, 'r"(?<![听看])不清楚'),
    _unseen(18, 'rf"(?<!我们)不知道'),
    _unseen(75, 'rf"我们不知道'),
    Breakage(
        rule="R71",
        what="a page that has not seen the last draft overwrites it",
        file="ivr/service/desk_records.py",
        old="if record.version != seen_version:",
        new="if False:",
        test="tests/adapters/test_sql_desk_records.py"
        "::test_a_page_that_has_not_seen_the_last_draft_overwrites_nothing_unasked_R71[sqlite]",
    ),
    Breakage(
        rule="R72a",
        what="the callers number counts without his word",
        file="ivr/policy/record_answers.py",
        old="    if answers.contact_phone and not answers.phone_confirmed:",
        new="    if False:",
        test=_ANSWERS + "test_the_callers_number_alone_is_not_enough_he_has_to_confirm_it_R72a",
    ),
    Breakage(
        rule="R72a",
        what="the bureau need not be asked",
        file="ivr/policy/record_answers.py",
        old="if question.required and not answers.of(question.id)]",
        new='if question.required and question.id != "tax_bureau" and not answers.of(question.id)]',
        test=_ANSWERS + "test_closing_wants_company_confirmed_phone_and_bureau_in_that_order_R72a",
    ),
    Breakage(
        rule="R72b",
        what="the fault need not be asked for",
        file="ivr/policy/record_form.py",
        old="    if SYMPTOM not in {question.id for question in questions}:",
        new="    if False:",
        test=_FORM + "test_a_form_that_does_not_ask_for_the_fault_is_refused_R72b",
    ),
    Breakage(
        rule="R72c",
        what="the lights are not red any more",
        file="config/form.toml",
        old='  { id = "red", zh = "红灯", en = "Red" },\n',
        new="",
        test=_FORM + "test_the_card_readers_lights_are_normal_red_green_or_dark_R72c",
    ),
    Breakage(
        rule="R72d",
        what="that something was not asked is no answer",
        file="ivr/policy/record_answers.py",
        old='return NOT_ASKED if question.letter and f"{NOT_ASKED}_{question.letter}" in values else None',
        new="return None",
        test=_ANSWERS + "test_that_the_memory_was_not_asked_about_is_an_answer_R72d",
    ),
    Breakage(
        rule="R72e",
        what="the printer's driver comes before the memory",
        file="config/form.toml",
        old='letter = "b"',
        new='letter = "c"',
        test=_FORM + "test_the_shipped_form_asks_in_the_norms_own_order_R72a_R72b_R72c_R72d_R72e_R72f",
    ),
    Breakage(
        rule="R72f",
        what="an odd card date is not hinted at",
        file="ivr/policy/record_answers.py",
        old="if card is not None and abs(card - today) > timedelta(days=1):",
        new="if False:",
        test=_ANSWERS + "test_odd_dates_of_the_tax_card_are_hinted_at_R72f",
    ),
    Breakage(
        rule="R72",
        what="a promise without its sentence",
        file="ivr/policy/endings.py",
        old="    if wish.said_at is None:",
        new="    if False:",
        test=_ENDINGS + "test_the_sentence_comes_before_the_promise_R72",
    ),
    Breakage(
        rule="R73",
        what="a promise without a person",
        file="ivr/policy/refusal.py",
        old="    if not login:",
        new="    if False:",
        test=_ENDINGS + "test_a_named_person_finds_the_answer_R73",
    ),
    Breakage(
        rule="R73",
        what="a promise is kept without contact",
        file="ivr/policy/endings.py",
        old="    if contacted is not Contacted.REACHED:",
        new="    if False:",
        test=_ENDINGS + "test_who_did_not_answer_was_not_contacted_R73",
    ),
    Breakage(
        rule="R74",
        what="a caller is handed to another department",
        file="ivr/policy/refusal.py",
        old="    if login not in team:",
        new="    if False:",
        test=_ENDINGS + "test_nobody_outside_the_team_can_be_handed_a_caller_R74",
    ),
    Breakage(
        rule="R76",
        what="who asked for a visit approves it himself",
        file="ivr/policy/visit.py",
        old="    if visit.requested_by == login:",
        new="    if False:",
        test=_VISIT + "test_a_manager_decides_and_nobody_about_his_own_request_R76",
    ),
    Breakage(
        rule="R76",
        what="a visit's time is agreed before the approval",
        file="ivr/policy/visit.py",
        old="    if visit.state not in {VisitState.APPROVED, VisitState.SCHEDULED}:",
        new="    if False:",
        test=_VISIT + "test_no_time_is_agreed_while_no_manager_has_decided_R76",
    ),
    Breakage(
        rule="R77",
        what="the agreement's end is not asked",
        file="ivr/policy/visit.py",
        old="    if asked.told is None and not asked.unknown:",
        new="    if False:",
        test=_VISIT + "test_a_visit_is_asked_for_after_the_agreements_end_was_asked_R77",
    ),
    Breakage(
        rule="R77",
        what="a charge is not told",
        file="ivr/policy/visit.py",
        old="    if asked.expired(today) and not charge_explained:",
        new="    if False:",
        test=_VISIT + "test_a_visit_after_the_agreements_end_is_told_to_be_charged_for_R77",
    ),
    Breakage(
        rule="R78",
        what="the customer's own words are checked",
        file="ivr/policy/complaint.py",
        old="    may_be_said(wish.answer)",
        new="    may_be_said(wish.answer, wish.said)",
        test="tests/policy/test_complaint.py"
        "::test_the_customers_own_words_are_taken_down_whatever_they_are_R78",
    ),
    Breakage(
        rule="R79",
        what="a complaint without an apology",
        file="ivr/policy/complaint.py",
        old="    if not wish.apologised:",
        new="    if False:",
        test="tests/policy/test_complaint.py::test_nobody_complains_without_hearing_an_apology_R79",
    ),
    Breakage(
        rule="R82",
        what="other business cannot be told apart from a customer's",
        file="ivr/policy/endings.py",
        old="    if ending is not Disposition.SOLVED:",
        new="    if ending is Disposition.WRONG_NUMBER:",
        test=_ENDINGS + "test_business_that_is_none_of_the_hotlines_is_closed_without_a_company_R82",
    ),
)
