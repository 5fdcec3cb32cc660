"""The agents are the same at both doors: two calls race for the last one, and exactly one gets him."""

import threading
from collections.abc import Callable
from pathlib import Path

from agi_scripts import hung_up, offered
from agi_scripts.door import Door
from ivr.adapters.sql_call_book import SqlCallBook
from ivr.adapters.sql_schema import agents, calls
from ivr.policy.rules import Rules
from ivr.service.switchboard import Switchboard
from tests.fakes.fake_line import FakeBurst
from tests.fakes.fake_twilio import ACCOUNT
from tests.fakes.twilio_wire import Wire, served
from tests.scenarios.stages import PUBLIC, TOKEN, asterisk_door, twilio_web
from tests.service.house import NOON, House, house

ROUNDS = 25
RULES = Rules(wrap_up_seconds=0)


def at_asterisk(door: Door, number: int, *, ended: bool = False) -> str:
    """One burst; the verbs it brought."""
    at = f"{NOON.timestamp():.3f}"
    turn, extra, entry = ("end", at, hung_up.main) if ended else ("1", "", offered.main)
    burst = FakeBurst(
        {"agi_callerid": "13800138000"}, (turn, at, f"1772452800.{number}", "400", "", "", extra)
    )
    entry(burst, door)  # type: ignore[arg-type]  # a fake session
    return burst.variables["HL_VERBS"]


def at_twilio(wire: Wire, number: int, *, ended: bool = False) -> str:
    """One webhook; the first verb it brought."""
    fields = {
        "AccountSid": ACCOUNT,
        "CallSid": f"CA{number:032x}",
        "From": "+85298765432",
        "To": "+85230001234",
    }
    route, status = ("status", "completed") if ended else ("incoming", "ringing")
    answer = wire.post(f"{PUBLIC}/twilio/{route}", {**fields, "CallStatus": status})
    assert answer.status == 200
    return answer.body.decode().partition("<Response><")[2].partition(" ")[0]


def both_at_once(*doings: Callable[[], str]) -> list[str]:
    """Each on its own thread, let go at the same moment."""
    together, found = threading.Barrier(len(doings)), [""] * len(doings)

    def do(place: int) -> None:
        together.wait(5)
        found[place] = doings[place]()

    threads = [threading.Thread(target=do, args=(place,)) for place in range(len(doings))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    return found


def test_of_an_asterisk_and_a_twilio_caller_exactly_one_gets_the_last_agent__R69(tmp_path: Path) -> None:
    """Each door has its own book on the same database, as its own process has."""
    winners: list[str] = []
    with house(tmp_path, RULES) as home:
        home.agent("wang")
        theirs = SqlCallBook(home.url, home.clock)
        web = twilio_web(Switchboard(theirs, RULES), home.clock, RULES)
        door = asterisk_door(home.switchboard, home.clock, RULES)
        with served(web) as port:
            wire = Wire(PUBLIC, port, TOKEN)
            winners += [_one_race(home, door, wire, number) for number in range(1, ROUNDS + 1)]
        theirs.close()
    assert len(winners) == ROUNDS


def _one_race(home: House, door: Door, wire: Wire, number: int) -> str:
    verbs, verb = both_at_once(lambda: at_asterisk(door, number), lambda: at_twilio(wire, number))
    assert (verbs, verb) in {("ring", "Pause"), ("hold", "Dial")}, (number, verbs, verb)
    [wang] = home.rows(agents)
    holders = [row["door"] for row in home.rows(calls) if row["phase"] == "ringing"]
    assert (wang["state"], len(holders)) == ("reserved", 1)
    at_asterisk(door, number, ended=True)
    at_twilio(wire, number, ended=True)
    assert home.rows(agents)[0]["state"] == "available"
    return str(holders[0])
