"""Between the switch and its log: every line is masked before it is on the disk.

Asterisk writes callers' numbers, and the bursts' address with its token, into its warnings as they are. Its console
is this process's standard input; when the switch ends, so does this.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from ivr.policy.masking import masked

LONGEST_LINE: Final = 8192
_TOKEN: Final = re.compile(r"(agi://[^/\s]+)/[^/\s]+/")


def go_through_masking(log: Path) -> None:
    """From here on what this process says goes masked into `log`, also after an exec."""
    writer = subprocess.Popen([sys.executable, "-m", "ivr.cli.masked_log", str(log)], stdin=subprocess.PIPE)
    assert writer.stdin is not None
    for descriptor in (1, 2):
        os.dup2(writer.stdin.fileno(), descriptor)


def shown(line: str) -> str:
    """The line as it may be kept."""
    return masked(_TOKEN.sub(r"\1/…/", line))


def copy(lines: Iterable[bytes], log: BinaryIO) -> None:
    """Each at once: a log is read while it is written."""
    for line in lines:
        log.write(shown(line.decode("utf-8", "replace")).encode())
        log.flush()


def _lines(source: BinaryIO) -> Iterator[bytes]:
    while line := source.readline(LONGEST_LINE):
        yield line


def main() -> None:
    """Ends with its input; a signal for the whole group is the switch's to obey."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    os.umask(0o077)
    with Path(sys.argv[1]).open("ab") as log:
        copy(_lines(sys.stdin.buffer), log)


if __name__ == "__main__":
    main()
