"""The rival: a classic AGI script on stock pyst2, a process a call, the same three steps on sqlite3.

Nothing is imported but what the steps need, and each step is durable before the next, as the hotline's are.
"""

import sqlite3
import sys
import time

from asterisk.agi import AGI


def main() -> None:
    """Arguments: database, sound, call's reference."""
    agi = AGI()
    database, sound, ref = sys.argv[1:4]
    book = sqlite3.connect(database, timeout=1.2, isolation_level=None)
    book.execute("PRAGMA synchronous=FULL")
    number = agi.env["agi_callerid"]
    book.execute("INSERT INTO calls (ref, caller, presented_at) VALUES (?, ?, ?)", (ref, number, time.time()))
    book.execute(
        "INSERT INTO ring_backs (ref, number, listed_at) VALUES (?, ?, ?)", (ref, number, time.time())
    )
    agi.appexec("Answer", ",i")
    agi.stream_file(sound)
    book.execute("UPDATE calls SET ended_at = ? WHERE ref = ?", (time.time(), ref))


if __name__ == "__main__":
    main()
