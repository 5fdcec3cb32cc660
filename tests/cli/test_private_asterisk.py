"""The telephone programs: which one is chosen, and that a private copy is whole or absent."""

import platform
import subprocess
from pathlib import Path

import pytest

from ivr.cli import debian_archive
from ivr.cli.debian_archive import InstallError, choose_mirror
from ivr.cli.private_asterisk import (
    asterisk_in,
    find_asterisk,
    find_sipp,
    install,
    parse_version,
    sipp_in,
)
from tests.real_asterisk.sip.programs import TOOLS, telephone_programs


def a_program(path: Path, says: str, exit_code: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\nexit {exit_code}\n")
    path.chmod(0o755)
    return path


def a_switch_on_path(prefix: Path, version: str) -> str:
    a_program(prefix / "sbin/asterisk", f"Asterisk {version}")
    (prefix / "lib/asterisk/modules").mkdir(parents=True)
    (prefix / "lib/asterisk/modules/chan_pjsip.so").touch()
    (prefix / "share/asterisk/documentation").mkdir(parents=True)
    return str(prefix / "sbin")


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("Asterisk 22.10.1+dfsg+~cs6.17.60671434-1", (22, 10, 1)),
        ("Asterisk 23.0", (23, 0, 0)),
        ("Asterisk certified/20.7-cert2", (20, 7, 0)),
        ("Asterisk GIT-master-1a2b3c", None),
        ("\n SIPp v3.8.0-TLS-SCTP-PCAP.\n", (3, 8, 0)),
        ("asterisk: command not found", None),
        ("", None),
    ],
)
def test_a_version_is_read_from_what_a_program_says(said: str, version: tuple[int, int, int] | None) -> None:
    assert parse_version(said) == version


def test_a_safe_switch_on_the_path_is_preferred(tmp_path: Path) -> None:
    path = a_switch_on_path(tmp_path / "usr", "22.10.1")
    found = find_asterisk(tmp_path / "tools", path=path)
    assert found is not None
    assert found.argv == (f"{path}/asterisk",)
    assert found.module_dir == tmp_path / "usr/lib/asterisk/modules"
    assert (found.data_dir, found.version) == (tmp_path / "usr/share/asterisk", "22.10.1")


def test_a_switch_that_one_message_can_knock_out_is_refused_with_the_reason(tmp_path: Path) -> None:
    path = a_switch_on_path(tmp_path / "usr", "22.9.4")
    told: list[str] = []
    assert find_asterisk(tmp_path / "tools", notice=told.append, path=path) is None
    assert told == [f"{path}/asterisk is 22.9.4 and not used: 22.10.1 or later is needed"]


def test_a_switch_whose_modules_cannot_be_found_is_refused_with_the_reason(tmp_path: Path) -> None:
    a_program(tmp_path / "sbin/asterisk", "Asterisk 22.10.2")
    told: list[str] = []
    assert find_asterisk(tmp_path / "tools", notice=told.append, path=str(tmp_path / "sbin")) is None
    assert "modules" in told[0]


def test_a_sipp_is_judged_by_its_version_not_by_its_exit_code(tmp_path: Path) -> None:
    new = a_program(tmp_path / "new/sipp", " SIPp v3.8.1-PCAP.", exit_code=99)
    old = a_program(tmp_path / "old/sipp", " SIPp v3.6.1-PCAP.", exit_code=99)
    found = find_sipp(tmp_path / "tools", path=str(new.parent))
    assert found is not None
    assert found.argv == (str(new),)
    told: list[str] = []
    assert find_sipp(tmp_path / "tools", notice=told.append, path=str(old.parent)) is None
    assert told == [f"{old} is not used: sipp 3.8.0 or later is needed"]


def test_a_half_written_root_is_no_root(tmp_path: Path) -> None:
    a_program(tmp_path / "asterisk-root/usr/sbin/asterisk", "Asterisk 22.10.1")
    assert asterisk_in(tmp_path / "asterisk-root") is None
    assert sipp_in(tmp_path / "asterisk-root") is None


@pytest.mark.parametrize(
    ("targets", "site"),
    [
        (["m/debian-security|Debian|bookworm-security", "m/debian|Debian|bookworm"], "m/debian"),
        (["node|Node|nodistro", "m/debian|Debian|bookworm"], "m/debian"),
        (["m/debian||bookworm"], "m/debian"),
        (["node||nodistro", "m/debian-security||bookworm-security"], None),
        ([], None),
    ],
)
def test_the_mirror_is_the_one_the_machine_uses_for_its_main_archive(
    targets: list[str], site: str | None
) -> None:
    assert choose_mirror(targets) == site


def test_an_unknown_machine_is_told_to_bring_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "vax")
    with pytest.raises(InstallError, match=r"no private copy for vax: put asterisk >= 22.10.1 .* on PATH"):
        install(tmp_path, lambda _line: None)


def test_a_machine_without_apt_is_told_to_bring_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InstallError, match=r"apt-get.* not found.*: put asterisk >= 22.10.1 .* on PATH"):
        install(tmp_path / "tools", lambda _line: None)


def test_a_failed_download_leaves_nothing_behind_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(debian_archive, "_mirror", lambda: f"file:{tmp_path}/no-mirror")
    with pytest.raises(InstallError, match=r"apt-get update failed"):
        install(tmp_path / "tools", lambda _line: None)
    assert [entry.name for entry in (tmp_path / "tools").iterdir()] == [".install.lock"]


@pytest.mark.real
def test_the_installed_programs_say_their_versions() -> None:
    programs = telephone_programs()
    for argv, option, version in ((programs[0].argv, "-V", (22, 10, 1)), (programs[1].argv, "-v", (3, 8, 0))):
        said = parse_version(subprocess.run([*argv, option], capture_output=True, text=True).stdout)
        assert said is not None
        assert said >= version


@pytest.mark.real
def test_a_second_installation_finds_the_first_and_does_nothing() -> None:
    telephone_programs()
    if asterisk_in(TOOLS / "asterisk-root") is None:
        pytest.skip("the programs come from PATH here")
    told: list[str] = []
    install(TOOLS, told.append)
    assert told == []
