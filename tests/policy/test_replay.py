"""Where the policy of today decides otherwise, a told call says so, and what was done then stays told."""

from collections.abc import Iterable
from dataclasses import replace

from ivr.policy import explain
from ivr.policy.call import Phase
from ivr.policy.commands import AlertManager, HangUp, Hold, Reserve, Ring, Sound
from ivr.policy.events import (
    AgentAnswered,
    CallerFetched,
    CallOffered,
    TurnCame,
)
from ivr.policy.replay import Told, replay
from tests.policy.stories import ALL_TALK, CALL, HELD, NOBODY, RINGS, WANG_FREE, at, chinese, story


def changed(told: Iterable[Told], **fields: object) -> tuple[Told, ...]:
    """The same story with the last event stored otherwise."""
    noted = [step.noted for step in told]
    noted[-1] = replace(noted[-1], **fields)  # type: ignore[arg-type] # fields of Noted
    return replay(CALL, noted)


def test_a_decision_the_policy_of_today_would_not_make_is_told_as_it_was_and_marked() -> None:
    other = (
        Reserve(agent="li", lease_seconds=9.0),
        Ring(agent="li", phone="x", seconds=20.0, sound=Sound.MUSIC),
    )
    (told,) = changed(story((CallOffered(at=at(0)), WANG_FREE)), commands=other)
    assert not told.agrees
    assert chinese(told).endswith(
        "预留李强（9 秒内有效），来电人听音乐，李强的电话响铃，最多 20 秒；"
        "【与当时不同】现在的规则会这样做，预留王芳（35 秒内有效），王芳的电话响铃 13 秒，到服务器接起为止"
    )
    assert explain.numbers(told)["lease_seconds"] == 9.0
    assert explain.numbers(told)["now_lease_seconds"] == 35.0


def test_where_today_nothing_would_be_done_the_telling_says_so() -> None:
    told = changed(story(*HELD, (TurnCame(at=at(20)), ALL_TALK)), commands=(HangUp(),))
    assert chinese(told[3]).endswith("挂机；【与当时不同】现在的规则什么也不做")


def test_an_event_that_today_would_be_refused_is_told_with_what_was_done() -> None:
    hold = (Hold(seconds=4.0, sound=Sound.MUSIC),)
    told = changed(story(RINGS, (CallerFetched(at=at(3)), NOBODY)), floor=NOBODY, commands=hold)
    assert (
        chinese(told[1])
        == "CallerFetched；来电人听 4 秒音乐，保持次序；【与当时不同】现在的规则在这一阶段不接受这件事"
    )
    assert told[1].after == told[1].before


def test_an_event_refused_then_and_welcome_today_changes_nothing() -> None:
    told = changed(story(RINGS, (AgentAnswered(at=at(3)), NOBODY)), floor=None, commands=())
    assert chinese(told[1]) == (
        "AgentAnswered：在“响铃”阶段没有意义（迟到或重复），不作处理；"
        "【与当时不同】现在的规则会这样做，王芳转为通话中，未接次数清零"
    )
    assert told[1].after.phase is Phase.RINGING


def test_an_alert_of_another_version_is_told_by_its_name() -> None:
    told = changed(story(RINGS), commands=(AlertManager(kind="flood", agent=None),))
    assert "通知经理：flood" in chinese(told[0])
