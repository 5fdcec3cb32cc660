"""Where Redis answers: by one rule every process finds the same server, without asking anybody."""

import hashlib
import os
from pathlib import Path
from typing import Final
from urllib.parse import quote

from config.settings import Settings

LONGEST_SOCKET_PATH: Final = 107  # bytes: sun_path of unix(7) holds 108 with the final NUL


def redis_url(settings: Settings) -> str:
    """REDIS_URL, else our own server's socket."""
    return settings.redis_url or f"unix://{quote(str(socket_path(settings)))}"


def socket_path(settings: Settings) -> Path:
    """In the data directory; in a directory of our own under /tmp where that path would be too long."""
    path = settings.data_dir / "redis" / "redis.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    name = hashlib.sha256(os.fsencode(settings.data_dir)).hexdigest()[:12]
    return Path("/tmp") / f"hotline-{os.getuid()}-{name}" / "redis.sock"  # noqa: S108  who makes it checks it
