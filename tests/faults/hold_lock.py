"""`python -m tests.faults.hold_lock DATABASE SECONDS`: another process has the database for itself for so long."""

import sqlite3
import sys
import time


def main(path: str, seconds: float) -> None:
    """Says "held" when it has it, and gives it back."""
    book = sqlite3.connect(path, isolation_level=None, timeout=20)
    book.execute("BEGIN EXCLUSIVE")
    print("held", flush=True)
    time.sleep(seconds)
    book.execute("ROLLBACK")
    book.close()


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
