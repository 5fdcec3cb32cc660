"""An agent's registered telephone that dials: a feature code, or a number it must not reach."""

from pathlib import Path

from ivr.cli.private_asterisk import Program
from ivr.cli.telephone.sipp import Sipp
from tests.real_asterisk.sip.phones import Phone

DIALLING = Path(__file__).parent / "sip" / "scenarios" / "dialling.xml"


class DiallingPhone(Phone):
    """Dials `to` when entered, with its account's digest; over when the far side refuses or hangs up."""

    def __init__(self, program: Program, *, server_port: int, to: str, user: str, secret: str) -> None:
        super().__init__(Sipp(program, DIALLING, server_port=server_port))
        self._keys = {"to": to, "user": user, "secret": secret, "sound_port": str(self.media.port)}

    def _begin(self) -> None:
        self.sipp.start(self._keys, "-m", "1", "-r", "100")

    def wait_until_over(self, seconds: float = 15) -> None:
        self.sipp.wait(seconds)

    @property
    def statuses(self) -> list[int]:
        """What the INVITEs were answered with, in order, without 100."""
        return [
            message.status
            for message in self.messages()
            if message.direction == "received" and message.method == "INVITE" and (message.status or 0) > 100
            if message.status is not None
        ]
