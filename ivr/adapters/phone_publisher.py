"""Tells the switch about new SIP accounts by the command that writes them into its configuration.

Asking the switch takes seconds, so nobody waits for it here; the account works within five of them.
"""

import logging
import subprocess
import sys
import threading
from pathlib import Path

SECONDS = 30.0

log = logging.getLogger(__name__)


class PhonePublisher:
    """Runs `hotline publish-phones` in the background."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def publish(self) -> None:
        """Soon."""
        threading.Thread(target=self._run, name="publish-phones", daemon=True).start()

    def _run(self) -> None:
        argv = [sys.executable, "-m", "ivr", "publish-phones"]
        try:
            done = subprocess.run(argv, cwd=self._root, capture_output=True, timeout=SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            log.warning("the switch was not told of a new phone: %s", type(error).__name__)
            return
        if done.returncode != 0:
            log.warning("the switch was not told of a new phone: it works from its next start")
