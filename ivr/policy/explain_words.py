"""The sentences of `hotline why`, one table a language; both tables have the same keys.

A clause names its sentence and brings its numbers; agents are called by their names, prompts by their words.
"""
# ruff: noqa: E501 # a sentence stays in one piece

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ivr.policy.explain_callback_words import CALLBACK_CHINESE, CALLBACK_ENGLISH

ZH, EN = "zh", "en"
PEOPLE = frozenset({"agent", "released", "missed_by", "wrapping_up", "alert_agent", "passed_over"})
NOW = "now_"  # before the name of a number that only today's policy would use


class Clause:
    """A sentence by its key, and its numbers by their names."""

    def __init__(self, key: str, **values: object) -> None:
        self.key = key
        self.values: Mapping[str, object] = values


@dataclass(frozen=True, kw_only=True)
class Words:
    """One language: sentences by key, and what stands between them. `ordinals` name the rings."""

    sentences: Mapping[str, str]
    phases: Mapping[str, str]
    ordinals: tuple[str, ...]
    comma: str
    semicolon: str
    between: str
    idle: str
    quotes: str


@dataclass(frozen=True, kw_only=True)
class Names:
    """What a telling calls things by: agents by login, prompts by key; an unknown one keeps its key."""

    agents: Mapping[str, str]
    prompts: Mapping[str, str]


def sentence(parts: Iterable[Iterable[Clause]], language: str, names: Names) -> str:
    """The parts of a telling as one line of that language."""
    words = WORDS[language]
    said = (words.comma.join(_said(clause, words, names) for clause in part) for part in parts)
    return words.semicolon.join(part for part in said if part)


def _said(clause: Clause, words: Words, names: Names) -> str:
    values = {key.removeprefix(NOW): value for key, value in clause.values.items()}
    spoken = {key: _spoken(key, value, values, (words, names)) for key, value in values.items()}
    return words.sentences[clause.key].format(**spoken)


def _spoken(key: str, value: object, values: Mapping[str, object], by: tuple[Words, Names]) -> str:
    words, names = by
    if key == "free":
        return _free(values, words, names)
    if key == "prompts":
        return "".join(words.quotes.format(names.prompts.get(name, name)) for name in _texts(value))
    if key in PEOPLE:
        return words.between.join(names.agents.get(login, login) for login in _texts(value))
    if key == "phase":
        return words.phases.get(str(value), str(value))
    if key == "rings":
        return dict(enumerate(words.ordinals, start=1)).get(int(str(value)), str(value))
    return f"{round(value, 2):g}" if isinstance(value, float) else str(value)


def _free(values: Mapping[str, object], words: Words, names: Names) -> str:
    idle = values.get("idle_seconds")
    pairs = zip(_texts(values["free"]), idle if isinstance(idle, list) else [], strict=True)
    return words.between.join(
        words.idle.format(names.agents.get(login, login), idle_for) for login, idle_for in pairs
    )


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


