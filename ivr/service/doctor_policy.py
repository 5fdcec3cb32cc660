"""What follows from the policy's numbers that nobody may have meant: settings at which a promise cannot be kept.

Pure: numbers in, findings out. A value that is merely unusual is not spoken of.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from ivr.policy.routes import Route, way_into
from ivr.policy.rules import Rules
from ivr.service.doctor_ports import Finding, Words, warning, well, wrong

NORM_SECONDS = 15.0  # three rings of the national ring cycle (R64)
LEAST_RING_SECONDS = 3.0  # nobody answers a phone in less
LEAST_MARGIN_SECONDS = 1.0  # one burst that fails and the dialplan's own pickup fit into this
DEFAULT_RESERVE = 1


def policy_findings(rules: Rules, given: Mapping[str, Any], apology_seconds: float) -> tuple[Finding, ...]:
    """`given` are all policy keys as written; `apology_seconds` is how long greeting and apology are spoken."""
    looks = (_channels(given), _hold(rules, apology_seconds), _pickup(rules), _ring_on(rules), _rings(rules))
    found = tuple(finding for look in looks for finding in look)
    return found or (_sound(rules),)


def calendar_findings(rules: Rules, now: datetime) -> tuple[Finding, ...]:
    """Years of the next 60 days whose public holidays are not known here."""
    return tuple(_unknown(year) for year in rules.hours.unknown_years(now)) or (_calendar_known(rules),)


def _unknown(year: int) -> Finding:
    return warning(
        "holidays",
        Words(
            f"还不知道 {year} 年的节假日和调休，先按平常的星期计算",
            f"the holidays of {year} are not known here: its days count as ordinary ones",
        ),
        Words(
            "公布后升级热线，或写进 holidays 的 off 和 work",
            "upgrade once they are announced, or write them into `holidays`: off and work",
        ),
    )


def _calendar_known(rules: Rules) -> Finding:
    if rules.opening_hours is None:
        return well("holidays", Words("全天开放，不看节假日", "always open: holidays make no difference"))
    return well("holidays", Words("未来 60 天的节假日都知道", "the holidays of the next 60 days are known"))


def way_findings(rules: Rules, there: Collection[Route]) -> Iterator[Finding]:
    """Countries whose numbers are ours to ring, and which no way leads to; `there` are those set up."""
    if rules.dials_by_hand or not there:
        return
    lost = [region for region in rules.allowed_regions if not way_into(region, rules.callback_routes, there)]
    if lost:
        yield warning(
            "callback_routes",
            Words(
                f"没有路回电到：{'、'.join(lost)}；那里的来电者不会听到回电的选择",
                f"no way leads to {', '.join(lost)}: callers from there are offered no callback",
            ),
            Words(
                "改 callback_routes，或设置 HOTLINE_OUTBOUND_TRUNK、twilio_number",
                "change callback_routes, or set HOTLINE_OUTBOUND_TRUNK or twilio_number",
            ),
        )
    else:
        names = "、".join(sorted(there))
        yield well(
            "callback_routes", Words(f"回电走 {names}", f"customers are called by {', '.join(sorted(there))}")
        )


def phone_findings(rules: Rules, unreachable: Iterable[str], unknown: Iterable[str]) -> tuple[Finding, ...]:
    """`unreachable`: no way to such a phone here; `unknown`: an endpoint the switch does not have."""
    remedies = {
        **dict.fromkeys(unreachable, _NO_WAY),
        **dict.fromkeys(unknown, _NO_SUCH_ENDPOINT),
        **{
            phone: _ITSELF
            for phone in rules.fallback_phones
            if phone.removeprefix("tel:") in rules.own_numbers
        },
    }
    found = tuple(
        wrong(
            "fallback_phones",
            Words(f"备用电话 {phone} 打不通", f"fallback phone {phone} cannot be rung"),
            remedy,
        )
        for phone, remedy in remedies.items()
    )
    return found or (_fallback_stands(rules),)


_NO_WAY = Words(
    "设置 HOTLINE_OUTBOUND_TRUNK，或改 fallback_phones（client: 只能由 Twilio 打）",
    "set HOTLINE_OUTBOUND_TRUNK, or change fallback_phones (client: is reached through Twilio only)",
)
_NO_SUCH_ENDPOINT = Words(
    "交换机里没有这个分机：改 fallback_phones，或先 hotline agent add … --phone endpoint:NEW",
    "the switch has no such endpoint: change fallback_phones, or make it by `hotline agent add … endpoint:NEW`",
)
_ITSELF = Words(
    "这是热线自己的号码，会打回热线：从 fallback_phones 去掉",
    "that is the hotline itself: take it out of fallback_phones",
)


def _fallback_stands(rules: Rules) -> Finding:
    count = len(rules.fallback_phones)
    if count:
        return well("fallback_phones", Words(f"{count} 个备用电话都能拨", f"{count} can be dialled"))
    return well(
        "fallback_phones",
        Words(
            "没有备用电话：没有人值班时记下号码",
            "none: with nobody on duty the caller's number is written down",
        ),
    )


def _sound(rules: Rules) -> Finding:
    pickup = rules.deadline_seconds - rules.pickup_margin_seconds
    return well(
        "policy",
        Words(
            f"{pickup:g} 秒时由服务器接起，时限 {rules.deadline_seconds:g} 秒；最多等候 {rules.max_hold_seconds:g} 秒",
            f"the server picks up at {pickup:g} s of {rules.deadline_seconds:g} s; longest hold"
            f" {rules.max_hold_seconds:g} s",
        ),
    )


def _channels(given: Mapping[str, Any]) -> Iterator[Finding]:
    channels, reserve = given.get("trunk_channels"), given.get("inbound_reserve", DEFAULT_RESERVE)
    if isinstance(channels, int) and isinstance(reserve, int) and 0 < channels <= reserve:
        yield wrong(
            "policy_first_hold",
            Words(
                f"按现在的设置，第一位等候的来电人也无法等候：trunk_channels {channels}"
                f" 不大于 inbound_reserve {reserve}",
                "the first waiting caller could never be held at these settings:"
                f" trunk_channels {channels} is not more than inbound_reserve {reserve}",
            ),
            Words(
                "trunk_channels 写运营商给的并发路数，inbound_reserve 必须比它小",
                "set trunk_channels to the channels your carrier gives; inbound_reserve must be less",
            ),
        )


def _hold(rules: Rules, apology_seconds: float) -> Iterator[Finding]:
    if rules.max_hold_seconds <= apology_seconds + 1:
        yield wrong(
            "policy_first_hold",
            Words(
                f"按现在的设置，第一位等候的来电人也无法等候：致歉要说 {apology_seconds:.0f} 秒，"
                f"max_hold_seconds 只有 {rules.max_hold_seconds:g} 秒",
                "the first waiting caller could never be held at these settings: the apology takes"
                f" {apology_seconds:.0f} s, max_hold_seconds is {rules.max_hold_seconds:g}",
            ),
            Words("max_hold_seconds 至少写 60", "raise max_hold_seconds to 60 at least"),
        )


def _pickup(rules: Rules) -> Iterator[Finding]:
    ringing = rules.deadline_seconds - rules.pickup_margin_seconds
    if ringing < LEAST_RING_SECONDS:
        yield warning(
            "policy_pickup",
            Words(
                f"座席的电话只响 {ringing:g} 秒，服务器就接起了：几乎没有来电由人先接",
                f"an agent's phone rings {ringing:g} s before the server picks up: hardly a call is"
                " answered by a person first",
            ),
            Words("减小 pickup_margin_seconds，或加大 rings", "lower pickup_margin_seconds, or raise rings"),
        )
    if rules.pickup_margin_seconds < LEAST_MARGIN_SECONDS:
        yield warning(
            "policy_margin",
            Words(
                f"离时限只留 {rules.pickup_margin_seconds:g} 秒：服务器一次没有答，来电就过了第{rules.rings}声铃",
                f"only {rules.pickup_margin_seconds:g} s are left before the deadline: one burst that fails"
                " makes the pickup late",
            ),
            Words(
                "pickup_margin_seconds 至少写 1，建议 2",
                "raise pickup_margin_seconds to 1 at least, better 2",
            ),
        )


def _ring_on(rules: Rules) -> Iterator[Finding]:
    pickup = rules.deadline_seconds - rules.pickup_margin_seconds
    if rules.agent_ring_seconds <= pickup:
        yield warning(
            "policy_ring_on",
            Words(
                f"电话响 {rules.agent_ring_seconds:g} 秒就换人，早于 {pickup:g} 秒的接起："
                "问候时同一部电话不再接着响，每次没有接都算一次漏接",
                f"a phone rings {rules.agent_ring_seconds:g} s, then it is the next one's turn, before the pickup at"
                f" {pickup:g} s: the same phone does not ring on under the greeting, and each ring counts as missed",
            ),
            Words(
                f"agent_ring_seconds 写得比 {rules.deadline_seconds:g} 大（默认 20）",
                f"set agent_ring_seconds above {rules.deadline_seconds:g} (20 as delivered)",
            ),
        )


def _rings(rules: Rules) -> Iterator[Finding]:
    if rules.deadline_seconds > NORM_SECONDS:
        yield warning(
            "policy_deadline",
            Words(
                f"时限 {rules.deadline_seconds:g} 秒，比规范的三声铃（{NORM_SECONDS:g} 秒）长",
                f"the deadline of {rules.deadline_seconds:g} s is longer than three rings of the norm"
                f" ({NORM_SECONDS:g} s)",
            ),
            Words(
                "rings × ring_cycle_seconds 不要大于 15，除非所在国家的铃声周期更长",
                "keep rings × ring_cycle_seconds at 15 or less, unless your country's ring cycle is longer",
            ),
        )
