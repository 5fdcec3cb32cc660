"""A call's story is told as it was decided, with the numbers of that moment, in both languages."""

import string
from dataclasses import replace

import pytest

from ivr.policy import explain, explain_events
from ivr.policy.call import Phase
from ivr.policy.call_flow import TRANSITIONS
from ivr.policy.events import (
    AgentAnswered,
    CallerFetched,
    CallerGreeted,
    CallOffered,
    DigitsPressed,
    HoldElapsed,
    HungUp,
    NumberNoted,
    RingEnded,
    RingResult,
    TurnCame,
)
from ivr.policy.explain_words import EN, WORDS, ZH, Clause, sentence
from ivr.policy.floor import AgentState, Floor, Waiting
from ivr.policy.opening_hours import parse_opening_hours
from ivr.policy.rules import Rules
from ivr.policy.wait import Pace
from tests.policy.stories import (
    ALL_TALK,
    CALL,
    HELD,
    NAMES,
    NOBODY,
    RINGS,
    WANG_FREE,
    agent,
    at,
    chinese,
    english,
    story,
)

CUT = (RingEnded(at=at(13), result=RingResult.NO_ANSWER), Floor(agents=(agent("wang", AgentState.RESERVED),)))


def test_a_ring_that_goes_on_under_the_greeting_is_told_with_its_seconds() -> None:  # R64, R65
    offered, cut = story((CallOffered(at=at(0)), WANG_FREE), CUT)
    assert chinese(offered) == (
        "电话打进来，来电人听到回铃音（第三声铃到 15 秒结束；到 13 秒还没有人接，由服务器接起）；"
        "空闲：王芳（已空闲 60 秒），在岗 1 人，前面没有人在等；"
        "预留王芳（35 秒内有效），王芳的电话响铃 13 秒，到服务器接起为止"
    )
    assert chinese(cut) == (
        "第三声铃结束前 2 秒，王芳的电话已响 13 秒，还没有接；"
        "服务器接起，问候“您好，金穗公司”，王芳的电话继续响铃（已响 13 秒，还可响 7 秒）"
    )
    assert english(cut) == (
        "2 s before the end of the third ring, the phone of 王芳 has rung 13 s unanswered; "
        "the server picks up and greets “您好，金穗公司”, the phone of 王芳 rings on (rung 13 s, 7 s left)"
    )
    assert explain.numbers(cut) == {
        "rings": 3,
        "to_deadline_seconds": 2.0,
        "agent": "wang",
        "rung_seconds": 13.0,
        "prompts": ["greeting"],
        "ring_seconds": 7.0,
    }
    assert (cut.offset_seconds, cut.agrees, cut.refused) == (13.0, True, False)


def test_a_talk_is_told_from_its_answer_to_the_notes_after_it() -> None:
    told = story(
        RINGS,
        (AgentAnswered(at=at(4)), NOBODY),
        (CallerGreeted(at=at(4.1)), NOBODY),
        (RingEnded(at=at(64), result=RingResult.ANSWERED), WANG_FREE),
        (HungUp(at=at(64.5)), NOBODY),
        (HungUp(at=at(65)), NOBODY),
        (NumberNoted(at=at(66), number="+8613800138000"), NOBODY),
    )
    assert (
        chinese(told[1])
        == "王芳接听，开始通话：来电人共等了 4 秒，王芳的电话响了 3.99 秒；王芳转为通话中，未接次数清零"
    )
    assert chinese(told[2]) == "交换机再次报告接起时刻，以第一次为准"
    assert chinese(told[3]) == "通话结束，共 60 秒；王芳整理记录 30 秒，挂机"
    assert chinese(told[4]) == "来电线路断开，共 64.5 秒，结果：已服务"
    assert chinese(told[5]) == "HungUp：在“已结束”阶段没有意义（迟到或重复），不作处理"
    assert english(told[5]) == "HungUp: means nothing while ended (late or repeated), nothing done"
    assert "交换机自己记下了号码 +8613800138000" in chinese(told[6])
    assert all(step.agrees for step in told)
    assert told[5].refused


