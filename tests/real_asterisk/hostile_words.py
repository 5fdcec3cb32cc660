"""What a hostile caller says of himself: names, numbers and forged lines, and who he is taken for.

`canary` is a file that only an executed word would make.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.real_asterisk.raw_caller import escaped


def names(canary: Path) -> list[bytes]:
    shell = f"${{SHELL(touch {canary})}}".encode()
    return [
        rb"Wang \"the\" \\ Li",
        b"${HL_SERVED}" + shell,
        b"`touch " + bytes(canary) + b"`;$(touch " + bytes(canary) + b")",
        b"a,b,c|d&e,1,Set(HL_DONE=1)",
        "北京航天(集团)".encode("gb18030"),
        "☎📞\u202e evil".encode(),
        b"x" * 2000,
        b"\x01\x07\x1b[2J\x7f",
        b"agi_callerid: 110",
        b"<sip:110@127.0.0.1>",
    ]


def users(canary: Path) -> list[tuple[bytes, str | None]]:
    """What stands before the @, and who that is."""
    shell = f"${{SHELL(touch {canary})}}"
    return [
        (b"anonymous", None),
        (b"Anonymous", None),
        (b"8656696", None),
        (b"+86282452253", None),
        (b"+8613800138301", "+8613800138301"),
        (b"008613800138302", "+8613800138302"),
        (b"13800138303,1,hangup", "raw:13800138303,1,hangup"),
        (b"500&PJSIP/x", "raw:500&PJSIP/x"),
        (escaped(b"' OR '1'='1"), "raw:' OR '1'='1"),
        (escaped(b"'; DROP TABLE calls; --"), "raw:'"),  # the switch cuts a number at a semicolon
        (escaped(b"${HL_SERVED}"), "raw:${HL_SERVED}"),
        (escaped(shell.encode()), f"raw:{shell}"[:44]),
        (escaped("北京".encode("gb18030")), "raw:北京"),
        (escaped("📞".encode()), "raw:📞"),
        (escaped(b"110\r\nagi_callerid: 13800138304"), "raw:110agi_callerid: 13800138304"),
        (b"1" * 2000, "raw:" + "1" * 40),
        (escaped(b"a\x1b[2Jb"), "raw:a[2Jb"),
    ]


def forged_lines(call: Mapping[str, Any]) -> bytes:
    """As much as fits into a number: the reference of that call, and that somebody speaks with its caller."""
    forged = {3: call["ref"], 6: round(call["presented_at"].timestamp())}
    return "".join(f"\nagi_arg_{n}: {value}" for n, value in forged.items()).encode()
