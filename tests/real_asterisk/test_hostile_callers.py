"""Hostile input on the real switch: answered or refused as specified, stored parsed, nothing executed.

A canary is a file that only an executed `${SHELL(…)}` would make. No caller's number stands whole in any log.
"""

import random
import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest
import sqlalchemy as sa

from config.secrets import load_or_create
from ivr.adapters.sql_schema import sip_accounts
from tests.fakes.fake_agi_channel import environment_block
from tests.real_asterisk.hostile_words import forged_lines, names, users
from tests.real_asterisk.hotline import RunningHotline
from tests.real_asterisk.raw_caller import RawCaller, escaped, from_user, heard_until_quiet, mutated
from tests.real_asterisk.stories import on_duty
from tests.real_asterisk.web_socket import statuses_over_web_socket

pytestmark = pytest.mark.real
POLICY = "wrap_up_seconds = 0\nagent_ring_seconds = 6\n"
STRANGER = "127.0.0.2"


@pytest.fixture(scope="module")
def hotline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHotline]:
    """Nobody is on duty: every call is picked up at once, its number noted or asked for."""
    with RunningHotline(tmp_path_factory.mktemp("h"), policy=POLICY) as running:
        yield running


@pytest.fixture(scope="module")
def canary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("canary") / "sang"


def dialled(hotline: RunningHotline, froms: list[bytes], first_number: int) -> list[RawCaller]:
    """Each calls a number of its own, some at once."""
    port = hotline.settings.sip_port
    callers = [RawCaller(port, header, to=b"%d" % (first_number + n)) for n, header in enumerate(froms)]
    with ThreadPoolExecutor(6) as pool:
        return list(pool.map(RawCaller.dial, callers))


def rows_of(hotline: RunningHotline, caller: RawCaller) -> list[tuple[str | None, str]]:
    """Caller and outcome of the ended calls to the number he dialled."""
    rows = [row for row in hotline.calls() if row["hotline"] == caller.to.decode()]
    return [(row["caller"], row["outcome"]) for row in rows if row["ended_at"] is not None]


# ---- who calls ----------------------------------------------------------------------------------------------------


def test_no_callers_name_does_anything_but_ring(hotline: RunningHotline, canary: Path) -> None:
    froms = [from_user(b"138001382%02d" % n, name) for n, name in enumerate(names(canary))]
    callers = dialled(hotline, froms, 4000000100)
    assert [caller.final for caller in callers] == [200] * len(callers), [c.statuses for c in callers]
    for n, caller in enumerate(callers):
        hotline.wait(lambda caller=caller: bool(rows_of(hotline, caller)))  # type: ignore[misc]
        assert rows_of(hotline, caller) == [(f"+86138001382{n:02d}", "fallback")], caller.from_header[:60]
    assert not canary.exists()


def test_every_caller_id_is_a_number_a_harmless_text_or_nobody(hotline: RunningHotline, canary: Path) -> None:
    cases = users(canary)
    callers = dialled(hotline, [from_user(user) for user, _ in cases], 4000000200)
    found = {}
    for caller in callers:
        assert caller.final == 200, (caller.from_header[:60], caller.statuses)
        hotline.wait(lambda caller=caller: bool(rows_of(hotline, caller)))  # type: ignore[misc]
        [(found[caller.from_header], outcome)] = rows_of(hotline, caller)
        assert outcome in {"fallback", "abandoned"}
    assert found == {from_user(user): identity for user, identity in cases}
    assert not canary.exists()


@pytest.mark.parametrize("by", ["number", "name", "dialled", "diversion"])
def test_no_caller_forges_a_burst_of_somebody_elses_call(hotline: RunningHotline, by: str) -> None:
    """A line break in what he presents would write lines of his own into the burst's environment."""
    port, number = hotline.settings.sip_port, f"138001383{50 + len(by)}"
    victim = RawCaller(port, from_user(number.encode()), talk_seconds=3)
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(victim.dial)
        hotline.wait(lambda: bool(hotline.calls(number)))
        evil = escaped(forged_lines(hotline.call(number)))
        mallory = {
            "number": RawCaller(port, from_user(b"110" + evil)),
            "name": RawCaller(port, from_user(b"110", unquote_to_bytes(evil).replace(b"\n", b"\r\n "))),
            "dialled": RawCaller(port, from_user(b"110"), b"4001" + evil),
            "diversion": RawCaller(
                port, from_user(b"110"), more_headers=b"Diversion: " + from_user(b"1" + evil)
            ),
        }[by]
        assert mallory.dial(3).final in {200, 400, 404, None}, mallory.statuses
        assert call.result().final == 200
    assert hotline.ended_call(number)["served_at"] is None


