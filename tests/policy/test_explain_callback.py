"""The callback, the colleague and the rating as `hotline why` tells them."""

from dataclasses import replace

from ivr.policy.callback_guard import Allowed, Refusal, Refused
from ivr.policy.desk import CallbackDesk, OpenCallback
from ivr.policy.events import (
    AgentAnswered,
    CallOffered,
    DigitsPressed,
    HoldElapsed,
    HungUp,
    NumberNoted,
    RingEnded,
    RingResult,
)
from ivr.policy.floor import Floor
from ivr.policy.rules import Rules
from ivr.policy.wait import Pace
from tests.cast import CALLER
from tests.policy.stories import ALL_TALK, NOBODY, WANG_FREE, at, chinese, english, story

NOW = Rules(answer_when_saturated="now")
LONG = replace(ALL_TALK, ahead=2, pace=Pace(handling_seconds=240), desk=CallbackDesk(verdict=Allowed()))
SHORT = replace(LONG, ahead=0, pace=Pace(handling_seconds=60))


def with_desk(floor: Floor, refusal: Refusal, promised: OpenCallback | None = None) -> Floor:
    return replace(floor, desk=CallbackDesk(verdict=Refused(reason=refusal), open=promised))


def test_an_offer_and_what_came_of_it_are_told_with_their_numbers() -> None:  # R70
    offered, chosen, confirmed, ended = story(
        (CallOffered(at=at(0)), LONG),
        (DigitsPressed(at=at(30), digits="1"), LONG),
        (DigitsPressed(at=at(45), digits="1"), LONG),
        (HungUp(at=at(60)), NOBODY),
        rules=NOW,
        ahead=2,
    )
    assert "超过可以等候的 180 秒，这个号码可以回电；" in chinese(offered)
    assert "longer than the 180 s a caller is held for, this number may be called back;" in english(offered)
    assert chinese(chosen).startswith(
        "来电人按了 1；没有人空闲，在岗 1 人，前面还有 2 位在等，这个号码可以回电；"
    )
    assert "记下约定：09:25 前回电 +8613800138000，来电人已按键同意，播放“callback_booked”" in chinese(
        confirmed
    )
    assert english(ended).endswith("outcome: a callback is promised")


def test_the_key_that_changes_the_music_is_told() -> None:  # R70
    *_, held = story((CallOffered(at=at(0)), SHORT), (HoldElapsed(at=at(9)), SHORT), rules=NOW)
    assert chinese(held).endswith("来电人听 1 秒音乐，保持次序，按 1 改为回电")


def test_why_nothing_was_offered_is_told() -> None:  # R70
    (told,) = story((CallOffered(at=at(0)), with_desk(LONG, Refusal.SERVICE_NUMBER)), rules=NOW)
    assert "这个号码不能自动回电（service_number）" in chinese(told)


def test_who_rings_again_is_told_by_his_callback() -> None:  # R70
    promised = OpenCallback(callback_id=7, presented_at=at(-300), due_at=at(300), ahead=1)
    again, left = story(
        (CallOffered(at=at(0)), with_desk(LONG, Refusal.ALREADY_PROMISED, promised)),
        (HungUp(at=at(20)), NOBODY),
    )
    assert (
        "这个号码已有约定的回电（编号 7，前面 1 位）；这个来电接替回电 7 的次序，不再给他打电话"
        in chinese(again)
    )
    assert chinese(left).endswith("结果：已约定回电；回电 7 的约定不变")
    *_, served = story(
        (CallOffered(at=at(0)), with_desk(WANG_FREE, Refusal.ALREADY_PROMISED, promised)),
        (AgentAnswered(at=at(5)), NOBODY),
    )
    assert english(served).endswith("Wang is talking, misses forgotten, callback 7 is done") or (
        chinese(served).endswith("未接次数清零，回电 7 已完成")
    )


def test_why_a_number_the_switch_noted_is_on_no_list_is_told() -> None:  # R70
    promised = OpenCallback(callback_id=7, presented_at=at(-300), due_at=at(300))
    _, noted = story(
        (CallOffered(at=at(0)), with_desk(LONG, Refusal.ALREADY_PROMISED, promised)),
        (NumberNoted(at=at(20), number=CALLER), NOBODY),
    )
    assert chinese(noted).endswith("已经约定给他回电，不再记入名单")
    assert english(noted).endswith("he is promised a call already, so it is put on no list")


def test_a_caller_let_go_for_the_reserve_is_told_by_the_channels() -> None:  # R70
    full = replace(SHORT, desk=CallbackDesk(verdict=Allowed(), channels_free=0))
    (told,) = story((CallOffered(at=at(0)), full))
    assert "中继还剩 0 路，要为新来电留 1 路；" in chinese(told)
    assert "回电 +8613800138000，为新来电让出线路" in chinese(told)


def test_a_colleague_who_was_offered_the_call_is_told() -> None:  # R67
    knocked, over = story(
        (CallOffered(at=at(0)), ALL_TALK),
        (RingEnded(at=at(13), result=RingResult.NO_ANSWER), ALL_TALK),
        rules=Rules(all_busy_first="colleague"),
    )
    assert "王芳正在通话，也向他提示这个来电（28 秒内有效）" in chinese(knocked)
    assert chinese(over).startswith(
        "王芳正在通话，电话提示了 13 秒，没有接（不算未接）；没有人空闲，在岗 1 人"
    )


def test_what_a_caller_thinks_of_us_is_told() -> None:  # R3
    *_, asked, rated = story(
        (CallOffered(at=at(0)), WANG_FREE),
        (AgentAnswered(at=at(5)), NOBODY),
        (RingEnded(at=at(60), result=RingResult.ANSWERED), Floor(unrated_today=True)),
        (DigitsPressed(at=at(66), digits="5"), NOBODY),
    )
    assert "记下今天请他评价过一次" in chinese(asked)
    assert chinese(rated).startswith("来电人按了 5；记下评价：5 分，播放“rating_thanks”")
