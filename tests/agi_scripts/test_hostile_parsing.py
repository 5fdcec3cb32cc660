"""Whatever comes in from outside, the parsers end, refuse by name or give something harmless to store.

Harmless: no control character, no line break, nothing that turns text around or cannot be written at all.
"""

import contextlib
import re
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from asterisk.agi import AGIError
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from agi_scripts import digits
from agi_scripts.assembly import own_door
from agi_scripts.door import BadBurst, Burst, Door, moment_of
from agi_scripts.session import AgiSession
from config.settings import load
from ivr.adapters.asterisk_cdr import AsteriskCdr, _parsed
from ivr.adapters.spool_files import parse_line, render_line
from ivr.policy.masking import masked
from ivr.policy.phone_number import caller_identity, number_to_ring, typed_number
from ivr.service.drainer import Drainer, SpoolLine
from ivr.service.ports import Contact
from tests.service.house import house

STAMP = "1772452800.123456"
CONTROLS = "\x00\x01\x07\x08\x0b\x0c\x1b\x1c\x7f\x85\xa0\u2028\u2029\u202e\u200f\ufeff\r\n\t"
NASTY = st.text(max_size=120) | st.text(alphabet=CONTROLS + "0123456789+|,\"'${}()%&;北京", max_size=120)
STAMPS = st.sampled_from(["", STAMP, "99999999999.999999999", "0", "-1", "1e9", "١٢٣٤٥٦٧٨٩٠", "nan"]) | NASTY
TURNS = st.sampled_from(["1", "999999", "end", "noted", "１", "-1"]) | NASTY
REFS = st.sampled_from(["1772452800.7", "../../etc/passwd", "a" * 150, "a" * 151, "1.7\n"]) | NASTY
quick = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


def is_harmless(text: str | None) -> bool:
    """Printable in one line, and writable as UTF-8 wherever it is stored."""
    return text is None or (text.isprintable() and bool(text.encode() or not text))


def all_harmless(contact: Contact) -> bool:
    return all(map(is_harmless, (contact.ref, contact.hotline, contact.caller, contact.channel)))


class FakeBurst:
    """What AgiSession is to the door: an environment and arguments, both already hostile."""

    def __init__(self, environment: dict[str, str], arguments: tuple[str, ...]) -> None:
        self.env, self.arguments = environment, arguments


def read(door: Door, environment: dict[str, str], arguments: tuple[str, ...]) -> Burst | None:
    """None where the door refuses, which it must do by the argument's name."""
    with contextlib.suppress(BadBurst):
        return door.read(FakeBurst(environment, arguments))  # type: ignore[arg-type] # a fake session
    with pytest.raises(BadBurst, match=r"burst argument HL_(AT|REF|TURN|GREETED|SERVED)") as refused:
        door.read(FakeBurst(environment, arguments))  # type: ignore[arg-type] # a fake session
    assert is_harmless(str(refused.value))
    return None


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    with house(tmp_path) as hotline:
        own = load({"HOTLINE_DATA_DIR": str(tmp_path)})
        yield own_door(own, hotline.switchboard, hotline.rules, hotline.clock)


Spooled = Callable[[str], Contact]


@pytest.fixture
def spooled(door: Door) -> Spooled:
    """The contact that is made of a caller the server wrote down while its database was away."""
    drainer = Drainer(door.spool, door.switchboard, door.rules)
    line = parse_line(f"v1|ended|1.7|{STAMP}|400||||{STAMP}")
    return lambda caller: drainer._contact(parse_line(render_line(replace(line, caller=caller))))


# ---- the door -----------------------------------------------------------------------------------------------------


@quick
@given(TURNS, STAMPS, REFS, NASTY, STAMPS, STAMPS, NASTY, NASTY, NASTY)
@example("1", STAMP, "1.7", "400\n1\x00\u202e", "", "", "1\r\n2", "\x00\u20281\n", "PJSIP/x\n\x00")
@example("1", "1772452800\n", "1.7\n", "", "", "", "", "", "")
def test_whatever_a_burst_says_it_is_refused_by_name_or_harmless_to_store(
    door: Door,
    turn: str,
    at: str,
    ref: str,
    called: str,
    greeted: str,
    served: str,
    extra: str,
    caller: str,
    name: str,
) -> None:
    arguments = (turn, at, ref, called, greeted, served, extra)
    environment = {"agi_callerid": caller, "agi_calleridname": name, "agi_channel": name}
    burst = read(door, environment, arguments)
    if burst is None:
        return
    assert all_harmless(burst.contact)
    assert is_harmless(burst.turn)
    assert re.fullmatch(r"[0-9*#]*", digits._keys(burst.extra))
    with contextlib.suppress(BadBurst):
        assert moment_of(burst, "HL_EXTRA").tzinfo is not None


# ---- AGI as a stream ----------------------------------------------------------------------------------------------


LINES = st.lists(
    st.binary(max_size=40)
    | st.sampled_from(
        [
            b"agi_callerid: x",
            b"",
            b"200 result=1",
            b"200 result=1 (",
            b"520-",
            b"100 ",
            b"HANGUP",
            b"511 x",
            b")",
        ]
    ),
    max_size=12,
)