@pytest.mark.parametrize(
    "name", [b'"two\r\n lines"', b'"a\r\nX-Forged: 1"', b'"open', b"\xff\xfe", b'"nul\0"']
)
def test_a_from_header_that_breaks_its_line_is_read_as_one_or_refused(
    hotline: RunningHotline, name: bytes
) -> None:
    number = 13800138400 + sum(name) % 90
    header = name + b" <sip:%d@127.0.0.1>" % number
    caller = RawCaller(hotline.settings.sip_port, header, to=b"%d" % (4000000300 + sum(name) % 90)).dial(2)
    if caller.final == 200:
        hotline.wait(lambda: bool(rows_of(hotline, caller)))
        assert rows_of(hotline, caller) == [(f"+86{number}", "fallback")]
    else:
        assert caller.final in {None, 400, 503}, caller.statuses
        assert rows_of(hotline, caller) == []


def test_a_hostile_name_reaches_the_agent_as_a_name_and_he_serves_the_call(hotline: RunningHotline) -> None:
    header = from_user(b"13800138499", rb"\"><sip:evil@127.0.0.9>;x=\"${HL_SERVED}")
    with on_duty(hotline, "eve") as phone:
        with ThreadPoolExecutor(1) as pool:
            call = pool.submit(
                RawCaller(hotline.settings.sip_port, header, to=b"4000000399", talk_seconds=1).dial
            )
            phone.wait_for("sent", "INVITE", 180)
            phone.answer()
            assert call.result().final == 200
        assert len(phone.call_ids()) == 1
        assert hotline.ended_call("13800138499")["outcome"] == "served"


# ---- what is dialled ----------------------------------------------------------------------------------------------


def test_whatever_is_dialled_reaches_the_hotline_as_digits_or_nothing(
    hotline: RunningHotline, canary: Path
) -> None:
    shell = escaped(f"${{SHELL(touch {canary})}}".encode())
    reached = {b"400" + shell: "400", b"4001,2,3": "400123", b"4002&PJSIP%2Fx": "4002", b"+864003": "+864003"}
    nowhere = (
        b"s",
        b"h",
        b"i",
        b"T",
        b"hangup",
        b"ring",
        shell,
        b"*71",
        b"%00",
        b"hl-static",
        b"",
        b"%0d%0a",
    )
    port = hotline.settings.sip_port
    callers = [RawCaller(port, from_user(b"13800138501"), to=to) for to in (*reached, *nowhere)]
    with ThreadPoolExecutor(6) as pool:
        finals = {caller.to: caller.final for caller in pool.map(lambda c: c.dial(3), callers)}
    assert {to: finals[to] for to in reached} == dict.fromkeys(reached, 200)
    assert {to: finals[to] for to in nowhere if finals[to] not in {400, 404, 484, 416, None}} == {}
    hotline.wait(lambda: len(hotline.calls("13800138501")) == len(reached))
    assert all(re.fullmatch(r"\+?[0-9]{1,64}", row["hotline"]) for row in hotline.calls("13800138501"))
    assert not canary.exists()


# ---- who is no trunk of ours --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "method", [b"INVITE", b"REGISTER", b"OPTIONS", b"MESSAGE", b"SUBSCRIBE", b"REFER", b"NOTIFY"]
)
def test_a_stranger_gets_nothing_whatever_name_he_takes(hotline: RunningHotline, method: bytes) -> None:
    before = hotline.calls()
    endpoint = hotline.rows(sa.select(sip_accounts))[0]["name"].encode()
    taken = (b"13800138601", b"hl-trunk", b"hl-direct", endpoint, b"")
    port = hotline.settings.sip_port
    strangers = [RawCaller(port, from_user(user), address=STRANGER, method=method) for user in taken]
    with ThreadPoolExecutor(5) as pool:
        answers = [stranger.statuses for stranger in pool.map(lambda s: s.dial(1.5), strangers)]
    assert all(set(statuses) <= {400, 401, 403} for statuses in answers), answers
    assert hotline.calls() == before


# ---- who is no switch of ours -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "script", ["offered", "wrong-token-wrong-token/offered", "/offered", "../offered", ""]
)
def test_a_burst_without_the_token_gets_nothing(hotline: RunningHotline, script: str) -> None:
    before = hotline.calls()
    given = {"agi_arg_1": "1", "agi_arg_2": "1772452800.1", "agi_arg_3": "1.7", "agi_callerid": "13800138801"}
    with socket.create_connection(("127.0.0.1", hotline.settings.agi_port), timeout=5) as sock:
        sock.sendall(environment_block(agi_network_script=script, **given))
        assert sock.recv(4096) == b""
    assert hotline.calls() == before


