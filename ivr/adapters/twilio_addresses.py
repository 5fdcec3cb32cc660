"""Our own addresses under /twilio/: what stands in one was put there by us, for that one call.

Twilio's signature says that Twilio asks, never that we gave out the address. The seal at its end does: a request of one
call cannot be turned on another. It is reckoned, not stored, so that it holds also when no database answers.
"""

import hashlib
import hmac
from dataclasses import dataclass, field

# Voice webhooks are tried again when nobody answered in time; five seconds in all leave the deadline alone.
PATIENCE = "#ct=1000&rt=2500&tt=5000&rc=1&rp=all"
OF_THE_NUMBER = {
    "incoming": ("A call comes in", "incoming" + PATIENCE),
    "fallback": ("Primary handler fails", "fallback"),
    "status": ("Call status changes", "status#rc=5&rp=all"),
}
"""What stands in Twilio's console for our number: the field's name there, and what follows /twilio/ in its address."""

_SEAL_LETTERS = 32


@dataclass(frozen=True, kw_only=True)
class TwilioAddresses:
    """`key` is this installation's own and outlives a restart: calls under way hold addresses made with it."""

    public_base_url: str
    key: bytes = field(repr=False)

    def of(self, tail: str, ref: str) -> str:
        """The whole address of `tail` (ROUTE/…) for the call with that CallSid."""
        return f"{self.public_base_url}/twilio/{tail}/{self.seal(tail, ref)}"

    def seal(self, tail: str, ref: str) -> str:
        """Only letters of an address."""
        return hmac.new(self.key, f"{ref}/{tail}".encode(), hashlib.sha256).hexdigest()[:_SEAL_LETTERS]

    def holds(self, tail: str, ref: str, seal: str) -> bool:
        """Whether we sealed that for this call; in constant time."""
        return hmac.compare_digest(self.seal(tail, ref).encode(), seal.encode())
