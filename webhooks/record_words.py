"""The sentences of the record's pages for what the rules speak of in names: reasons, hints, states, kinds."""

from collections.abc import Mapping
from typing import Final

from ivr.policy.complaint import ComplaintKind
from ivr.policy.endings import CLOSING, Disposition
from ivr.policy.record_answers import CONFIRMED, Hint
from ivr.policy.record_form import Form
from ivr.policy.refusal import Reason, Refused
from ivr.policy.visit import VisitState
from webhooks.words import ENGLISH, N_, _, language

REASONS: Final[Mapping[Reason, str]] = {
    Reason.STILL_OPEN: N_("还有没有完成的事，记录不能结束："),
    Reason.MISSING: N_("结束前还要填写："),
    Reason.NOT_SOLVED_FULLY: N_("先问用户问题是否完全解决；没有完全解决就约定回复或申请上门。"),
    Reason.ALREADY_CLOSED: N_("这份记录已经结束。"),
    Reason.SENTENCE_FIRST: N_("请先对用户说出上面这句话，再约定时间。"),
    Reason.DUE_MISSING: N_("请选择时间。"),
    Reason.DUE_PASSED: N_("这个时间已经过去。"),
    Reason.DUE_OUTSIDE_HOURS: N_("这个时间不上班或者用户在休息，做不到的不要约定。"),
    Reason.DUE_TOO_LATE: N_("首次回复太晚；用户自己要求晚一些时请勾选。"),
    Reason.PERSON_MISSING: N_("请指定一个人负责。"),
    Reason.NOT_OF_THE_TEAM: N_("只能交给热线自己的同事："),
    Reason.ONLY_BY_CONTACT: N_("联系到用户才算兑现。"),
    Reason.TEXT_MISSING: N_("请填写："),
    Reason.TEXT_TOO_LONG: N_("写得太长："),
    Reason.FORBIDDEN_PHRASE: N_("不能对用户这样说："),
    Reason.EXPIRY_NOT_ASKED: N_("请先询问服务协议截止日期；用户说不清时请勾选。"),
    Reason.CHARGE_NOT_EXPLAINED: N_("服务协议已到期：请先向用户说明上门要收费。"),
    Reason.OWN_REQUEST: N_("自己申请的上门要由别的负责人审批。"),
    Reason.ONLY_A_MANAGER: N_("要由负责人决定。"),
    Reason.ALREADY_DECIDED: N_("已经审批过了。"),
    Reason.NOT_APPROVED: N_("负责人同意以后才能约定时间和路线。"),
    Reason.NOT_NOW: N_("现在不能这样做，请刷新后再看。"),
    Reason.KIND_UNKNOWN: N_("没有这一种："),
    Reason.APOLOGY_MISSING: N_("请先真诚道歉，然后勾选。"),
    Reason.NOT_VERIFIED: N_("先核实，再反馈。"),
    Reason.TOO_LATE_TO_UNDO: N_("已经不能撤销。"),
    Reason.ALREADY_TOLD: N_("不能撤销，已经通知了："),
    Reason.NOT_YOURS: N_("这份记录由别人负责："),
    Reason.STAY_TOO_LONG: N_("结束要晚于开始，一次最多 31 天。"),
    Reason.NO_NUMBER: N_("这里没有认得出的电话：企业没有登记号码，或者号码写得不对。"),
}
HINTS: Final[Mapping[Hint, str]] = {
    Hint.CARD_NOT_TODAY: N_("与今天不同，请再核对金税卡日期"),
    Hint.FILING_AFTER_CARD: N_("晚于金税卡日期，请再核对"),
    Hint.FILING_LONG_AGO: N_("早于两个月以前，请再核对"),
    Hint.MONTH_NOT_CARDS: N_("不是本月或上月，请再核对"),
    Hint.YEAR_ODD: N_("年份不太可能，请再核对"),
}
DISPOSITIONS: Final[Mapping[Disposition, str]] = {
    Disposition.SOLVED: N_("已解决"),
    Disposition.PROMISE: N_("已约定回复"),
    Disposition.VISIT: N_("申请上门"),
    Disposition.COMPLAINT: N_("投诉"),
    Disposition.WRONG_NUMBER: N_("打错电话"),
    Disposition.NOT_BUSINESS: N_("非业务"),
}
VISIT_STATES: Final[Mapping[VisitState, str]] = {
    VisitState.REQUESTED: N_("等负责人审批"),
    VisitState.APPROVED: N_("已同意，待约时间"),
    VisitState.DECLINED: N_("未同意"),
    VisitState.SCHEDULED: N_("已约定"),
    VisitState.CANCELLED: N_("已取消"),
    VisitState.DONE: N_("已上门"),
}
COMPLAINT_KINDS: Final[Mapping[ComplaintKind, str]] = {
    ComplaintKind.SERVICE: N_("服务质量"),
    ComplaintKind.SKILL: N_("技术水平"),
    ComplaintKind.PERSON: N_("人员态度"),
    ComplaintKind.PRODUCT: N_("产品和技术"),
    ComplaintKind.OTHER: N_("其他"),
}
COMPLAINT_STATES: Final[Mapping[str, str]] = {
    "open": N_("待核实"),
    "verified": N_("待反馈"),
    "closed": N_("已反馈"),
}
PROMISE_STATES: Final[Mapping[str, str]] = {
    "open": N_("未兑现"),
    "kept": N_("已兑现"),
    "broken": N_("已逾期"),
    "handed_over": N_("已交接"),
}
THINGS: Final[Mapping[str, str]] = {
    "promise": N_("约定"),
    "visit": N_("上门"),
    "complaint": N_("投诉"),
    "callback": N_("回电"),
}
FIELDS: Final[Mapping[str, str]] = {
    "address": N_("地址"),
    "route": N_("行车路线"),
    "engineer": N_("由谁去"),
    "reason": N_("原因"),
    "said": N_("用户的原话"),
    "unit": N_("被投诉单位或人员"),
    "answer": N_("给用户的答复"),
    "verification": N_("核实结果"),
    "question": N_("请教的问题"),
    "text": N_("另外告诉用户"),
    "solution": N_("告诉用户的解决办法"),
    CONFIRMED: N_("向用户确认联系电话"),
}
STEPS: Final[Mapping[str, str]] = {
    "greeting": N_("问候"),
    "hold": N_("请用户稍等"),
    "promise": N_("暂时无法解决"),
    "apology": N_("道歉"),
    "solved": N_("确认解决"),
    "farewell": N_("结束"),
}
DIAGNOSIS: Final[Mapping[str, str]] = {
    "connections": N_("连接"),
    "software": N_("软件"),
    "hardware": N_("硬件"),
}
ENDINGS: Final = CLOSING


def label(form: Form, name: str) -> str:
    """A field's or question's name in the language of the request."""
    for question in form.questions:
        if question.id == name:
            return question.en if language() == ENGLISH else question.zh
    return _(FIELDS[name]) if name in FIELDS else name


def refusal(form: Form, refused: Refused) -> str:
    """Why something was not done, as one sentence with what it is about."""
    sentence = _(REASONS[refused.reason])
    if refused.reason is Reason.FORBIDDEN_PHRASE:
        return unsayable(*refused.about)
    if not sentence.endswith(("：", ":")):
        return sentence
    return f"{sentence} {'、'.join(_about(form, name) for name in refused.about)}"


def unsayable(phrase: str, replacement: str) -> str:
    """What nobody may say, with what to say instead."""
    sentence = _("不能对用户说“%(phrase)s”，请说：%(replacement)s")
    return sentence % {"phrase": phrase, "replacement": replacement}


def _about(form: Form, name: str) -> str:
    kind, colon, id_ = name.partition(":")
    return f"{_(THINGS[kind])} {id_}" if colon and kind in THINGS else label(form, name)