def test_three_hundred_strangers_on_the_bursts_port_do_not_stop_a_call(hotline: RunningHotline) -> None:
    with ExitStack() as strangers:
        for _ in range(300):
            sock = strangers.enter_context(socket.socket())
            sock.settimeout(1)
            sock.connect(("127.0.0.1", hotline.settings.agi_port))
        caller = RawCaller(hotline.settings.sip_port, from_user(b"13800138802"), to=b"4000000802").dial(15)
    assert caller.final == 200, caller.statuses
    hotline.wait(lambda: rows_of(hotline, caller) == [("+8613800138802", "fallback")], seconds=15)


def test_garbage_on_the_managers_port_leaves_the_hotline_working(hotline: RunningHotline) -> None:
    dice = random.Random(11)
    login = b"Action: Login\r\nUsername: hotline\r\nSecret: wrong\r\n\r\n"
    for junk in (
        b"\0" * 5000,
        dice.randbytes(20000),
        b"A: " + b"x" * 5000,
        login * 3,
        b"Action: Originate\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", hotline.settings.ami_port), timeout=5) as sock:
            sock.sendall(junk)
            sock.settimeout(0.2)
            assert b"Authentication accepted" not in heard_until_quiet(sock)
    assert hotline.readyz()[0] == 200
    with on_duty(hotline, "fay") as phone, hotline.caller("13800138901", hang_up_after_seconds=6) as alice:
        phone.wait_for("sent", "INVITE", 180)
        phone.answer()
        hotline.wait(lambda: hotline.call("13800138901")["served_at"] is not None, 3)
        alice.hang_up()
        alice.wait_until_over()


# ---- what is no SIP; last, for the switch keeps its half calls for half a minute


def test_a_flood_of_malformed_sip_leaves_the_hotline_answering(hotline: RunningHotline) -> None:
    dice, port = random.Random(7), hotline.settings.sip_port
    model = RawCaller(port, from_user(b"13800138701", b"flood"))
    model._port, model._id = 9, b"flood"
    for address, count in ((STRANGER, 400), ("127.0.0.1", 200)):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind((address, 0))
            for n in range(count):
                model._id = b"flood%d" % n
                sock.sendto(mutated(model.invite(), dice), ("127.0.0.1", port))
    caller = RawCaller(port, from_user(b"13800138702"), to=b"4000000702").dial()
    assert caller.final == 200, caller.statuses
    hotline.wait(lambda: rows_of(hotline, caller) == [("+8613800138702", "fallback")])


# ---- what was written down meanwhile ------------------------------------------------------------------------------


def test_no_callers_number_stands_whole_in_any_log(hotline: RunningHotline) -> None:
    """All the tests above used 138001382NN to 138001389NN."""
    whole = re.compile(r"138[ -]?0013[ -]?8[2-9]\d\d")
    logs = [path for path in hotline.settings.log_dir.rglob("*") if path.is_file()]
    assert {path.name for path in logs} >= {"agi.log", "asterisk-messages.log"}
    shown = {
        f"{path.name}: {line.strip()[:200]}"
        for path in logs
        for line in path.read_text("utf-8", "replace").splitlines()
        if whole.search(line)
    }
    assert shown == set()


def test_only_its_own_user_reads_a_log_that_names_a_secret(hotline: RunningHotline) -> None:
    """The switch logs the address it could not reach, whose token keeps the other users of this machine out."""
    with hotline.stopped("agi"):
        hotline.kill("agi")
    caller = RawCaller(hotline.settings.sip_port, from_user(b"13800138999"), to=b"4000000999").dial(16)
    assert caller.final == 200, caller.statuses
    secrets = load_or_create(hotline.data_dir)
    for path in filter(Path.is_file, hotline.data_dir.rglob("*.log")):
        text = path.read_text("utf-8", "replace")
        if secrets.agi_token in text or secrets.ami_secret in text:
            assert path.stat().st_mode & 0o077 == 0, path


@pytest.mark.parametrize("via", ["WS", "UDP"])
@pytest.mark.parametrize("user", ["13800138000", "hl-trunk", "pg-00000000"])
def test_who_comes_by_the_browsers_way_and_is_no_page_of_ours_rings_nobody(
    hotline: RunningHotline, user: str, via: str
) -> None:
    """From this machine, as every browser behind a proxy here comes, and as a trunk here would."""
    before = len(hotline.calls())
    port = hotline.settings.ws_port
    for method in ("INVITE", "REGISTER", "MESSAGE"):
        statuses = statuses_over_web_socket(port, user, "4009999999", method, via)
        assert statuses, method
        assert set(statuses) <= {100, 401, 403, 404, 405, 501}, (method, statuses)
    assert len(hotline.calls()) == before
    trunk = RawCaller(hotline.settings.sip_port, from_user(b"13800138000"), to=b"4008888888")
    assert trunk.dial().final == 200, "from the same address by the callers' way"
