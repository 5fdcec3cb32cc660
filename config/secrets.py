"""The secrets an installation makes for itself at its first start, kept in its data directory, readable by it alone."""

import hashlib
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """`agi_token` is the path token of the FastAGI address, `ami_secret` the password of the AMI user."""

    agi_token: str
    ami_secret: str

    @property
    def ari_secret(self) -> str:
        """The password of the switch's HTTP interface; made from the other, so that no installation lacks it."""
        return hashlib.sha256(f"ari {self.ami_secret}".encode()).hexdigest()

    @property
    def web_key(self) -> bytes:
        """Signs what the pages hand out (CSRF tokens); made of the others, so that an older file is enough."""
        return hashlib.sha256(b"web:" + self.ami_secret.encode()).digest()

    @property
    def twilio_key(self) -> bytes:
        """Seals our addresses at Twilio; made of the others, so that calls under way outlive a restart."""
        return hashlib.sha256(b"twilio:" + self.ami_secret.encode()).digest()


def load_or_create(data_dir: Path) -> Secrets:
    """The same secrets for every part of one installation, whichever starts first."""
    path = data_dir / "secrets.json"
    data_dir.mkdir(parents=True, exist_ok=True)
    fresh = Secrets(agi_token=secrets.token_urlsafe(24), ami_secret=secrets.token_urlsafe(24))
    mine = path.with_name(f".secrets-{os.getpid()}")
    mine.touch(mode=0o600)
    mine.write_text(json.dumps(asdict(fresh)))
    try:
        os.link(mine, path)  # whoever comes second finds the first one's
    except FileExistsError:
        pass
    finally:
        mine.unlink()
    return Secrets(**json.loads(path.read_text()))
