"""`hotline doctor` and `hotline render-dialplan` as a person types them, and the units that start the parts."""

import configparser
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from config.policy import load_rules
from config.settings import HOTLINE_NAMES, ROOT, load
from ivr.cli.doctor import TROUBLES, doctor
from ivr.cli.main import App, hotline, part
from ivr.cli.migrate import migrate
from ivr.cli.procfile import parse_procfile
from ivr.cli.render import render_dialplan, sections_of

UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
HOME = "/opt/hotline"
KEYS = ["check", "ok", "severity", "found", "remedy", "found_zh", "remedy_zh"]


def run(command: click.Command, data_dir: Path, *args: str, **environ: str) -> Result:
    ports = {
        f"HOTLINE_{name}_PORT": str(7301 + at) for at, name in enumerate(("WEB", "AGI", "SIP", "AMI", "WS"))
    }
    settings = load({"HOTLINE_DATA_DIR": str(data_dir), **ports, **environ})
    app = App(settings=settings, rules=load_rules(settings))
    return CliRunner().invoke(command, list(args), obj=app, catch_exceptions=False)


def diagnosed(data_dir: Path, **environ: str) -> dict[str, dict[str, Any]]:
    result = run(doctor, data_dir, "--json", **environ)
    rows = json.loads(result.stdout)
    assert all(list(row) == KEYS for row in rows)
    assert all(row["remedy"] and row["remedy_zh"] for row in rows if not row["ok"])
    assert result.exit_code == int(any(row["severity"] == "error" for row in rows))
    return {row["check"]: row for row in rows}


def test_a_hotline_that_does_not_run_is_one_error_and_not_twenty(tmp_path: Path) -> None:
    assert run(migrate, tmp_path).exit_code == 0
    found = diagnosed(tmp_path)
    assert [name for name, row in found.items() if row["severity"] == "error"] == ["running"]
    assert "make run" in found["running"]["remedy"]
    assert {
        "database",
        "migrations",
        "asterisk_version",
        "prompts_zh_CN",
        "prompts_en",
        "port_sip",
    } <= found.keys()


def test_a_data_directory_the_hotline_makes_is_closed_to_other_users(tmp_path: Path) -> None:
    assert run(migrate, tmp_path / "new").exit_code == 0
    assert diagnosed(tmp_path / "new")["data_directory"]["ok"]


def test_a_database_that_is_not_there_names_the_command_that_makes_it(tmp_path: Path) -> None:
    found = diagnosed(tmp_path)
    assert "hotline migrate" in found["database"]["remedy"]
    assert not any("sqlite:" in str(row) for row in found.values())


def test_people_read_chinese_first_english_below_it_and_then_the_remedy(tmp_path: Path) -> None:
    lines = run(doctor, tmp_path).output.splitlines()
    at = next(number for number, line in enumerate(lines) if "热线没有在运行" in line)
    assert lines[at].startswith("错误")
    assert "not running" in lines[at + 1]
    assert "启动：" in lines[at + 2]
    assert "start it" in lines[at + 3]
    assert re.fullmatch(r"\d+ 项正常，\d+ 项注意，\d+ 项错误 · .*", lines[-1])


def test_own_recordings_that_cannot_be_played_are_found_before_a_caller_hears_nothing(tmp_path: Path) -> None:
    own = tmp_path / "custom" / "zh_CN"
    own.mkdir(parents=True)
    (own / "greeting.mp3").write_bytes(b"ID3")
    row = diagnosed(tmp_path)["prompts_zh_CN"]
    assert (row["severity"], "greeting.mp3" in row["found"]) == ("error", True)
    assert "8000" in row["remedy"]


def test_a_policy_at_which_nobody_could_wait_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text("trunk_channels = 1\n")
    found = diagnosed(tmp_path, HOTLINE_POLICY=str(tmp_path / "policy.toml"))
    assert "could never be held" in found["policy_first_hold"]["found"]


def test_every_check_of_a_store_has_its_remedy() -> None:
    assert TROUBLES.keys() == {"database", "migrations", "redis", "worker"}


# ---- a switch of one's own -------------------------------------------------------------------------------------


