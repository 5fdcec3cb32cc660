"""The other door in the kill campaign: callers at Twilio who want a callback, and Twilio itself, which calls them back.

They are the same agents and the same hotline; a caller from Hong Kong is called back through Twilio. What the callers
were told and with whom they spoke is what the tests' own Twilio saw, as at the first door it is what telephones saw.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from random import Random
from types import TracebackType
from typing import Final, Self

from ivr.adapters.system_clock import SystemClock
from ivr.policy.callback_guard import Allowed, Counts, judge_number
from tests.fakes.fake_twilio import CallerLeft, TwilioCall
from tests.fakes.live_agents import Agents
from tests.fakes.live_callers import LiveCallers
from tests.fakes.live_twilio import VOICE, LiveCall
from tests.fakes.twilio_rest import FakeTwilioRest, Ordered, served_rest
from tests.kills.judge import Ring
from tests.kills.telephones import LISTED, PATIENCE_SECONDS, PROMISES, TALK_SECONDS, CallerSaw
from tests.kills.twilio_network import LiveTwilio
from tests.webhooks.twilio_callbacks_house import ACCOUNT, OURS, PUBLIC, RULES, TOKEN
from tests.webhooks.web_server import free_port

CALLS_A_SECOND: Final = 20.0
POLICY: Final = f"""
allowed_regions = ["CN", "HK"]
twilio_number = "{OURS}"
twilio_calls_a_second = {CALLS_A_SECOND:g}
"""
SAME_BLOCK: Final = 3  # of ten thousand numbers: the guard sees no row of them
LISTENS_SECONDS: Final = 0.4  # to what he has been promised


class SecondDoor:
    """`environment` is what the hotline needs to know; entered once it runs."""

    def __init__(self, seed: int) -> None:
        self._dice = Random(seed)
        self._seed = seed
        self._port = free_port()
        self._stack = ExitStack()
        self.rest = FakeTwilioRest(
            ACCOUNT,
            TOKEN,
            SystemClock(),
            own=frozenset({OURS}),
            calls_a_second=CALLS_A_SECOND,
            redirect=self._redirect,
        )
        self._numbers = self._given()
        self.environment = {
            "PUBLIC_BASE_URL": PUBLIC,
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_API_BASE_URL": f"http://127.0.0.1:{self._port}",
        }

    def opens(self, web_port: int, agents: int) -> Self:
        """To the hotline whose web server listens there."""
        logins = Agents(
            [f"agent{number}" for number in range(agents)],
            answers_after_seconds=0.1,
            talk_seconds=TALK_SECONDS,
        )
        self.callers = Callers(PUBLIC, web_port, TOKEN, logins, self.rest)
        self.network = LiveTwilio(self.rest, PUBLIC, web_port, TOKEN, seed=self._seed)
        return self

    def __enter__(self) -> Self:
        self._stack.enter_context(served_rest(self.rest, self._port))
        self._stack.enter_context(self.network)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.callers.join(10)
        self._stack.close()

    def _redirect(self, sid: str, url: str) -> tuple[int, int] | None:
        return self.callers.redirect(sid, url)

    def dial(self) -> None:
        """One caller more."""
        self.callers.dial(next(self._numbers))

    def rings(self) -> list[Ring]:
        """Every call to a customer."""
        return list(self.network.rings)

    def _given(self) -> Iterator[str]:
        """Mobile numbers of Hong Kong."""
        seen: set[str] = set()
        blocks: Counter[str] = Counter()
        while True:
            number = f"+852{self._dice.choice('569')}{self._dice.randrange(10**7):07}"
            if (
                number not in seen
                and blocks[number[:8]] < SAME_BLOCK
                and judge_number(number, Counts(), RULES) == Allowed()
            ):
                seen.add(number)
                blocks[number[:8]] += 1
                yield number


class Callers(LiveCallers):
    """Each presses 1 where keys are awaited, until he has heard that he will be called; `callers` are through."""

    look_seconds = 0.3

    def __init__(self, public: str, port: int, token: str, agents: Agents, rest: FakeTwilioRest) -> None:
        super().__init__(public, port, token, agents)
        self._rest = rest
        self._lock = threading.Lock()
        self.callers: list[CallerSaw] = []

    def _looks(self, live: LiveCall, call: TwilioCall) -> None:
        if call.picked_up_at is None or live.ended_at is not None or call.process is None:
            return
        now, (since, last) = live.timeline.seconds, call.ear.heard[-1]
        has_heard = any(name in {*PROMISES, LISTED} for _, name in call.ear.heard)
        satisfied = has_heard and now - since >= LISTENS_SECONDS
        if satisfied or now - call.picked_up_at > PATIENCE_SECONDS:
            call.process.break_in(CallerLeft())
        elif live.verb == "Gather" and not has_heard and not last.startswith(VOICE):
            call.presses("1")

    def _is_through(self, live: LiveCall, call: TwilioCall, dialled_at: float) -> None:
        heard: dict[str, float] = {}
        for at, name in call.ear.heard:
            heard.setdefault(name, dialled_at + at)
        saw = CallerSaw(
            number=call.number,
            dialled_at=dialled_at,
            picked_up_at=None if call.picked_up_at is None else dialled_at + call.picked_up_at,
            ended_at=live.ended_at or time.time(),
            heard=heard,
        )
        with self._lock:
            self.callers.append(saw)
        with self._rest.lock:
            self._rest.orders.append(listed(call, dialled_at, saw.ended_at or time.time()))


def listed(call: TwilioCall, dialled_at: float, ended_at: float) -> Ordered:
    """As Twilio lists a call that came in and is over."""
    picked_up = call.picked_up_at is not None
    return Ordered(
        sid=call.sid,
        to=OURS,
        shown=call.number,
        url="",
        status_url="",
        events=(),
        timeout=0,
        made_at=datetime.fromtimestamp(dialled_at, UTC),
        status="completed" if picked_up else "no-answer",
        duration=round(ended_at - dialled_at - (call.picked_up_at or 0.0)) if picked_up else None,
        direction="inbound",
        ended_at=datetime.fromtimestamp(ended_at, UTC),
    )
