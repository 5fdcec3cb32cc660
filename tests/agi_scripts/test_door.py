"""The AGI door only translates: arguments into events, commands into variables, the sentinel last."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agi_scripts import hung_up, number_noted, offered
from agi_scripts.door import RING_RESULTS, Answer, Answers, BadBurst, Burst, Door, LaterDoor, moment_of
from agi_scripts.server import ENTRIES
from agi_scripts.session import AgiSession
from agi_scripts.wire import command_line, quoted
from config.prompt_pack import PromptPack
from ivr.adapters.spool_files import SpoolFiles, parse_line
from ivr.policy.commands import Ask, HangUp, Hold, LineCommand, Ring, Say, Sound
from ivr.policy.events import AgentAnswered, CallerGreeted, RingResult
from ivr.service.ports import BookUnavailable
from tests.agi_scripts.house import eventually
from tests.service.house import house

ROOT = Path(__file__).resolve().parent.parent.parent
PROMPTS = ROOT / "config" / "prompts"
STAMP = "1772452800.123456"
Handled = Callable[[Callable[[], tuple[LineCommand, ...]]], None]


class FakeBurst:
    """What AgiSession is to the door: an environment, arguments, and variables set in order."""

    def __init__(self, *arguments: str, callerid: str = "13800138000") -> None:
        self.env = {"agi_callerid": callerid, "agi_channel": "PJSIP/hl-trunk-00000001"}
        self.arguments = arguments
        self.variables: dict[str, object] = {}

    def set_variables(self, values: dict[str, object]) -> None:
        self.variables |= values


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    with house(tmp_path) as hotline:
        yield Door(
            switchboard=hotline.switchboard,
            clock=hotline.clock,
            rules=hotline.rules,
            prompts=PromptPack(PROMPTS, tmp_path / "custom", "zh_CN"),
            outbound_trunk="sip:carrier.example:5060",
            spool=SpoolFiles(tmp_path),
        )


def read(door: Door, *arguments: str, callerid: str = "13800138000") -> Burst:
    session = FakeBurst(*arguments, callerid=callerid)
    return door.read(session)  # type: ignore[arg-type] # a fake session


def test_a_burst_says_who_calls_and_brings_both_stamps_in_their_order(door: Door) -> None:
    burst = read(door, "3", STAMP, "1772452800.7", "4001234567", "1772452803.5", "1772452802", "ANSWER")
    assert burst.contact.caller == "+8613800138000"
    assert burst.contact.ref == "1772452800.7"
    assert [type(event) for event in burst.stamps] == [AgentAnswered, CallerGreeted]
    assert burst.extra == "ANSWER"


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ((), "HL_AT"),
        (("1", "yesterday", "1.7"), "HL_AT"),
        (("one", STAMP, "1.7"), "HL_TURN"),
        (("1", STAMP, "1.7; DROP"), "HL_REF"),
        (("1", STAMP, "1.7", "400", "${SHELL(id)}"), "HL_GREETED"),
    ],
)
def test_a_burst_that_makes_no_sense_is_refused_by_the_name_of_its_argument(
    door: Door, arguments: tuple[str, ...], field: str
) -> None:
    with pytest.raises(BadBurst) as refused:
        read(door, *arguments)
    assert refused.value.field == field


@pytest.mark.parametrize("callerid", ["anonymous", "", "8656696", "unknown"])
def test_a_withheld_number_is_nobodys_number(door: Door, callerid: str) -> None:
    burst = read(door, "1", STAMP, "1.7", callerid=callerid)
    assert burst.contact.caller is None


@pytest.mark.parametrize(
    ("commands", "variables"),
    [
        (
            (Ring(agent="ana", phone="endpoint:ag-1", seconds=12.9991, sound=Sound.RINGING),),
            {
                "HL_VERBS": "ring",
                "HL_DIAL": "PJSIP/ag-1",
                "HL_SECONDS": "12.999",
                "HL_SOUND": "ringing",
                "HL_WHISPER": "",
            },
        ),
        (
            (Ring(agent=None, phone="tel:+8613900139000", seconds=20, sound=Sound.MUSIC),),
            {
                "HL_VERBS": "ring",
                "HL_DIAL": "PJSIP/hl-out/sip:+8613900139000@carrier.example:5060",
                "HL_SECONDS": "20.000",
                "HL_SOUND": "music",
                "HL_WHISPER": "",
            },
        ),
        (
            (
                Ring(
                    agent="ana",
                    phone="endpoint:ag-1",
                    seconds=20,
                    sound=Sound.MUSIC,
                    whisper=("whisper_call", "whisper_waited_3"),
                ),
            ),
            {
                "HL_VERBS": "ring",
                "HL_DIAL": "PJSIP/ag-1",
                "HL_SECONDS": "20.000",
                "HL_SOUND": "music",
                "HL_WHISPER": f"{PROMPTS}/zh_CN/whisper_call&{PROMPTS}/zh_CN/whisper_waited_3",
            },
        ),
        (
            (Ring(agent="tw", phone="client:tw", seconds=20, sound=Sound.MUSIC),),
            {
                "HL_VERBS": "ring",
                "HL_DIAL": "",
                "HL_SECONDS": "20.000",
                "HL_SOUND": "music",
                "HL_WHISPER": "",
            },
        ),
        (
            (Say(prompts=("greeting", "all_busy")), Hold(seconds=10, sound=Sound.MUSIC)),
            {
                "HL_VERBS": "say-hold",
                "HL_FROM": f"{PROMPTS}/zh_CN/",
                "HL_SAY": "greeting&all_busy",
                "HL_SECONDS": "10.000",
                "HL_SOUND": "music",
                "HL_KEY": "",
            },
        ),
        (
            (Hold(seconds=10, sound=Sound.MUSIC, key="1"),),
            {"HL_VERBS": "hold", "HL_SECONDS": "10.000", "HL_SOUND": "music", "HL_KEY": "1"},
        ),
        (
            (Ask(prompts=("ask_number",), digits=12, seconds=5),),
            {
                "HL_VERBS": "ask",
                "HL_FROM": f"{PROMPTS}/zh_CN/",
                "HL_SAY": "ask_number",
                "HL_DIGITS": 12,
                "HL_SECONDS": "5",
            },
        ),
        ((HangUp(),), {"HL_VERBS": "hangup"}),
    ],
)
def test_each_command_is_one_verb_and_its_variables(
    door: Door, commands: tuple[LineCommand, ...], variables: dict[str, object]
) -> None:
    assert door.verbs(commands) == variables


def test_an_own_recording_is_played_instead_of_ours(tmp_path: Path, door: Door) -> None:
    own = tmp_path / "custom" / "zh_CN" / "greeting.wav"
    own.parent.mkdir(parents=True)
    own.write_bytes((PROMPTS / "zh_CN" / "greeting.wav").read_bytes())
    assert door.sounds(("greeting",)) == str(own.with_suffix(""))


def test_every_word_of_dialstatus_is_known_and_a_new_one_is_heard_of() -> None:
    assert RING_RESULTS["ANSWER"] is RingResult.ANSWERED
    assert RING_RESULTS["NOANSWER"] is RingResult.NO_ANSWER
    with pytest.raises(KeyError):
        RING_RESULTS["DONTCALL2"]


def test_the_moment_of_a_hang_up_is_the_switchs_own(door: Door) -> None:
    burst = read(door, "end", STAMP, "1.7", "400", "", "", "1772452812.25")
    assert moment_of(burst, "HL_EXTRA").timestamp() == 1772452812.25
    silent = read(door, "end", STAMP, "1.7", "400", "", "", "")
    with pytest.raises(BadBurst):
        moment_of(silent, "HL_EXTRA")


def test_a_long_sentence_fits_into_one_command_wherever_the_recordings_lie(
    door: Door, tmp_path: Path
) -> None:
    """A promise has some 35 recordings, one of them perhaps the company's own, and an AGI command 2,000 bytes."""
    own = tmp_path / "custom" / "zh_CN" / "goodbye.wav"
    own.parent.mkdir(parents=True)
    own.write_bytes((PROMPTS / "zh_CN" / "goodbye.wav").read_bytes())
    prompts = (*("callback_within_end",) * 34, "goodbye")
    said = door.verbs((Say(prompts=prompts), HangUp()))
    names = str(said["HL_SAY"]).split("&")
    assert [Path(f"{said['HL_FROM']}{name}.wav").exists() for name in names] == [True] * 35
    assert len(command_line("EXEC MSet", [quoted(",".join(f"{k}={v}" for k, v in said.items()))])) <= 2000