_CHINESE = Words(
    ordinals=tuple("一二三四五六七八九十"),
    comma="，",
    semicolon="；",
    between="、",
    idle="{0}（已空闲 {1:.0f} 秒）",
    quotes="“{}”",
    phases={
        "offered": "刚打进来",
        "ringing": "响铃",
        "waiting": "等候（听回铃音）",
        "held": "排队（听音乐）",
        "fetching": "正在转给座席",
        "fallback": "响备用电话",
        "asking": "请来电人按号码",
        "choosing": "听回电的提议，可以继续等",
        "booking": "听回电的提议",
        "keying": "输入要回拨的号码",
        "confirming": "核对要回拨的号码",
        "rating": "请来电人评价",
        "talking": "通话",
        "closing": "结束语",
        "ended": "已结束",
    },
    sentences={
        "event": "{event}",
        "refused": "{event}：在“{phase}”阶段没有意义（迟到或重复），不作处理",
        "differs": "【与当时不同】现在的规则会这样做",
        "differs_nothing": "【与当时不同】现在的规则什么也不做",
        "differs_refused": "【与当时不同】现在的规则在这一阶段不接受这件事",
        "offered": "电话打进来，来电人听到回铃音（第{rings}声铃到 {deadline_seconds} 秒结束；到 {pickup_seconds} 秒还没有人接，由服务器接起）",
        "greeted_in_time": "服务器已接起：第 {ring_number} 声铃，{greeted_seconds} 秒，在 {deadline_seconds} 秒的时限之内",
        "greeted_late": "服务器已接起：第 {ring_number} 声铃，{greeted_seconds} 秒，超过了 {deadline_seconds} 秒的时限",
        "greeted_again": "交换机再次报告接起时刻，以第一次为准",
        "answered": "{agent}接听，开始通话：来电人共等了 {wait_seconds} 秒，{agent}的电话响了 {rung_seconds} 秒",
        "answered_fallback": "备用电话 {phone} 接听，开始通话：来电人共等了 {wait_seconds} 秒",
        "answered_alone": "交换机自己接通的人已在通话：来电人共等了 {wait_seconds} 秒",
        "talk_over": "通话结束，共 {talk_seconds} 秒",
        "fallback_unanswered": "备用电话 {phone} 没有接通（{result}）",
        "ring_no_answer": "{agent}的电话响了 {rung_seconds} 秒，没有接",
        "ring_busy": "{agent}的电话占线（{rung_seconds} 秒后）",
        "ring_unreachable": "{agent}的电话不通（{rung_seconds} 秒后）",
        "ring_answered": "{agent}的电话报告接通，却没有人开口的时刻（{rung_seconds} 秒后），不算已服务",
        "knocked_in_vain": "{agent}正在通话，电话提示了 {rung_seconds} 秒，没有接（不算未接）",
        "ring_cut": "第{rings}声铃结束前 {to_deadline_seconds} 秒，{agent}的电话已响 {rung_seconds} 秒，还没有接",
        "ring_cut_late": "第{rings}声铃已结束 {past_deadline_seconds} 秒，{agent}的电话已响 {rung_seconds} 秒，还没有接",
        "not_fetched": "音乐放完，来电人还没有被请出来（已 {fetching_seconds} 秒，满 {fetch_limit_seconds} 秒就自己出来）",
        "waited": "听了 {waited_seconds} 秒回铃音",
        "held": "已排队 {held_seconds} 秒（最多 {max_hold_seconds} 秒）",
        "turn_came": "轮到这位来电人（已等 {waited_seconds} 秒）",
        "fetched": "来电人离开音乐（用了 {fetching_seconds} 秒）",
        "digits": "来电人按了 {digits}",
        "no_digits": "来电人没有按键",
        "noted": "服务器不应答时，交换机自己记下了号码 {number}，并告诉了来电人",
        "noted_beside_promise": "已经约定给他回电，不再记入名单",
        "hung_up_talking": "挂机，通话 {talk_seconds} 秒",
        "hung_up": "来电线路断开，共 {after_seconds} 秒",
        "outcome_served": "结果：已服务",
        "outcome_callback": "结果：已约定回电",
        "outcome_fallback": "结果：号码已留下，等待回拨",
        "outcome_abandoned": "结果：放弃",
        "free": "空闲：{free}，在岗 {on_duty} 人",
        "none_free": "没有人空闲，在岗 {on_duty} 人",
        "nobody_on_duty": "没有人在岗",
        "outside_hours": "不在工作时间内",
        "ahead": "前面还有 {ahead} 位在等",
        "ahead_none": "前面没有人在等",
        "wait_told": "预计等待不超过 {told_minutes} 分钟（{serving} 人接听，每次 {handling_seconds} 秒，"
        "耐心 {patience_seconds} 秒，修正 {correction}）",
        "long_wait": "超过可以等候的 {hold_limit_seconds} 秒",
        "callback_open": "这个号码已有约定的回电（编号 {open_callback}，前面 {open_ahead} 位）",
        "callback_allowed": "这个号码可以回电",
        "callback_refused": "这个号码不能自动回电（{refusal}）",
        "channels": "中继还剩 {channels_free} 路，要为新来电留 {inbound_reserve} 路",
        "just_rung": "{passed_over}刚让这个来电响过，暂不再响",
        "not_his_turn": "空闲的人先接前面的来电",
        "reserve": "预留{agent}（{lease_seconds} 秒内有效）",
        "ring": "{agent}的电话响铃，最多 {ring_seconds} 秒",
        "ring_to_pickup": "{agent}的电话响铃 {ring_seconds} 秒，到服务器接起为止",
        "ring_on_greeting": "服务器接起，问候{prompts}，{agent}的电话继续响铃（已响 {rung_seconds} 秒，还可响 {ring_seconds} 秒）",
        "ring_greeting": "服务器接起，问候{prompts}，{agent}的电话响铃，最多 {ring_seconds} 秒",
        "ring_music": "来电人听音乐，{agent}的电话响铃，最多 {ring_seconds} 秒",
        "ring_fallback": "响备用电话 {phone}，最多 {ring_seconds} 秒",
        "hold_ringing": "来电人再听 {hold_seconds} 秒回铃音",
        "hold_music_key": "来电人听 {hold_seconds} 秒音乐，保持次序，按 {digits} 改为回电",
        "hold_music": "来电人听 {hold_seconds} 秒音乐，保持次序",
        "say": "播放{prompts}",
        "ask": "播放{prompts}，最多收 {digits_at_most} 位，{silence_seconds} 秒不按就结束",
        "hang_up": "挂机",
        "release": "{released}恢复空闲，次序不变",
        "miss": "{missed_by}连续第 {misses} 次未接（满 {misses_allowed} 次停岗），排到空闲次序的最后",
        "miss_stand_down": "{missed_by}连续第 {misses} 次未接（满 {misses_allowed} 次停岗），转为离开",
        "alert": "通知经理：{alert} {alert_agent}",
        "alert_agent_stood_down": "通知经理：{alert_agent}已停岗",
        "alert_last_agent_misses": "{alert_agent}是最后一位在岗的人，不停岗，通知经理",
        "start_talk": "{agent}转为通话中，未接次数清零",
        "wrap_up": "{wrapping_up}整理记录 {wrap_up_seconds} 秒",
        "fetch": "把来电人从等候中请出来",
        "list": "号码 {number} 写进回拨名单",
        "knock": "{agent}正在通话，也向他提示这个来电（{lease_seconds} 秒内有效）",
        "promise": "记下约定：{due_at} 前回电 {number}，来电人已按键同意",
        "promise_released": "记下约定：{due_at} 前回电 {number}，为新来电让出线路",
        "join": "这个来电接替回电 {callback} 的次序，不再给他打电话",
        "serve": "回电 {callback} 已完成",
        "leave": "回电 {callback} 的约定不变",
        "ask_rating": "记下今天请他评价过一次",
        "rate": "记下评价：{score} 分",
        **CALLBACK_CHINESE,
    },
)