@quick
@given(LINES, LINES)
def test_no_stream_of_lines_makes_a_burst_hang_or_fail_otherwise_than_as_a_burst(
    opening: list[bytes], replies: list[bytes]
) -> None:
    ours, theirs = socket.socketpair()
    began = time.monotonic()
    with ours, theirs, contextlib.suppress(AGIError):
        theirs.sendall(b"\n".join([*opening, b"", *replies, b""]))
        theirs.shutdown(socket.SHUT_WR)
        session = AgiSession.over_socket(ours, deadline_seconds=1.0)
        session.variable("HL_X")
        session.set_variables({"HL_VERBS": "ring", "HL_DONE": 1})
    assert time.monotonic() - began < 1.5


# ---- who calls ----------------------------------------------------------------------------------------------------


@quick
@given(NASTY, st.sampled_from(["", "010", "21"]))
@example("\x00", "010")
@example("١٣٨٠٠١٣٨٠٠٠", "010")
@example("'; DROP TABLE calls; --", "010")
@example("${SHELL(id)}", "010")
@example("1" * 2000, "010")
def test_whatever_is_presented_as_a_caller_is_a_number_a_harmless_text_or_nobody(
    text: str, area: str
) -> None:
    caller = caller_identity(text, area)
    assert caller is None or re.fullmatch(r"\+[0-9]{5,15}|raw:.{1,40}", caller)
    assert is_harmless(caller)
    to_ring = number_to_ring(caller)
    assert to_ring is None or re.fullmatch(r"\+?[0-9]{3,15}", to_ring)
    typed = typed_number(text, area)
    assert typed is None or re.fullmatch(r"\+[0-9]{5,15}", typed)


@quick
@given(NASTY)
@example("'; DROP TABLE calls; --")
@example("raw:13800138000")
def test_who_a_caller_is_does_not_change_by_being_written_down_and_imported(
    spooled: Spooled, caller: str
) -> None:
    identity = caller_identity(caller, "010")
    assert spooled(identity or "").caller == (identity and identity.replace("|", "/"))


# ---- what lies on the disk ----------------------------------------------------------------------------------------


@quick
@given(
    st.lists(NASTY, min_size=9, max_size=9) | st.just(["v1", "noted"] + [STAMP] * 7),
    st.sampled_from(["v1", "v2"]),
)
@example(["v1", "noted", "1.7", STAMP, "400\x00\x1b", "\u202e1", "", "1\x0012", STAMP], "v1")
@example(["v1", "ended", "1.7", STAMP, "400", "'; DROP", STAMP, STAMP, STAMP], "v1")
def test_a_spool_line_is_refused_or_harmless(fields: list[str], version: str) -> None:
    for line in ("|".join(fields), "|".join([version, "noted", "1.7", STAMP, *fields[4:8], STAMP])):
        with contextlib.suppress(ValueError):
            read = parse_line(line)
            assert all(map(is_harmless, (read.ref, read.hotline, read.caller, read.number))), read


@quick
@given(NASTY, NASTY, NASTY)
def test_what_the_server_writes_down_it_can_read_again(hotline: str, caller: str, number: str) -> None:
    at = parse_line(f"v1|noted|1.7|{STAMP}|400|1||2|{STAMP}").at
    identity = caller_identity(caller, "010") or ""
    line = SpoolLine(
        door="twilio", kind="noted", ref="1.7", presented_at=at, hotline=hotline, caller=identity,
        greeted_at=None, served_at=None, number=number, at=at,
    )  # fmt: skip
    written = render_line(line)
    assert len(written.splitlines()) == 1
    assert parse_line(written).caller == identity.replace("|", "/")


@quick
@given(
    st.binary(max_size=200)
    | st.lists(NASTY, min_size=8, max_size=8).map(lambda f: ",".join(f).encode("utf-8", "replace"))
)
@example(b'"1.7","1.7","1772452800.1","","1772452800.2","400\x00","\x1b1","ANSWERED"\n')
@example(b'"1.7","1.7","1772452800.1","0.0","1772452800.2","400","1\r2","ANSWERED"\n')
@example(b"a\rb,c\n")
@example(b'"' + b"x" * 200_000 + b'"\n')
def test_a_line_of_the_switchs_call_log_is_passed_over_or_harmless(line: bytes) -> None:
    call = _parsed(line)
    assert call is None or (is_harmless(call.ref) and is_harmless(call.hotline) and is_harmless(call.caller))


def test_a_megabyte_without_a_line_does_not_stop_the_call_log_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "hotline.csv"
    good = f'"1.7","1.7","{STAMP}","","{STAMP}","400","1","ANSWERED"\n'
    path.write_bytes(b"x" * (1 << 20) + b"\n" + good.encode())
    log = AsteriskCdr(path)
    found = [call.ref for _ in range(3) for call in log.unread()]
    assert found[:1] == ["1.7"]


# ---- what a log shows ---------------------------------------------------------------------------------------------


@quick
@given(
    st.from_regex(r"(?:\+|00)?[1-9][0-9]{6,14}", fullmatch=True),
    st.sampled_from(["", " ", "-", "\u2011", ") "]),
    NASTY,
)
def test_no_number_is_seen_whole_in_a_log_however_it_is_spelled(number: str, gap: str, around: str) -> None:
    spelled = gap.join((number[:3], number[3:7], number[7:])).rstrip(gap or None)
    shown = masked(f"{around} {spelled} {around}")
    assert spelled not in shown or not re.search(r"\d", spelled)
    assert len(shown) == len(f"{around} {spelled} {around}")