def test_a_dialplan_entry_and_its_file_have_one_name() -> None:
    files = {path.stem for path in (ROOT / "agi_scripts").glob("*.py")}
    assert set(ENTRIES) <= files
    dialplan = (ROOT / "config" / "asterisk" / "hotline_dialplan.conf").read_text("utf-8")
    for entry in ENTRIES:
        assert f"HL_EVENT={entry})" in dialplan or f"/{entry}," in dialplan


class LockedSwitchboard:
    """A book that does not answer."""

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error or BookUnavailable("locked")

    def handle(self, contact: object, key: str, events: object) -> tuple[LineCommand, ...]:
        raise self._error

    def handle_later(self, contact: object, key: str, events: object, then: Handled) -> None:
        then(lambda: self.handle(contact, key, events))


def locked(door: Door) -> Door:
    return replace(door, switchboard=LockedSwitchboard())  # type: ignore[arg-type] # a fake


def test_with_the_book_away_a_hang_up_is_on_the_disk_and_answered__R6(tmp_path: Path, door: Door) -> None:
    session = FakeBurst("end", STAMP, "1772452800.7", "400", "1772452802.5", "", "1772452812.25")
    hung_up.main(session, locked(door))  # type: ignore[arg-type] # a fake session
    assert session.variables["HL_DONE"] == "end"
    line = parse_line((tmp_path / "1772452800.7.req").read_text().strip())
    assert (line.kind, line.caller, line.at.timestamp()) == ("ended", "+8613800138000", 1772452812.25)