def test_a_caller_who_hangs_up_first_ends_a_talk_with_its_length() -> None:
    told = story(RINGS, (AgentAnswered(at=at(4)), NOBODY), (HungUp(at=at(34)), NOBODY))
    assert chinese(told[2]) == "挂机，通话 30 秒，结果：已服务；王芳整理记录 30 秒"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (13.2, "服务器已接起：第 3 声铃，13.2 秒，在 15 秒的时限之内"),
        (15.3, "服务器已接起：第 4 声铃，15.3 秒，超过了 15 秒的时限"),
    ],
)
def test_the_pickup_is_told_as_in_time_or_late(seconds: float, said: str) -> None:  # R64
    told = story(RINGS, (CallerGreeted(at=at(seconds)), NOBODY))
    assert chinese(told[1]) == said


def test_a_ring_cut_late_says_how_late() -> None:
    told = story(RINGS, (RingEnded(at=at(15.5), result=RingResult.NO_ANSWER), WANG_FREE))
    assert chinese(told[1]).startswith("第三声铃已结束 0.5 秒，王芳的电话已响 15.49 秒")


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (RingResult.NO_ANSWER, "王芳的电话响了 3 秒，没有接"),
        (RingResult.BUSY, "王芳的电话占线（3 秒后）"),
        (RingResult.UNREACHABLE, "王芳的电话不通（3 秒后）"),
        (RingResult.ANSWERED, "王芳的电话报告接通，却没有人开口的时刻（3 秒后），不算已服务"),
    ],
)
def test_a_phone_that_was_not_answered_says_why_and_the_next_agent_rings(
    result: RingResult, said: str
) -> None:
    both = Floor(agents=(agent("wang", AgentState.RESERVED, misses=1), agent("li")))
    told = story((CallOffered(at=at(0)), WANG_FREE), (RingEnded(at=at(3), result=result), both))
    assert chinese(told[1]) == (
        f"{said}；空闲：李强（已空闲 33 秒），在岗 2 人，前面没有人在等；"
        "王芳连续第 2 次未接（满 2 次停岗），转为离开，通知经理：王芳已停岗，"
        "预留李强（35 秒内有效），李强的电话响铃 10 秒，到服务器接起为止"
    )


def test_the_last_agent_on_duty_is_not_stood_down_and_the_manager_is_told() -> None:
    alone = Floor(agents=(agent("wang", AgentState.RESERVED, misses=1),))
    told = story(
        (CallOffered(at=at(0)), WANG_FREE), (RingEnded(at=at(3), result=RingResult.NO_ANSWER), alone)
    )
    assert "王芳连续第 2 次未接（满 2 次停岗），排到空闲次序的最后" in chinese(told[1])
    assert "王芳是最后一位在岗的人，不停岗，通知经理" in chinese(told[1])


def test_a_miss_of_an_agent_who_has_left_the_floor_counts_as_his_first() -> None:
    told = story(
        (CallOffered(at=at(0)), WANG_FREE), (RingEnded(at=at(3), result=RingResult.NO_ANSWER), ALL_GONE)
    )
    assert explain.numbers(told[1])["misses"] == 1


ALL_GONE = Floor(agents=(agent("li", AgentState.TALKING),))


def test_waiting_in_line_is_told_with_the_callers_ahead() -> None:  # R67, R69
    told = story(
        (CallOffered(at=at(0)), ALL_TALK),
        (HoldElapsed(at=at(10)), ALL_TALK),
        (HoldElapsed(at=at(13)), ALL_TALK),
        (CallerGreeted(at=at(13.1)), NOBODY),
        (HoldElapsed(at=at(23)), ALL_TALK),
        (HungUp(at=at(24)), NOBODY),
        ahead=2,
    )
    assert chinese(told[0]).endswith("没有人空闲，在岗 1 人，前面还有 2 位在等；来电人再听 10 秒回铃音")
    assert chinese(told[1]).startswith("听了 10 秒回铃音；")
    assert "播放“您好，金穗公司”“all_busy”，来电人听 1 秒音乐，保持次序" in chinese(told[2])
    assert chinese(told[4]).startswith("已排队 10 秒（最多 600 秒）；没有人空闲")
    assert chinese(told[5]) == "来电线路断开，共 24 秒，结果：放弃"
    assert explain.numbers(told[4])["ahead"] == 2


