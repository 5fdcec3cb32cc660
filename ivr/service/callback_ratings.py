"""What customers think of us whom we have called back: asked by the switch when the agent has hung up (R3)."""

from ivr.policy.commands import HangUp, LineCommand
from ivr.policy.rating import QUESTION, THANKS, score
from ivr.policy.rules import Rules
from ivr.service.callback_ports import AttemptName
from ivr.service.ports import CallBook, Clock


class CallbackRatings:
    """That he is asked, and what he answers, is written before he hears of it. Raises BookUnavailable."""

    def __init__(self, book: CallBook, clock: Clock, rules: Rules) -> None:
        self._book = book
        self._clock = clock
        self._rules = rules

    def question(self, name: AttemptName) -> tuple[LineCommand, ...]:
        """At most one a day, whether in a call of his own or in one of ours."""
        if not self._rules.satisfaction:
            return (HangUp(),)
        now = self._clock.now()
        asked = self._book.unit(lambda unit: unit.ask_customer(name, now))
        return (QUESTION,) if asked else (HangUp(),)

    def answered(self, name: AttemptName, digits: str) -> tuple[LineCommand, ...]:
        """One key from 1 to 5; his first answer counts."""
        points = score(digits)
        if points is None or not self._book.unit(lambda unit: unit.rate_customer(name, points)):
            return (HangUp(),)
        return (THANKS, HangUp())
