"""How late something is, and when it is: in words, in the hotline's time zone and the language of the request."""

from datetime import datetime

from ivr.policy.due_words import Unit, distance
from ivr.policy.rules import Rules
from webhooks.words import N_, _

_SPANS = {
    Unit.SECONDS: N_("%(number)s 秒"),
    Unit.MINUTES: N_("%(number)s 分钟"),
    Unit.HOURS: N_("%(number)s 小时"),
    Unit.DAYS: N_("%(number)s 天"),
}


class Moments:
    """Made once for an area's pages."""

    def __init__(self, rules: Rules) -> None:
        self._hours = rules.hours

    def clock(self, moment: datetime, now: datetime) -> str:
        """Today's by the clock alone, others with their day."""
        local, today = self._hours.local(moment), self._hours.local(now).date()
        return f"{local:%H:%M}" if local.date() == today else f"{local:%m-%d %H:%M}"

    def lateness(self, due_at: datetime, now: datetime) -> str:
        """How late it is, or how long there is left."""
        far = distance(due_at, now)
        span = _(_SPANS[far.unit]) % {"number": far.number}
        return _("晚了 %(span)s") % {"span": span} if far.late else _("还有 %(span)s") % {"span": span}