def test_a_caller_fetched_out_of_the_music_is_told_step_by_step() -> None:
    told = story(
        *HELD,
        (TurnCame(at=at(20)), WANG_FREE),
        (HoldElapsed(at=at(20.5)), Floor()),
        (CallerFetched(at=at(20.7)), NOBODY),
        (HungUp(at=at(21)), NOBODY),
    )
    assert chinese(told[3]) == (
        "轮到这位来电人（已等 20 秒）；空闲：王芳（已空闲 80 秒），在岗 1 人，前面没有人在等；"
        "预留王芳（35 秒内有效），把来电人从等候中请出来"
    )
    assert (
        chinese(told[4])
        == "音乐放完，来电人还没有被请出来（已 0.5 秒，满 2 秒就自己出来）；来电人听 1 秒音乐，保持次序"
    )
    assert chinese(told[5]) == "来电人离开音乐（用了 0.7 秒）；来电人听音乐，王芳的电话响铃，最多 20 秒"
    assert chinese(told[6]) == "来电线路断开，共 21 秒，结果：放弃；王芳恢复空闲，次序不变"


def test_a_turn_that_came_too_late_says_that_nobody_is_free() -> None:
    told = story(*HELD, (TurnCame(at=at(20)), ALL_TALK))
    assert chinese(told[3]) == "轮到这位来电人（已等 20 秒）；没有人空闲，在岗 1 人，前面没有人在等"


def test_a_free_agent_who_belongs_to_somebody_ahead_is_said_to() -> None:
    ahead = Floor(agents=(agent("wang"),), line=(Waiting(call_id=3, presented_at=at(-5)),))
    told = story((CallOffered(at=at(0)), ahead), ahead=1)
    assert "前面还有 1 位在等，空闲的人先接前面的来电；" in chinese(told[0])


def test_an_agent_who_just_let_this_call_ring_is_said_to_be_left_alone() -> None:
    told = story(
        (CallOffered(at=at(0)), WANG_FREE),
        (RingEnded(at=at(3), result=RingResult.BUSY), ALL_TALK),
        (HoldElapsed(at=at(10)), WANG_FREE),
    )
    assert "王芳刚让这个来电响过，暂不再响" in chinese(told[2])
    assert "空闲的人先接" not in chinese(told[2])


def test_a_ring_that_begins_after_the_pickup_point_greets_at_once() -> None:
    told = story((CallOffered(at=at(0)), ALL_TALK), (HoldElapsed(at=at(12.5)), WANG_FREE))
    assert "服务器接起，问候“您好，金穗公司”，王芳的电话响铃，最多 20 秒" in chinese(told[1])


def test_a_ring_shorter_than_the_time_to_the_pickup_is_told_plainly() -> None:
    told = story((CallOffered(at=at(0)), WANG_FREE), rules=Rules(agent_ring_seconds=8))
    assert chinese(told[0]).endswith("王芳的电话响铃，最多 8 秒")


def test_with_nobody_on_duty_the_fallback_phones_ring_then_the_number_is_taken() -> None:  # R70
    rules = Rules(fallback_phones=("tel:+8613900139000",))
    told = story(
        (CallOffered(at=at(0)), NOBODY),
        (RingEnded(at=at(20), result=RingResult.NO_ANSWER), NOBODY),
        (HungUp(at=at(30)), NOBODY),
        rules=rules,
    )
    assert "没有人在岗；播放" in chinese(told[0])
    assert chinese(told[0]).endswith("响备用电话 tel:+8613900139000，最多 20 秒")
    assert chinese(told[1]) == (
        "备用电话 tel:+8613900139000 没有接通（no_answer）；没有人在岗；"
        "号码 +8613800138000 写进回拨名单，播放“number_noted”“goodbye”，挂机"
    )
    assert chinese(told[2]).endswith("结果：号码已留下，等待回拨")


