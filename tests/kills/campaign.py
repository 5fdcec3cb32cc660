"""The campaign: callers take callbacks and agents serve them while one part after the other is killed; then the judge.

Callers are kept coming until enough of them were told that they would be called, and enough was killed. Then the
killing ends, all that is still owed is done, and the customers' own network says what became of whom.
"""

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import psutil
import sqlalchemy as sa

from ivr.adapters.sql_callback_schema import callbacks
from tests.faults.campaign import PROCFILE
from tests.kills.customers import Network
from tests.kills.judge import OPEN, Ring, Row, Told, Verdict, as_text, judge
from tests.kills.killer import Killer, wait_until
from tests.kills.second_door import POLICY as SECOND_POLICY
from tests.kills.second_door import SecondDoor
from tests.kills.sounds import Sounds
from tests.kills.telephones import LISTED, PROMISES, CallerSaw, Telephones
from tests.real_asterisk.callback_people import OWN_NUMBER, CallbackHotline
from tests.real_asterisk.hotline import NUMBER
from tests.real_asterisk.stories import PROMPTS

POLICY: Final = f"""
rings = 1
pickup_margin_seconds = 1.5
answer_when_saturated = "now"
agent_ring_seconds = 4
wrap_up_seconds = 0
satisfaction = false
quiet_hours = []
hold_if_wait_at_most_seconds = 0
callbacks_an_hour = 100000
own_numbers = ["{OWN_NUMBER}"]
"""
HEARD: Final = (*PROMISES, LISTED, "greeting", "please_hold", "offer_callback")
AHEAD: Final = 60  # promises not kept yet, beyond which callers wait before they dial
DIAL_EVERY_SECONDS: Final = 0.08
AT_ONCE: Final = 40  # callers on the line
SETTLED_SECONDS: Final = 240.0
CONTROL_SETTLED_SECONDS: Final = 90.0  # by then RQ has found every job whose worker died
QUIET_SECONDS: Final = 6.0
TOLD_EVERY_SECONDS: Final = 10.0


@dataclass(frozen=True, kw_only=True)
class Size:
    """So many callers are told, and so many parts killed, at least; `seconds` at most."""

    promises: int
    kills: int
    agents: int = 16
    seconds: float = 3600.0


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """`rows` None: the control keeps no book."""

    name: str
    verdict: Verdict
    kills: Counter[str]
    callers: Counter[str]
    seconds: float

    def __str__(self) -> str:
        callers = ", ".join(f"{count} {what}" for what, count in self.callers.most_common())
        table = as_text(self.name, self.verdict, self.kills)
        return f"{table}\n  callers: {callers}; {self.seconds:.0f} s"


def numbers(seed: int) -> Iterator[str]:
    """Mobile numbers that look like people's: three of each block of ten thousand, so that the guard sees no row."""
    dice = random.Random(seed)
    blocks = dice.sample(range(10_000), 10_000)
    for prefix in ("138", "139", "137", "136"):
        for block in blocks:
            for _ in range(3):
                yield f"{prefix}{block:04}{dice.randrange(10_000):04}"


