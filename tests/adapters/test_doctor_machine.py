"""What the doctor sees of this machine: ports, rights, the clock, the spool and the recordings."""

import os
import socket
import wave
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ivr.adapters import doctor_machine, doctor_stores
from ivr.service.doctor_ports import Finding, Severity

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


def ports(port: int, *, ours: bool, expected: bool) -> Finding:
    (finding,) = doctor_machine.port_findings({"sip": port}, lambda _pid: ours, expected=expected)
    return finding


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_port_is_free_or_ours_or_its_holder_is_named(kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, kind) as held:
        held.bind(("127.0.0.1", 0))
        if kind is socket.SOCK_STREAM:
            held.listen()
        port = held.getsockname()[1]
        assert ports(port, ours=True, expected=True).ok
        strange = ports(port, ours=False, expected=True)
        assert strange.severity is Severity.ERROR
        assert f"pid {os.getpid()}" in strange.found.en
        assert "HOTLINE_SIP_PORT" in strange.remedy.en
    assert ports(port, ours=False, expected=False).ok
    assert ports(port, ours=False, expected=True).severity is Severity.ERROR


def test_a_secret_others_may_read_is_said_unless_the_directory_keeps_them_out(tmp_path: Path) -> None:
    secret = tmp_path / "secrets.json"
    secret.write_text("{}")
    secret.chmod(0o644)
    tmp_path.chmod(0o755)
    (finding,) = doctor_machine.directory_findings(tmp_path)
    assert (finding.severity, finding.remedy.en) == (Severity.WARNING, f"chmod 600 {secret}")
    tmp_path.chmod(0o700)
    assert [each.ok for each in doctor_machine.directory_findings(tmp_path)] == [True]
    assert [each.ok for each in doctor_machine.directory_findings(tmp_path / "not" / "yet")] == [True]


def test_settings_open_to_other_users_are_said(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    assert not [*doctor_machine.environment_file_findings(path)]
    path.write_text("TWILIO_AUTH_TOKEN=x")
    path.chmod(0o644)
    assert [each.severity for each in doctor_machine.environment_file_findings(path)] == [Severity.WARNING]
    path.chmod(0o600)
    assert not [*doctor_machine.environment_file_findings(path)]


class Kernel:
    def __init__(self, state: int) -> None:
        self._state = state

    def adjtimex(self, _timex: object) -> int:
        return self._state


def test_a_clock_nobody_keeps_is_told_from_one_nobody_knows_about() -> None:
    kept = [doctor_machine.clock_is_kept(Kernel(state)) for state in (0, 5, -1)]
    assert kept == [True, False, None]
    assert doctor_machine.clock_is_kept(object()) is None
    (finding,) = doctor_machine.clock_findings(NOON, "Asia/Shanghai")
    assert "2026-03-02 12:00:00" in finding.found.en


def test_sound_ports_that_the_kernel_lends_to_others_are_said(tmp_path: Path) -> None:
    path = tmp_path / "range"
    path.write_text("32768\t60999\n")
    assert not [*doctor_machine.ephemeral_findings((20000, 20999), path)]
    assert [each.check for each in doctor_machine.ephemeral_findings((32000, 33000), path)] == ["rtp_ports"]


def test_open_files_are_counted_in_calls() -> None:
    assert [each.ok for each in doctor_machine.open_files_findings(None, (20000, 20003))] == [True]
    (few,) = doctor_machine.open_files_findings(os.getpid(), (1024, 1 << 30))
    assert "the RTP ports allow" in few.found.en


def test_numbers_left_in_the_spool_are_an_error(tmp_path: Path) -> None:
    def spool(seconds: float = 0) -> list[Severity]:
        moment = datetime.now(UTC) + timedelta(seconds=seconds)  # noqa: TID251 # the files' own clock
        return [each.severity for each in doctor_stores.spool_findings(tmp_path / "spool", moment)]

    assert spool() == [Severity.OK]
    (tmp_path / "spool" / "bad").mkdir(parents=True)
    (tmp_path / "spool" / "1.2.req").write_text("v1|noted")
    assert (spool(), spool(60)) == ([Severity.OK], [Severity.ERROR])
    (tmp_path / "spool" / "bad" / "1.3").write_text("?")
    assert spool() == [Severity.ERROR]


def test_a_recording_the_switch_would_refuse_is_named(tmp_path: Path) -> None:
    path = tmp_path / "greeting.wav"
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(8000)
        wav.writeframes(bytes(16000))
    assert doctor_stores.spoken_seconds([path, path]) == 2.0
    found = [*doctor_stores.recording_findings("zh_CN", ["goodbye"], [path], [path])]
    assert [each.severity for each in found] == [Severity.ERROR, Severity.ERROR]
    assert [each.ok for each in doctor_stores.recording_findings("en", (), (), ())] == [True]