def test_what_a_foreign_switch_includes_is_whole_and_private(tmp_path: Path) -> None:
    assert run(migrate, tmp_path).exit_code == 0
    result = run(render_dialplan, tmp_path, str(tmp_path / "attach"))
    written = [Path(line) for line in result.output.splitlines()]
    assert written[0].name == "hotline_dialplan.conf"
    texts = {path.name: path.read_text("utf-8") for path in written}
    assert {path.stat().st_mode & 0o777 for path in written} == {0o600}
    assert not any(re.search(r"@[A-Z_]+@", text) for text in texts.values())
    assert not any("[general]" in text or "transport" in text for text in texts.values())
    assert "[hl-music]" in texts["hotline_music.conf"]
    assert "[hl-direct](hl-endpoint)" in texts["hotline_pjsip.conf"]
    assert "secret = " in texts["hotline_manager.conf"]


def test_sections_are_taken_without_what_stands_between_them() -> None:
    text = "; head\n[general]\na = 1\n[one](!)\nb = 2\n; between\n#include x\n[two]\nc = 3\n"
    assert sections_of(text, ("one",)) == "[one](!)\nb = 2\n"


# ---- systemd and compose ---------------------------------------------------------------------------------------


def unit(path: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's keys are case-sensitive
    parser.read(path)
    return parser


def test_every_part_of_the_procfile_has_its_unit_with_the_same_command() -> None:
    parts = parse_procfile((ROOT / "Procfile").read_text("utf-8"), {})
    commands = {path.stem: unit(path)["Service"]["ExecStart"].replace(f"{HOME}/", "") for path in UNITS}
    assert commands.pop("hotline-migrate") == f".venv/bin/hotline {migrate.name}"
    assert commands == {f"hotline-{each.name}": " ".join(each.argv) for each in parts}
    target = (ROOT / "deploy" / "systemd" / "hotline.target").read_text("utf-8")
    assert all(f" {path.stem}" in target for path in UNITS)
    assert {unit(path)["Install"]["WantedBy"] for path in UNITS} == {"hotline.target"}


def test_the_socket_unit_keeps_the_port_the_web_server_has_by_default(tmp_path: Path) -> None:
    settings = load({}, tmp_path)
    kept = unit(ROOT / "deploy" / "systemd" / "hotline-web.socket")
    assert kept["Socket"]["ListenStream"] == f"{settings.bind}:{settings.web_port}"
    assert kept["Install"]["WantedBy"] == "hotline.target"


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_starts_a_command_that_exists_and_starts_it_again_at_once(path: Path) -> None:
    service = unit(path)["Service"]
    words = service["ExecStart"].split()
    assert words[0].startswith(f"{HOME}/.venv/bin/")
    names = [word for word in words[1:] if not word.startswith("-")]
    known = {
        **hotline.commands,
        **part.commands,
        "migrate": migrate,
        "agi_scripts.server": None,
        "records": None,
    }
    assert set(names) <= {*known, "part"}
    assert service["User"] == "hotline"
    if service["Type"] != "oneshot":
        assert (service["Restart"], service["RestartSec"]) == ("always", "0.2")
        assert unit(path)["Unit"]["StartLimitIntervalSec"] == "0"


def test_systemd_itself_finds_nothing_to_say_about_the_units(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd-analyze on this machine")
    for path in (ROOT / "deploy" / "systemd").iterdir():
        text = path.read_text("utf-8")
        (tmp_path / path.name).write_text(re.sub(rf"{HOME}/\S+", "/bin/true", text), "utf-8")
    units = sorted(map(str, tmp_path.iterdir()))
    said = subprocess.run([analyze, "verify", "--man=no", *units], capture_output=True, text=True, timeout=60)
    assert (said.returncode, said.stderr) == (0, "")


def test_the_compose_example_sets_only_settings_that_exist() -> None:
    text = (ROOT / "deploy" / "compose.yaml").read_text("utf-8") + (ROOT / "deploy" / "Dockerfile").read_text(
        "utf-8"
    )
    assert set(re.findall(r"\bHOTLINE_\w+", text)) <= HOTLINE_NAMES
    assert (ROOT / "deploy" / "Dockerfile").exists()


# ---- the handbook ----------------------------------------------------------------------------------------------


def test_every_finding_the_doctor_can_make_is_in_the_handbook() -> None:
    sources = [*(ROOT / "ivr").rglob("doctor*.py")]
    text = "".join(path.read_text("utf-8") for path in sources)
    checks = set(re.findall(r'\b(?:well|warning|wrong)\(\s*"(\w+)"', text)) | TROUBLES.keys()
    handbook = (ROOT / "docs" / "operations.md").read_text("utf-8")
    assert len(checks) > 15
    assert {check for check in checks - {"settings", "policy"} if f"`{check}`" not in handbook} == set()
