"""The campaign: a caller every two seconds at each door, while one part after the other is killed under them.

The agents are the same at both doors, some at a phone both can ring, some at one only Twilio can. Dialling stops before
the judging begins; whoever is on the line then is heard to his end.
"""

import itertools
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import sqlalchemy as sa

from ivr.adapters.sql_agents import SqlAgents
from ivr.adapters.sql_schema import agents as agents_table
from ivr.adapters.sql_sip_accounts import SipAccount
from ivr.adapters.system_clock import SystemClock
from ivr.service.agents import Agents as AgentsService
from tests.adapters.small_redis import SmallRedis
from tests.fakes.fake_twilio import ACCOUNT
from tests.fakes.live_agents import Agents
from tests.fakes.twilio_rest import FakeTwilioRest, served_rest
from tests.postgres import running_postgres
from tests.real_asterisk.hotline import NUMBER, RunningHotline
from tests.unplug.judge import Book, Verdict, judge
from tests.unplug.plugs import Plugs
from tests.unplug.sip_people import SipPeople
from tests.unplug.timeline import Line, Outage
from tests.unplug.twilio_people import TwilioPeople

PUBLIC: Final = "https://hotline.example"
TOKEN: Final = "a-token-of-our-own"
POLICY: Final = """
wrap_up_seconds = 0
satisfaction = false
quiet_hours = []
hold_if_wait_at_most_seconds = 3600
allowed_regions = ["CN", "HK"]
"""
AT_BOTH_DOORS: Final = ("ana", "ben", "cao")
AT_TWILIO: Final = ("dai", "eva")
DIAL_EVERY_SECONDS: Final = 2.0
THROUGH_SECONDS: Final = 90.0
SETTLED_SECONDS: Final = 30.0
DOUBLES_SECONDS: Final = 4.0
COMES_BACK_SECONDS: Final = 1.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Each part, and the seconds before it is killed: from the first caller, then from when the one before is back."""

    kills: tuple[tuple[str, float], ...]
    dials_on_seconds: float  # after the last is back
    patience_seconds: float = 40.0


WHOLE: Final = Plan(
    kills=(("sql", 16.0), ("redis", 13.0), ("web", 12.0), ("agi", 13.0), ("asterisk", 15.0)),
    dials_on_seconds=20.0,
)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    began_at: float
    lines: tuple[Line, ...]
    outages: tuple[Outage, ...]
    verdict: Verdict
    stood_down: dict[str, int]  # and back by a key, so often
    broken: tuple[str, ...]  # in the tests' own world


class Stage:
    """One hotline with its agents, and the callers of both doors."""

    def __init__(self, directory: Path, plan: Plan = WHOLE) -> None:
        self._directory, self._plan = directory, plan
        self._agents = Agents((*AT_BOTH_DOORS, *AT_TWILIO))

    def play(self, say: Callable[[str], None]) -> Outcome:
        """Until everybody is through."""
        with ExitStack() as stack:
            postgres = stack.enter_context(running_postgres())
            redis = SmallRedis()
            stack.callback(redis.close)
            rest = FakeTwilioRest(ACCOUNT, TOKEN, SystemClock(), redirect=self._redirect)
            api = stack.enter_context(served_rest(rest))
            self._hotline = RunningHotline(
                self._directory, POLICY, _environment(postgres.new_database(), redis.url, api)
            )
            patience = self._plan.patience_seconds
            settings = self._hotline.settings
            self._twilio = TwilioPeople(
                PUBLIC, settings.web_port, TOKEN, self._agents, patience_seconds=patience
            )
            self._sip = stack.enter_context(
                SipPeople(settings.sip_port, self._agents, patience_seconds=patience)
            )
            stack.enter_context(self._hotline)
            self._on_duty()
            plugs = Plugs(self._hotline, postgres, redis, self._sip.die)
            began_at = time.time()
            with _Beside(self._dials), _Beside(self._come_back):
                outages = self._kill(plugs, began_at, say)
            say(f"{time.time() - began_at:4.0f} s  nobody dials any more; those on the line are heard out")
            self._hear_out()
            return self._judged(began_at, outages, rest, say)

    def _redirect(self, sid: str, url: str) -> tuple[int, int] | None:
        return self._twilio.redirect(sid, url)

    def _on_duty(self) -> None:
        phones = {login: self._sip.phone(login) for login in AT_BOTH_DOORS}
        phones |= {login: f"client:{login}" for login in AT_TWILIO}
        with self._desk() as desk:
            for login, phone in phones.items():
                desk.add(login, login.title(), phone)
                desk.choose(login, "available")
        self._hotline.wait(lambda: "manager events connected" in self._hotline.log("agi"))
        self._book()  # the reader's connections are made before two threads want them

    @contextmanager
    def _desk(self) -> Iterator[AgentsService[SipAccount | None]]:
        """What agents do at their desks; its connections to PostgreSQL end with the block."""
        clock = SystemClock()
        people = SqlAgents(self._hotline.settings.database_url, clock)
        try:
            yield AgentsService(people, clock)
        finally:
            people._engine.dispose()
            people._readers.dispose()

    # ---- while callers dial ----------------------------------------------------------------------------------------

    def _kill(self, plugs: Plugs, began_at: float, say: Callable[[str], None]) -> list[Outage]:
        outages = []
        for name, seconds in self._plan.kills:
            time.sleep(seconds)
            outage: Outage = getattr(plugs, name)()
            outages.append(outage)
            say(
                f"{time.time() - began_at:4.0f} s  {outage.part} was dead for "
                f"{outage.ended_at - outage.began_at:.1f} s"
            )
        time.sleep(self._plan.dials_on_seconds)
        return outages

    def _dials(self, stop: threading.Event) -> None:
        """At the doors in turn."""
        mainland, hong_kong = _numbers("138"), _numbers("+85251")
        for turn in itertools.count():
            if turn % 2 == 0:
                self._sip.dial(next(mainland), NUMBER)
            else:
                self._twilio.dial(next(hong_kong))
            if stop.wait(DIAL_EVERY_SECONDS / 2):
                return

    def _come_back(self, stop: threading.Event) -> None:
        """Who was stood down sees the banner on his desk, and presses the key."""
        self.stood_down: Counter[str] = Counter()
        while not stop.wait(COMES_BACK_SECONDS):
            with suppress(Exception):  # SQL is away: the desk is, too
                away = sa.select(agents_table.c.login).where(agents_table.c.state == "away")
                logins = [str(row["login"]) for row in self._hotline.rows(away)]
                if logins:
                    self._are_back(logins)

    def _are_back(self, logins: list[str]) -> None:
        with self._desk() as desk:
            for login in logins:
                desk.choose(login, "available")
                self.stood_down[login] += 1

    # ---- afterwards --------------------------------------------------------------------------------------------------

    def _hear_out(self) -> None:
        self._twilio.join(THROUGH_SECONDS)
        until = time.monotonic() + THROUGH_SECONDS / 3
        while self._sip.in_calls and time.monotonic() < until:
            time.sleep(0.2)

    def _judged(
        self, began_at: float, outages: list[Outage], rest: FakeTwilioRest, say: Callable[[str], None]
    ) -> Outcome:
        lines = sorted([*self._sip.lines, *self._twilio.lines], key=lambda line: line.dialled_at)
        say(f"{time.time() - began_at:4.0f} s  {len(lines)} callers; the calls table comes to rest")
        until = time.monotonic() + SETTLED_SECONDS
        while self._book().unfinished and time.monotonic() < until:
            time.sleep(0.5)
        time.sleep(DOUBLES_SECONDS)  # nothing comes a second time
        verdict = judge(lines, outages, self._book(), self._agents.talks)
        on_the_line = self._sip.in_calls + self._twilio.in_calls
        unjudged = [f"{on_the_line} callers were not heard out"] if on_the_line else []
        outcome = Outcome(
            began_at=began_at,
            lines=tuple(lines),
            outages=tuple(outages),
            verdict=verdict,
            stood_down=dict(self.stood_down),
            broken=(*self._twilio.broken, *rest.violations, *unjudged),
        )
        (self._directory / "judged.json").write_text(json.dumps(asdict(outcome), indent=1, default=list))
        return outcome

    def _book(self) -> Book:
        times: Counter[str] = Counter()
        unfinished = set()
        for row in self._hotline.calls():
            number = str(row["caller"])
            dialled = number.removeprefix("+86").removeprefix("raw:")
            times[dialled] += 1
            if row["ended_at"] is None:
                unfinished.add(dialled)
        return Book(times=times, unfinished=frozenset(unfinished))


def _environment(database: str, redis: str, api: str) -> dict[str, str]:
    first = random.randrange(21_000, 32_000, 400)
    return {
        "DATABASE_URL": database,
        "REDIS_URL": redis,
        "HOTLINE_RTP_PORTS": f"{first}-{first + 399}",
        "PUBLIC_BASE_URL": PUBLIC,
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_API_BASE_URL": api,
    }


def _numbers(prefix: str) -> Iterator[str]:
    """Numbers that look like people's."""
    length = 11 if prefix.startswith("1") else 12
    for number in itertools.count(1):
        yield prefix + f"{number * 7919 % 10 ** (length - len(prefix)):0{length - len(prefix)}}"


class _Beside:
    """Work that goes on in a thread of its own while the block runs."""

    def __init__(self, work: Callable[[threading.Event], None]) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=work, args=(self._stop,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(10)