def test_with_the_book_away_any_other_burst_stays_without_its_sentinel(door: Door) -> None:
    session = FakeBurst("1", STAMP, "1772452800.7")
    with pytest.raises(BookUnavailable):
        offered.main(session, locked(door))  # type: ignore[arg-type] # a fake session
    assert "HL_DONE" not in session.variables


def test_a_number_is_on_the_disk_before_the_caller_hears_that_we_have_it__R70(
    tmp_path: Path, door: Door
) -> None:
    session = FakeBurst("noted", STAMP, "1772452800.7", "400", "", "", "13800138111")
    number_noted.main(session, locked(door))  # type: ignore[arg-type] # a fake session
    assert session.variables["HL_DONE"] == "noted"
    line = parse_line((tmp_path / "1772452800.7.req").read_text().strip())
    assert (line.kind, line.number) == ("noted", "13800138111")


def test_a_disk_that_takes_nothing_makes_no_promise__R70(tmp_path: Path, door: Door) -> None:
    session = FakeBurst("noted", STAMP, "1772452800.7", "400", "", "", "13800138111")
    full = replace(door, spool=SpoolFiles(tmp_path / "missing"))
    with pytest.raises(OSError, match="missing"):
        number_noted.main(session, full)  # type: ignore[arg-type] # a fake session
    assert "HL_DONE" not in session.variables


def later(door: Door, main: Callable[[AgiSession, Answers], None], *arguments: str) -> tuple[Answer, bool]:
    """What a server's door is told, and whether that was aside, where waiting for a disk harms nobody."""
    told: list[tuple[Answer, bool]] = []
    waiting: list[bool] = [False]

    def aside(work: Callable[[], None]) -> None:
        waiting[0] = True
        work()

    main(FakeBurst(*arguments), LaterDoor(door, lambda answer: told.append((answer, waiting[0])), aside))  # type: ignore[arg-type] # a fake session
    eventually(lambda: told)
    return told[0]


def test_a_server_that_waits_for_nobody_is_told_the_same_as_one_that_waits(door: Door) -> None:
    session = FakeBurst("1", STAMP, "1772452800.7", "400")
    offered.main(session, door)  # type: ignore[arg-type] # a fake session
    answer, aside = later(door, offered.main, "1", STAMP, "1772452800.8", "400")
    assert dict(answer()) == session.variables
    assert not aside


def test_what_has_to_be_put_on_the_disk_is_put_there_aside__R6(tmp_path: Path, door: Door) -> None:
    answer, aside = later(
        locked(door), hung_up.main, "end", STAMP, "1772452800.7", "400", "", "", "1772452812.25"
    )
    assert aside
    assert dict(answer())["HL_DONE"] == "end"
    assert parse_line((tmp_path / "1772452800.7.req").read_text().strip()).kind == "ended"


@pytest.mark.parametrize("error", [BookUnavailable("locked"), KeyError("a bug")])
def test_a_server_hears_of_every_failure_in_place_of_an_answer(door: Door, error: Exception) -> None:
    broken = replace(door, switchboard=LockedSwitchboard(error))  # type: ignore[arg-type] # a fake
    answer, _ = later(broken, offered.main, "1", STAMP, "1772452800.7")
    with pytest.raises(type(error)):
        answer()
