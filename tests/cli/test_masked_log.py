"""What the switch says is masked before it is on the disk."""

import subprocess
import sys
from pathlib import Path

import pytest

from ivr.cli.masked_log import shown
from tests.agi_scripts.house import eventually
from tests.real_asterisk.hotline import ROOT


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("for number '13800138204' has invalid", "for number '138******04' has invalid"),
        (
            "failed for url 'agi://127.0.0.1:4573/tok-en_1/offered'",
            "failed for url 'agi://127.0.0.1:4573/…/offered'",
        ),
        ("Endpoint ag-46950123 transfer attempt blocked", "Endpoint ag-46950123 transfer attempt blocked"),
        ("[2026-11-23 18:42:34.862] NOTICE[14422]", "[2026-11-23 18:42:34.862] NOTICE[14422]"),
    ],
)
def test_a_line_is_kept_without_numbers_and_without_the_token(line: str, kept: str) -> None:
    assert shown(line) == kept


def test_the_log_is_written_line_by_line_for_its_own_user_and_ends_with_the_switch(tmp_path: Path) -> None:
    log = tmp_path / "messages.log"
    program = [sys.executable, "-m", "ivr.cli.masked_log", str(log)]
    with subprocess.Popen(program, cwd=ROOT, stdin=subprocess.PIPE) as writer:
        assert writer.stdin is not None
        writer.stdin.write(b"from 13800138204 \xb1\xb1\n")
        writer.stdin.flush()
        eventually(lambda: log.exists() and log.read_text("utf-8") == "from 138******04 ��\n")
        writer.terminate()  # the whole group is told; the switch says its last words after that
        writer.stdin.write(b"bye\n")
    assert writer.returncode == 0
    assert log.read_text("utf-8").endswith("bye\n")
    assert log.stat().st_mode & 0o777 == 0o600