_ENGLISH = Words(
    ordinals=("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"),
    comma=", ",
    semicolon="; ",
    between=", ",
    idle="{0} (idle for {1:.0f} s)",
    quotes="“{}”",
    phases={},
    sentences={
        "event": "{event}",
        "refused": "{event}: means nothing while {phase} (late or repeated), nothing done",
        "differs": "[NOT AS THEN] the policy of today does this",
        "differs_nothing": "[NOT AS THEN] the policy of today does nothing here",
        "differs_refused": "[NOT AS THEN] the policy of today refuses this event in this phase",
        "offered": "the call comes in, the caller hears ring tone (the {rings} ring ends at {deadline_seconds} s; if nobody has answered by {pickup_seconds} s the server picks up)",
        "greeted_in_time": "picked up by the server in ring {ring_number}, at {greeted_seconds} s, within the {deadline_seconds} s allowed",
        "greeted_late": "picked up by the server in ring {ring_number}, at {greeted_seconds} s, later than the {deadline_seconds} s allowed",
        "greeted_again": "the switch reports the pickup again, the first report counts",
        "answered": "{agent} answers and speaks: the caller waited {wait_seconds} s, the phone of {agent} rang {rung_seconds} s",
        "answered_fallback": "fallback phone {phone} answers: the caller waited {wait_seconds} s",
        "answered_alone": "somebody the switch rang by itself speaks: the caller waited {wait_seconds} s",
        "talk_over": "the talk is over after {talk_seconds} s",
        "fallback_unanswered": "fallback phone {phone} was not reached ({result})",
        "ring_no_answer": "the phone of {agent} rang {rung_seconds} s and was not answered",
        "ring_busy": "the phone of {agent} is busy (after {rung_seconds} s)",
        "ring_unreachable": "the phone of {agent} cannot be reached (after {rung_seconds} s)",
        "ring_answered": "the phone of {agent} says answered, without the moment anybody spoke (after {rung_seconds} s): not served",
        "knocked_in_vain": "{agent} was talking, the phone signalled this call for {rung_seconds} s and was not answered (no miss)",
        "ring_cut": "{to_deadline_seconds} s before the end of the {rings} ring, the phone of {agent} has rung {rung_seconds} s unanswered",
        "ring_cut_late": "{past_deadline_seconds} s after the end of the {rings} ring, the phone of {agent} has rung {rung_seconds} s unanswered",
        "not_fetched": "the music ended before the caller was fetched ({fetching_seconds} s; at {fetch_limit_seconds} s he comes by himself)",
        "waited": "{waited_seconds} s of ring tone so far",
        "held": "{held_seconds} s in line so far (at most {max_hold_seconds} s)",
        "turn_came": "this caller's turn has come (after {waited_seconds} s)",
        "fetched": "the caller is out of the music (it took {fetching_seconds} s)",
        "digits": "the caller keyed in {digits}",
        "no_digits": "the caller pressed nothing",
        "noted": "while no server answered, the switch itself noted the number {number} and told the caller so",
        "noted_beside_promise": "he is promised a call already, so it is put on no list",
        "hung_up_talking": "hung up, talk of {talk_seconds} s",
        "hung_up": "the line is gone after {after_seconds} s",
        "outcome_served": "outcome: served",
        "outcome_callback": "outcome: a callback is promised",
        "outcome_fallback": "outcome: number kept, to be rung back",
        "outcome_abandoned": "outcome: abandoned",
        "free": "free: {free}, on duty: {on_duty}",
        "none_free": "nobody is free, on duty: {on_duty}",
        "nobody_on_duty": "nobody is on duty",
        "outside_hours": "outside the opening hours",
        "ahead": "waiting ahead in line: {ahead}",
        "ahead_none": "nobody waits ahead in line",
        "wait_told": "the wait is told as {told_minutes} min at most ({serving} serving, {handling_seconds} s a call, "
        "patience of {patience_seconds} s, corrected by {correction})",
        "long_wait": "longer than the {hold_limit_seconds} s a caller is held for",
        "callback_open": "a callback is promised to this number already (number {open_callback}, {open_ahead} before it)",
        "callback_allowed": "this number may be called back",
        "callback_refused": "this number is not called back by itself ({refusal})",
        "channels": "the trunk has {channels_free} channels left, {inbound_reserve} are kept for new callers",
        "just_rung": "{passed_over} just let this call ring and is not rung again yet",
        "not_his_turn": "who is free takes the calls ahead first",
        "reserve": "{agent} is reserved (for at most {lease_seconds} s)",
        "ring": "the phone of {agent} rings, at most {ring_seconds} s",
        "ring_to_pickup": "the phone of {agent} rings {ring_seconds} s, until the server picks up",
        "ring_on_greeting": "the server picks up and greets {prompts}, the phone of {agent} rings on (rung {rung_seconds} s, {ring_seconds} s left)",
        "ring_greeting": "the server picks up and greets {prompts}, the phone of {agent} rings, at most {ring_seconds} s",
        "ring_music": "the caller hears music, the phone of {agent} rings, at most {ring_seconds} s",
        "ring_fallback": "fallback phone {phone} rings, at most {ring_seconds} s",
        "hold_ringing": "another {hold_seconds} s of ring tone",
        "hold_music_key": "{hold_seconds} s of music, place in line kept, key {digits} changes to a callback",
        "hold_music": "{hold_seconds} s of music, place in line kept",
        "say": "the caller hears {prompts}",
        "ask": "the caller hears {prompts}, at most {digits_at_most} digits, ended by {silence_seconds} s of silence",
        "hang_up": "hang up",
        "release": "{released} is free again, place among the idle kept",
        "miss": "miss {misses} in a row for {missed_by} (stood down at {misses_allowed}), now last among the idle",
        "miss_stand_down": "miss {misses} in a row for {missed_by} (stood down at {misses_allowed}), now away",
        "alert": "the manager is told: {alert} {alert_agent}",
        "alert_agent_stood_down": "the manager is told that {alert_agent} was stood down",
        "alert_last_agent_misses": "{alert_agent} is the last one on duty and is not stood down, the manager is told",
        "start_talk": "{agent} is talking, misses forgotten",
        "wrap_up": "{wrapping_up} has {wrap_up_seconds} s for notes",
        "fetch": "the caller is fetched out of the wait",
        "list": "number {number} goes on the ring-back list",
        "knock": "{agent} is talking and is offered this call too (for at most {lease_seconds} s)",
        "promise": "promised: {number} is called back by {due_at}, the caller agreed by a key",
        "promise_released": "promised: {number} is called back by {due_at}, the channel is left to new callers",
        "join": "this call takes the place in line of callback {callback}, nobody rings the caller",
        "serve": "callback {callback} is done",
        "leave": "callback {callback} stands",
        "ask_rating": "noted that the caller was asked today what he thinks of us",
        "rate": "noted: {score} points",
        **CALLBACK_ENGLISH,
    },
)

WORDS: Mapping[str, Words] = {ZH: _CHINESE, EN: _ENGLISH}
