"""The command line as others build on it: after two real calls, key for key, and its exit codes.

0 ok, 1 failed, 2 usage, 3 unavailable; whatever is refused is named.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ivr.adapters.sql_schema import agents
from tests.real_asterisk.hotline import NUMBER, RunningHotline
from tests.real_asterisk.sip.phones import AgentPhone

pytestmark = pytest.mark.real
POLICY = "wrap_up_seconds = 0\nrings = 2\nagent_ring_seconds = 6\n"
SERVED, LEFT, KNOWN = "13800138021", "13800138022", "13800138023"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(\+00:00|Z)")
# fmt: off
KEYS = {
    "calls": [
        "id", "door", "ref", "hotline", "caller", "presented_at", "greeted_at", "greeted_by", "served_at", "ended_at",
        "outcome", "agent", "rings", "wait_seconds", "talk_seconds", "estimated_wait_seconds",
    ],
    "records": [
        "id", "call", "number", "company", "contact_phone", "tax_bureau", "symptom", "fields", "disposition", "owner",
        "state", "opened_at", "closed_at",
    ],
    "agents": ["login", "name", "role", "phone", "state", "reason", "since", "call"],
}
# fmt: on


@pytest.fixture(scope="module")
def hotline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHotline]:
    """After two calls: one served by Ana, then one whose caller left while her phone rang."""
    with RunningHotline(tmp_path_factory.mktemp("h"), policy=POLICY) as running:
        with running.phone("ana") as phone:
            running.add_agent("ana", phone.address)
            _serve(running, phone, SERVED)
            with running.caller(LEFT) as bob:
                phone.wait_for("sent", "INVITE", 180, call=1)
                bob.hang_up()
                bob.wait_until_over()
            running.ended_call(LEFT)
            running.set_agent("ana", "offline")
        running.wait(lambda: len(running.records()) == 2)
        yield running


def _serve(hotline: RunningHotline, phone: AgentPhone, number: str) -> None:
    with hotline.caller(number) as caller:
        phone.wait_for("sent", "INVITE", 180)
        phone.answer()
        caller.wait_for("received", "INVITE", 200)
        caller.hang_up()
        caller.wait_until_over()
    hotline.ended_call(number)


def listed(hotline: RunningHotline, *arguments: str) -> list[dict[str, Any]]:
    done = hotline.command(*arguments, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    rows = json.loads(done.stdout)
    assert isinstance(rows, list)
    return rows


# ---- the listings


@pytest.mark.parametrize("name", sorted(KEYS))
def test_a_listing_has_the_keys_of_the_contract_in_their_order(hotline: RunningHotline, name: str) -> None:
    rows = listed(hotline, name)
    assert len(rows) >= 2
    assert {tuple(row) for row in rows} == {tuple(KEYS[name])}
    moments = [
        row[key] for row in rows for key in row if (key.endswith("_at") or key == "since") and row[key]
    ]
    assert moments
    assert [text for text in moments if MOMENT.fullmatch(text) is None] == []


def test_calls_tell_when_each_was_greeted_and_served_and_how_it_ended(hotline: RunningHotline) -> None:
    served, left = (row for row in listed(hotline, "calls") if row["caller"] in _e164(SERVED, LEFT))
    assert (served["caller"], left["caller"]) == _e164(SERVED, LEFT)
    for call in (served, left):
        assert (call["door"], call["hotline"]) == ("asterisk", NUMBER)
        assert call["ref"]
    assert (served["outcome"], served["greeted_by"], served["agent"]) == ("served", "agent", "ana")
    assert served["greeted_at"] == served["served_at"]
    assert served["rings"] == 1
    assert served["wait_seconds"] == pytest.approx(_span(served, "presented_at", "served_at"), abs=0.002)
    assert served["talk_seconds"] == pytest.approx(_span(served, "served_at", "ended_at"), abs=0.002)
    assert left["outcome"] == "abandoned"
    nothing = ("greeted_at", "greeted_by", "served_at", "rings", "talk_seconds", "agent")
    assert [left[key] for key in nothing] == [None] * 6
    assert left["wait_seconds"] == pytest.approx(_span(left, "presented_at", "ended_at"), abs=0.002)


def _e164(*numbers: str) -> tuple[str, ...]:
    return tuple(f"+86{number}" for number in numbers)


def _span(call: dict[str, Any], start: str, end: str) -> float:
    return (datetime.fromisoformat(call[end]) - datetime.fromisoformat(call[start])).total_seconds()


@pytest.mark.parametrize(("name", "moment"), [("calls", "presented_at"), ("records", "opened_at")])
def test_a_listing_ascends_and_since_leaves_out_what_was_before(
    hotline: RunningHotline, name: str, moment: str
) -> None:
    rows = listed(hotline, name)
    assert all(earlier[moment] <= later[moment] for earlier, later in pairwise(rows))
    last = rows[-1]
    assert listed(hotline, name, "--since", last[moment]) == [last]
    assert listed(hotline, name, "--since", "2099-01-01") == []


def test_every_call_left_a_record_also_the_one_that_hung_up(hotline: RunningHotline) -> None:
    calls = {row["id"]: row["caller"] for row in listed(hotline, "calls")}
    records = {row["call"]: row for row in listed(hotline, "records")}
    assert calls.keys() == records.keys()
    assert [records[call]["number"] for call in calls] == list(calls.values())
    owners = {calls[call]: row["owner"] for call, row in records.items()}
    assert (owners[f"+86{SERVED}"], owners[f"+86{LEFT}"]) == ("ana", None)


def test_agents_show_what_each_is_doing(hotline: RunningHotline) -> None:
    agents = {row["login"]: row for row in listed(hotline, "agents")}
    assert {"wang", "li", "ana"} <= agents.keys()
    assert (agents["ana"]["state"], agents["ana"]["role"], agents["ana"]["call"]) == (
        "offline",
        "agent",
        None,
    )
    assert list(agents) == sorted(agents)


def test_every_figure_names_its_formula_its_numerator_and_denominator(hotline: RunningHotline) -> None:
    figures = {row["name"]: row for row in listed(hotline, "metrics")}
    assert all(
        {"name", "formula", "numerator", "denominator", "value"} <= row.keys() for row in figures.values()
    )
    assert all(row["formula"] for row in figures.values())
    assert figures["offered"]["value"] == len(listed(hotline, "calls"))
    asa = figures["asa_seconds"]
    assert asa["value"] == pytest.approx(asa["numerator"] / asa["denominator"], abs=0.001)


# ---- agents


def test_a_new_agent_is_offline_until_he_says_otherwise(hotline: RunningHotline) -> None:
    added = hotline.command("agent", "add", "ben", "--name", "本", "--phone", "sip:ben@127.0.0.1:5999")
    assert (added.returncode, hotline.agent("ben")["state"]) == (0, "offline")
    for state in ("available", "away", "offline"):
        assert hotline.command("agent", "set", "ben", state).returncode == 0
        assert hotline.agent("ben")["state"] == state


@pytest.mark.parametrize(
    ("code", "named", "arguments"),
    [
        (1, "exists", ("add", "wang", "--name", "W", "--phone", "endpoint:NEW")),
        (1, "small letters", ("add", "Wáng!", "--name", "W", "--phone", "endpoint:NEW")),
        (1, "name", ("add", "zoe", "--name", " ", "--phone", "endpoint:NEW")),
        (2, "phone", ("add", "zoe", "--name", "Z", "--phone", "13800138000")),
        (2, "phone", ("add", "zoe", "--name", "Z", "--phone", "sip:a@b,c")),
        (2, "--phone", ("add", "zoe", "--name", "Z")),
        (2, "boss", ("add", "zoe", "--name", "Z", "--phone", "endpoint:NEW", "--role", "boss")),
        (1, "nobody", ("set", "nobody", "available")),
        (2, "asleep", ("set", "wang", "asleep")),
    ],
)
def test_what_cannot_be_an_agent_is_refused_and_named(
    hotline: RunningHotline, code: int, named: str, arguments: tuple[str, ...]
) -> None:
    refused = hotline.command("agent", *arguments)
    assert (refused.returncode, refused.stdout) == (code, "")
    assert named in refused.stderr
    assert "Traceback" not in refused.stderr
    assert hotline.rows(sa.select(agents.c.login).where(agents.c.login == "zoe")) == []


# ---- refusals


def refused(hotline: RunningHotline, *arguments: str, **changed: str) -> subprocess.CompletedProcess[str]:
    """A command in a changed environment."""
    before = hotline.environ
    hotline.environ = {**before, **changed}
    try:
        return hotline.command(*arguments)
    finally:
        hotline.environ = before


def test_an_unknown_setting_is_refused_by_name(hotline: RunningHotline) -> None:
    done = refused(hotline, "calls", HOTLINE_SIP_PROT="5060")
    assert (done.returncode, done.stdout) == (2, "")
    assert "HOTLINE_SIP_PROT" in done.stderr
    assert "HOTLINE_SIP_PORT" in done.stderr


@pytest.mark.parametrize("command", ["calls", "run"])
def test_an_unknown_policy_key_is_refused_by_name(
    hotline: RunningHotline, tmp_path: Path, command: str
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("ringz = 4\n", "utf-8")
    done = refused(hotline, command, HOTLINE_POLICY=str(policy))
    assert (done.returncode, done.stdout) == (2, "")
    assert "ringz" in done.stderr


@pytest.mark.parametrize("arguments", [("calls", "--json"), ("agent", "set", "wang", "away")])
def test_without_a_database_a_command_says_what_is_unavailable(
    hotline: RunningHotline, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    done = refused(hotline, *arguments, HOTLINE_DATA_DIR=str(tmp_path / "none"))
    assert (done.returncode, done.stdout) == (3, "")
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("arguments", [("calls", "--since", "yesterday"), ("nonsense",), ("calls", "--jsn")])
def test_what_a_command_does_not_know_is_a_usage_error(
    hotline: RunningHotline, arguments: tuple[str, ...]
) -> None:
    done = hotline.command(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


# ---- a call of one's own, and who is known


def test_make_call_tells_the_story_of_one_real_call(hotline: RunningHotline) -> None:
    done = hotline.command("call", "--seconds", "3", "--caller", "13800138024")
    story = done.stdout
    assert "13800138024 dials" in story
    assert re.search(r"\+ +\d+\.\d+ s +180", story), story
    assert hotline.ended_call("13800138024")["hotline"] == NUMBER
    assert "in the book: call" in story


def test_a_known_number_brings_its_company_and_what_is_still_open(
    hotline: RunningHotline, tmp_path: Path
) -> None:
    file = tmp_path / "agreements.csv"
    file.write_text(
        "企业名称,电话,税务分局,协议编号,协议截止日期,联系人\n"
        f"北京金穗科技有限公司,{KNOWN};13800138025,海淀分局,XY-1,2027-12-31,陈晨\n",
        "utf-8",
    )
    done = hotline.command("import-agreements", str(file))
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 companies added" in done.stdout
    first = _record_of(hotline, KNOWN)
    second = _record_of(hotline, "13800138025")
    for record in (first, second):
        assert (record["company"], record["tax_bureau"]) == ("北京金穗科技有限公司", "海淀分局")
    stored = {row["id"]: row for row in hotline.records()}
    assert json.loads(stored[second["id"]]["open_records"]) == [first["id"]]


def _record_of(hotline: RunningHotline, number: str) -> dict[str, Any]:
    with hotline.caller(number) as caller:
        caller.wait_for("received", "INVITE", 180)
        caller.hang_up()
        caller.wait_until_over()
    call = hotline.ended_call(number)["id"]
    hotline.wait(lambda: any(row["call_id"] == call for row in hotline.records()))
    return next(row for row in listed(hotline, "records") if row["call"] == call)
