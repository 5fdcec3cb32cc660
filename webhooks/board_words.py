"""The board's figures, states and alerts in words. The formula says in words what the policy reckoned with."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from ivr.policy.goals import Goal, Word
from ivr.policy.metrics import Metric
from ivr.policy.rules import Rules
from webhooks.words import N_, _

FIGURES: Final[Mapping[str, str]] = {
    "offered": N_("呼入"),
    "greeted_within_three_rings": N_("三声内接起"),
    "served_within_three_rings": N_("三声内有人接听"),
    "three_rings_strict": N_("三声内接起（从严）"),
    "service_level": N_("服务水平"),
    "asa_seconds": N_("平均等待"),
    "wait_p50": N_("半数等待不超过"),
    "wait_p80": N_("八成等待不超过"),
    "wait_p95": N_("九成五等待不超过"),
    "abandoned": N_("未接通而挂断"),
    "abandoned_short": N_("很快挂断"),
    "abandonment_rate": N_("放弃率"),
    "fallback": N_("转应急或记号码"),
    "answered_share": N_("接通率"),
    "callbacks_promised": N_("约定回电"),
    "callbacks_kept_by_the_promised_minute": N_("回电准时"),
    "callbacks_reached": N_("回电打通"),
    "callbacks_handed_over": N_("回电转人工"),
    "promises_broken_in_silence": N_("无声失约"),
    "told_wait_kept": N_("报的等待守住"),
    "told_minus_actual_seconds": N_("多报的等待"),
    "idle_while_somebody_waits": N_("有人等时的空闲"),
    "satisfaction": N_("满意度"),
    "satisfaction_response_rate": N_("评价率"),
}
FORMULAS: Final[Mapping[str, str]] = {
    "offered": N_("呼叫到我们的来电"),
    "greeted_within_three_rings": N_("{deadline} 秒内接起 ÷（呼入 − {short} 秒内挂断 − 未定）"),
    "served_within_three_rings": N_("{deadline} 秒内有人接听 ÷（呼入 − {short} 秒内挂断 − 未定）"),
    "three_rings_strict": N_("{strict} 秒内接起 ÷（呼入 − {short} 秒内挂断 − 未定）"),
    "service_level": N_("{level} 秒内有人接听 ÷（呼入 − {short} 秒内挂断 − 未定）"),
    "asa_seconds": N_("Σ（接听 − 呼入）÷ 有人接听"),
    "wait_p50": N_("有人接听的等待由短到长，第 50 % 位"),
    "wait_p80": N_("有人接听的等待由短到长，第 80 % 位"),
    "wait_p95": N_("有人接听的等待由短到长，第 95 % 位"),
    "abandoned": N_("等了 {short} 秒或更久，无人接听而挂断"),
    "abandoned_short": N_("{short} 秒内无人接听而挂断"),
    "abandonment_rate": N_("等 {short} 秒以上挂断 ÷（呼入 − {short} 秒内挂断）"),
    "fallback": N_("转到应急电话，或记入回拨名单"),
    "answered_share": N_("有人接听 ÷（呼入 − 未定）"),
    "callbacks_promised": N_("答应回电的次数"),
    "callbacks_kept_by_the_promised_minute": N_("在最初答应的时间前已回电 ÷（答应 − 未到时间且未回电）"),
    "callbacks_reached": N_("已通话 ÷ 已结束"),
    "callbacks_handed_over": N_("交给专人继续 ÷ 答应"),
    "promises_broken_in_silence": N_("过了时间没有回电，事先也没有通知"),
    "told_wait_kept": N_("在最初报的时间内接听 ÷（报过 − 未超过所报时间而离开或仍在等）"),
    "told_minus_actual_seconds": N_("Σ（最初报的 − 此后实际等的）÷ 报过且已接听"),
    "idle_while_somebody_waits": N_("Σ 来电在等而接听他的人空闲的秒数 ÷ 营业秒数"),
    "satisfaction": N_("Σ 1 到 5 分 ÷ 评分次数"),
    "satisfaction_response_rate": N_("评分次数 ÷ 请求评价的来电"),
}
TILES: Final = (
    "greeted_within_three_rings",
    "service_level",
    "asa_seconds",
    "abandonment_rate",
    "callbacks_kept_by_the_promised_minute",
    "promises_broken_in_silence",
)
"""Shown large, beside who waits and for how long; all the others stand in the table."""
BEHIND_IT: Final = frozenset(FIGURES) - {
    *("callbacks_promised", "callbacks_kept_by_the_promised_minute", "callbacks_reached"),
    *("callbacks_handed_over", "promises_broken_in_silence", "told_wait_kept", "told_minus_actual_seconds"),
    *("idle_while_somebody_waits", "satisfaction", "satisfaction_response_rate"),
}
"""Figures of calls: a click on the number lists them."""
WORDS: Final[Mapping[Word, str]] = {
    Word.OK: N_("正常"),
    Word.WATCH: N_("注意"),
    Word.ALARM: N_("警报"),
    Word.NONE: N_("无目标"),
    Word.EMPTY: N_("尚无数据"),
}
ICONS: Final[Mapping[Word, str]] = {
    Word.OK: "✓",
    Word.WATCH: "◆",
    Word.ALARM: "▲",
    Word.NONE: "–",
    Word.EMPTY: "–",
}
TONES: Final[Mapping[Word, str]] = {
    Word.OK: "good",
    Word.WATCH: "watch",
    Word.ALARM: "alarm",
    Word.NONE: "quiet",
    Word.EMPTY: "quiet",
}
OPEN: Final[Mapping[str, str]] = {
    "callbacks": N_("未回电"),
    "callbacks_late": N_("逾期回电"),
    "ring_backs": N_("待回拨"),
    "visits": N_("待批上门"),
    "complaints": N_("未结投诉"),
    "complaints_late": N_("逾期投诉"),
}
ALERTS: Final[Mapping[str, str]] = {
    "service_level_low": N_(
        "服务水平 {level}：{minutes} 分钟内 {calls} 个来电，{served} 个及时接听（目标 {target}）"
    ),
    "long_wait": N_("有人等了 {seconds} 秒，共 {waiting} 人在等"),
    "nobody_available": N_("没有人空闲：{waiting} 人在等，{on_duty} 人在岗"),
    "promise_in_danger": N_("承诺快到时间了"),
    "promise_broken": N_("承诺过了时间还没有兑现"),
    "agent_unreachable": N_("坐席失去联系"),
    "complaint_late": N_("投诉过了时间还没有反馈给用户"),
    "agent_stood_down": N_("坐席连续未接，已暂停派话"),
    "last_agent_misses": N_("最后一位在岗坐席没有接听"),
    "callback_interrupted": N_("回电在我方一再中断"),
    "callback_not_placed": N_("回电拨不出去"),
    "callback_unreached": N_("回电多次未通，需专人继续"),
    "callback_perhaps_called": N_("回电结果不明，需专人核实"),
    "callback_without_result": N_("手工回电没有登记结果"),
    "callback_without_route": N_("没有线路可以回电"),
    "toll_fraud_suspected": N_("疑似盗打，已停止自动回电"),
    "transfer_refused": N_("有人试图把来电转出热线，已拒绝"),
}


def figure_name(name: str) -> str:
    """A figure added to the policy shows under its own name until it has one here."""
    return _(FIGURES[name]) if name in FIGURES else name


def formula(metric: Metric, rules: Rules) -> str:
    """With the numbers of the rules in force."""
    if metric.name not in FORMULAS:
        return metric.formula
    return _(FORMULAS[metric.name]).format(
        deadline=f"{rules.deadline_seconds:g}",
        strict=f"{(rules.rings - 1) * rules.ring_cycle_seconds + 1:g}",
        level=f"{rules.service_level_seconds:g}",
        short=f"{rules.short_abandon_seconds:g}",
    )


def shown(value: float | None, unit: str) -> str:
    """A number as it is read from across a room; nothing counted is a dash."""
    if value is None:
        return "–"
    if unit == "share":
        return "100%" if value == 1 else f"{value:.1%}"
    if unit == "seconds":
        return _("{seconds} 秒").format(seconds=f"{value:.1f}".removesuffix(".0"))
    return f"{value:.1f}" if unit == "score" else f"{value:g}"


def goal_shown(goal: Goal | None, unit: str) -> str:
    """What it ought to be; nothing where nobody has said."""
    if goal is None:
        return ""
    return ("≥ " if goal.at_least else "≤ ") + shown(goal.value, unit)


def span(seconds: float) -> str:
    """As 4:07, or 1:02:03."""
    whole = max(int(seconds), 0)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def alert_said(kind: str, figures: Mapping[str, Any]) -> str:
    """One alert in a sentence; one we have no words for shows its name."""
    if kind not in ALERTS:
        return kind
    told = dict(figures)
    for share in ("level", "target"):
        if isinstance(told.get(share), (int, float)):
            told[share] = shown(float(told[share]), "share")
    if isinstance(told.get("served"), float):
        told["served"] = int(told["served"])
    try:
        return _(ALERTS[kind]).format(**told)
    except (KeyError, IndexError, ValueError):
        return kind


def clock(moment: datetime, rules: Rules, form: str = "%H:%M:%S") -> str:
    """Where the hotline is."""
    return rules.hours.local(moment).strftime(form)
