"""Where a number comes from, in a small file of our own: libphonenumber's tables take four seconds and 100 MB to load.

The file is made once, by a process of its own; until it is there nothing is known, and nobody waits for it.
"""

import os
import sqlite3
import subprocess
import sys
import threading
from functools import lru_cache
from pathlib import Path

import phonenumbers

LANGUAGES = ("zh", "en")
_HOME = "86"
_LONGEST, _SHORTEST = 12, 3  # digits of a prefix that the tables have


class NumberPlaces:
    """NumberPlaces over the file in that directory."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / f"number-places-{phonenumbers.__version__}.db"
        self._starting = threading.Lock()
        self._asked = False
        self._look = lru_cache(maxsize=4096)(self._looked_up)

    def place(self, number: str | None, language: str) -> str:
        """Place and carrier as far as known; never waits: the first who asks has the file made beside him."""
        if number is None or not number.startswith("+") or not number[1:].isdigit():
            return ""
        if not self._path.exists():
            self._make_once()
            return ""
        return self._look(number, language if language in LANGUAGES else LANGUAGES[0])

    def make(self) -> None:
        """The file, now; a process of its own, for what it loads is not wanted here."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [sys.executable, "-m", __name__, str(self._path)], check=False, stdout=subprocess.DEVNULL
        )

    def _make_once(self) -> None:
        with self._starting:
            if self._asked:
                return
            self._asked = True
        threading.Thread(target=self.make, name="number-places", daemon=True).start()

    def _looked_up(self, number: str, language: str) -> str:
        digits = number[1:]
        prefixes = [digits[:length] for length in range(_LONGEST, _SHORTEST - 1, -1)]
        marks = ", ".join("?" * len(prefixes))
        query = f"SELECT kind, zh, en FROM places WHERE prefix IN ({marks}) ORDER BY length(prefix)"  # noqa: S608 # marks alone
        with sqlite3.connect(f"file:{self._path}?mode=ro&immutable=1", uri=True) as connection:
            found = {kind: (zh, en) for kind, zh, en in connection.execute(query, prefixes)}
        connection.close()
        words = (found.get(kind, ("", ""))[LANGUAGES.index(language)] for kind in ("place", "carrier"))
        return " ".join(word for word in words if word)


def build(path: Path) -> None:
    """Every prefix of China that libphonenumber knows, in one move: whoever reads sees all of it or nothing."""
    from phonenumbers.carrierdata import CARRIER_DATA
    from phonenumbers.geodata import GEOCODE_DATA

    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.unlink(missing_ok=True)
    connection = sqlite3.connect(fresh)
    columns = "prefix TEXT, kind TEXT, zh TEXT, en TEXT, PRIMARY KEY (prefix, kind)"
    connection.execute(f"CREATE TABLE places ({columns}) WITHOUT ROWID")
    for kind, data in (("place", GEOCODE_DATA), ("carrier", CARRIER_DATA)):
        connection.executemany(
            "INSERT INTO places VALUES (?, ?, ?, ?)",
            (
                (prefix, kind, words.get("zh") or words.get("en", ""), words.get("en") or words.get("zh", ""))
                for prefix, words in data.items()
                if prefix.startswith(_HOME)
            ),
        )
    connection.commit()
    connection.close()
    fresh.replace(path)


if __name__ == "__main__":
    os.nice(10)
    build(Path(sys.argv[1]))