class Stage:
    """One hotline with its agents, callers and customers; `procfile` says what is on trial.

    With `both_doors` every other caller is Twilio's, and is called back by Twilio.
    """

    def __init__(
        self, directory: Path, size: Size, *, seed: int, procfile: Path = PROCFILE, both_doors: bool = False
    ) -> None:
        self.size, self._seed = size, seed
        self.second = SecondDoor(seed) if both_doors else None
        self.hotline = _Hotline(directory, seed, procfile, self.second)
        self._sounds = Sounds(PROMPTS / "zh_CN", HEARD)
        self._given = numbers(seed)
        self._dialled = 0

    def play(self, say: Callable[[str], None], *, name: str, has_book: bool = True) -> Outcome:
        """Until everything owed is done, or nobody can wait any longer."""
        began = time.monotonic()
        with ExitStack() as stack:
            self.phones = stack.enter_context(Telephones(self.hotline.settings.sip_port, self._sounds))
            self.network = Network(self.hotline, self._sounds, self.phones.heard_elsewhere, greets=has_book)
            stack.enter_context(self.network)
            if self.second is not None:
                stack.enter_context(self.second.opens(self.hotline.settings.web_port, self.size.agents))
            stack.enter_context(self.hotline)
            for number in range(self.size.agents):
                self.hotline.add_agent(f"agent{number}", self.phones.phone(f"agent{number}"))
            with Killer(self.hotline, self._seed) as killer:
                self._dial(killer, say, began)
            wait_until(lambda: not self._in_calls, 60)
            say(f"{time.monotonic() - began:4.0f} s  no more kills; what is still owed is done now")
            patience = SETTLED_SECONDS if has_book else CONTROL_SETTLED_SECONDS
            wait_until(lambda: not self._owed(has_book, killer), patience, every=2.0)
            time.sleep(QUIET_SECONDS)  # nobody is called a second time
            rows = self.rows() if has_book else None
        verdict = judge(self.told(), rows, self._rings(killer))
        self._write_down(rows, killer)
        seconds = time.monotonic() - began
        return Outcome(
            name=name, verdict=verdict, kills=+killer.kills, callers=self._callers(), seconds=seconds
        )

    def _dial(self, killer: Killer, say: Callable[[str], None], began: float) -> None:
        next_word = 0.0
        while time.monotonic() - began < self.size.seconds:
            told, bridged = len(self.told()), self._bridged
            if told >= self.size.promises and killer.count >= self.size.kills:
                return
            if time.monotonic() >= next_word:
                next_word = time.monotonic() + TOLD_EVERY_SECONDS
                say(
                    f"{time.monotonic() - began:4.0f} s  told {told}/{self.size.promises}  "
                    f"talks {bridged}  kills {killer.count}/{self.size.kills}"
                )
            if self._in_calls < AT_ONCE and told - bridged < AHEAD:
                self._one_more()
            time.sleep(DIAL_EVERY_SECONDS)

    def _one_more(self) -> None:
        self._dialled += 1
        if self.second is not None and self._dialled % 2:
            self.second.dial()
        else:
            self.phones.dial(next(self._given), NUMBER)

    @property
    def _in_calls(self) -> int:
        return self.phones.in_calls + (0 if self.second is None else self.second.callers.in_calls)

    @property
    def _bridged(self) -> int:
        elsewhere = () if self.second is None else self.second.rings()
        return self.network.ear.voices() + sum(ring.person_at is not None for ring in elsewhere)

    def _rings(self, killer: Killer) -> list[Ring]:
        elsewhere = [] if self.second is None else self.second.rings()
        return [*self.network.rings(killer.switch_deaths), *elsewhere]

    def _all_callers(self) -> list[CallerSaw]:
        elsewhere = [] if self.second is None else self.second.callers.callers
        return [*self.phones.callers, *elsewhere]

    def told(self) -> list[Told]:
        """Who heard with his own ears that he would be called, and was not served while he was on the line."""
        return [
            Told(number=saw.number, promised_at=at)
            for saw in self._all_callers()
            if (at := saw.promised_at) is not None and not saw.served
        ]

    def rows(self) -> list[Row]:
        """What the book promised to whom, and how it stands."""
        return [
            Row(
                number=str(row["number"]).removeprefix("+86"),
                state=row["state"],
                first_due_at=row["first_due_at"].timestamp(),
                due_at=row["due_at"].timestamp(),
            )
            for row in self.hotline.rows(sa.select(callbacks).order_by(callbacks.c.id))
        ]

    def _owed(self, has_book: bool, killer: Killer) -> bool:
        if has_book:
            return any(row.state in OPEN for row in self.rows())
        heard = {ring.number for ring in self._rings(killer) if ring.person_at is not None}
        return any(each.number not in heard for each in self.told())

    def _callers(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for saw in self._all_callers():
            if saw.served:
                found["served at once"] += 1
            elif saw.promised_at is not None:
                found["promised a call"] += 1
            elif LISTED in saw.heard:
                found["listed for a person"] += 1
            else:
                found["cut off or refused"] += 1
        return found

    def _write_down(self, rows: list[Row] | None, killer: Killer) -> None:
        """For whoever looks into a verdict: beside the logs it was made of."""
        facts = {
            "callers": [asdict(saw) for saw in self._all_callers()],
            "rings": [asdict(ring) for ring in self._rings(killer)],
            "rows": [asdict(row) for row in rows or ()],
            "heard": [asdict(each) for each in self.network.ear.heard],
        }
        (self.hotline.data_dir / "judged.json").write_text(json.dumps(facts, indent=1))


class _Hotline(CallbackHotline):
    """With more ports for sound than a test's hotline has, and the parts that can be cut off."""

    def __init__(self, directory: Path, seed: int, procfile: Path, second: SecondDoor | None) -> None:
        first = random.Random(f"{seed}{directory}").randrange(29_200, 32_300, 400)
        policy = POLICY if second is None else POLICY + SECOND_POLICY
        more = {} if second is None else second.environment
        super().__init__(directory, policy, {"HOTLINE_RTP_PORTS": f"{first}-{first + 399}", **more}, procfile)
        self._dice = random.Random(seed)

    def part(self, name: str) -> psutil.Process:
        """In the control a worker is one of those that call back."""
        assert self._process is not None
        if name == "records":
            children = psutil.Process(self._process.pid).children()
            theirs = [child for child in children if "tests.kills.naive work" in " ".join(child.cmdline())]
            if theirs:
                return self._dice.choice(theirs)
        return super().part(name)
