"""Every attempt to transfer a caller out is written down (R74)."""

from pathlib import Path

from ivr.adapters.asterisk_log import AsteriskLog
from ivr.service.transfers import TransferWatch

REFUSED = (
    "[2026-03-02 12:00:00.000] WARNING[77] res_pjsip_refer.c: "
    "Endpoint ag-12345678 transfer attempt blocked due to configuration\n"
)


class FakeAlerts:
    def __init__(self) -> None:
        self.added: list[tuple[str, str]] = []

    def add(self, kind: str, phone: str) -> None:
        self.added.append((kind, phone))


def test_each_refused_transfer_is_one_alert_also_over_a_restart__R74(tmp_path: Path) -> None:
    log = tmp_path / "messages.log"
    alerts = FakeAlerts()
    assert TransferWatch(AsteriskLog(log), alerts).turn() == 0
    log.write_text("NOTICE something else\n" + REFUSED)
    assert TransferWatch(AsteriskLog(log), alerts).turn() == 1
    assert TransferWatch(AsteriskLog(log), alerts).turn() == 0
    with log.open("a") as file:
        file.write(REFUSED + REFUSED[:40])
    assert TransferWatch(AsteriskLog(log), alerts).turn() == 1
    assert alerts.added == [("transfer_refused", "endpoint:ag-12345678")] * 2


def test_a_log_started_anew_is_read_from_its_beginning(tmp_path: Path) -> None:
    log = tmp_path / "messages.log"
    log.write_text("x" * 200 + "\n" + REFUSED)
    watch = TransferWatch(AsteriskLog(log), FakeAlerts())
    assert watch.turn() == 1
    log.write_text(REFUSED)
    assert watch.turn() == 1


def test_a_megabyte_of_other_lines_hides_nothing__R74(tmp_path: Path) -> None:
    log = tmp_path / "messages.log"
    log.write_text("NOTICE nothing of ours\n" * 60_000 + REFUSED)
    watch = TransferWatch(AsteriskLog(log), FakeAlerts())
    assert [watch.turn(), watch.turn()] == [0, 1]