def test_a_fallback_phone_that_answers_is_told_by_its_number() -> None:
    rules = Rules(fallback_phones=("endpoint:duty",))
    told = story((CallOffered(at=at(0)), NOBODY), (AgentAnswered(at=at(6)), NOBODY), rules=rules)
    assert chinese(told[1]) == "备用电话 endpoint:duty 接听，开始通话：来电人共等了 6 秒"


def test_a_person_the_switch_reached_by_itself_is_told_as_that() -> None:
    told = story((CallOffered(at=at(0)), ALL_TALK), (AgentAnswered(at=at(6)), NOBODY))
    assert chinese(told[1]) == "交换机自己接通的人已在通话：来电人共等了 6 秒"


@pytest.mark.parametrize(
    ("digits", "said"),
    [
        ("13800138000", "来电人按了 13800138000；号码 +8613800138000 写进回拨名单"),
        ("", "来电人没有按键；播放“no_number”，挂机"),
    ],
)
def test_a_withheld_caller_is_told_by_what_he_keyed_in(digits: str, said: str) -> None:
    asked = (CallOffered(at=at(0)), NOBODY)
    told = story(asked, (DigitsPressed(at=at(9), digits=digits), NOBODY), call=replace(CALL, number=None))
    assert chinese(told[0]).endswith("最多收 18 位，5 秒不按就结束")
    assert chinese(told[1]).startswith(said)


# ---- the words ----


def test_both_languages_have_the_same_sentences_with_the_same_numbers() -> None:
    zh, en = WORDS[ZH].sentences, WORDS[EN].sentences
    assert zh.keys() == en.keys()
    assert {key: _fields(text) for key, text in zh.items()} == {
        key: _fields(text) for key, text in en.items()
    }


def _fields(text: str) -> set[str | None]:
    return {field for _text, field, _format, _conversion in string.Formatter().parse(text) if field}


def test_every_event_and_phase_of_the_call_flow_has_words() -> None:
    events = {event for table in TRANSITIONS.values() for event in table}
    assert explain_events._TOLD_BY.keys() == events
    assert WORDS[ZH].phases.keys() == {phase.value for phase in Phase}


def test_a_ring_beyond_the_tenth_is_told_in_digits() -> None:
    offered = Clause("offered", rings=12, deadline_seconds=60.0, pickup_seconds=58.0)
    assert "第12声铃到 60 秒结束" in sentence(((offered,),), ZH, NAMES)


def test_outside_the_hours_that_is_the_reason_told() -> None:
    rules = Rules(opening_hours=parse_opening_hours({"sunday": ["08:00-08:01"]}))
    told = story((CallOffered(at=at(0)), WANG_FREE), rules=rules)
    assert "不在工作时间内；" in chinese(told[0])
    assert "没有人在岗" not in chinese(told[0])


def test_the_wait_that_was_told_stands_with_the_numbers_it_was_reckoned_from() -> None:  # R69
    busy = replace(ALL_TALK, ahead=1, pace=Pace(handling_seconds=120.4, theta=0.001))
    patient = replace(busy, pace=Pace(handling_seconds=120))
    before = ((CallOffered(at=at(0)), busy), (HoldElapsed(at=at(13)), busy), (HoldElapsed(at=at(21)), busy))
    waits = Rules(hold_if_wait_at_most_seconds=600)
    held, told = story(*before, (HoldElapsed(at=at(27)), busy), rules=waits)[-2:]
    assert "预计等待不超过" not in chinese(held)
    assert "（1 人接听，每次 120 秒，耐心 1000 秒，修正 1）" in chinese(told)
    assert "耐心 ∞ 秒" in chinese(story(*before, (HoldElapsed(at=at(27)), patient), rules=waits)[-1])
