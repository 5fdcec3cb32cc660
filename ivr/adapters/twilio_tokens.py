"""Tokens by which an agent's own Twilio telephone registers: for his identity alone, to be rung, for an hour."""

from dataclasses import dataclass, field
from typing import Final

from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant

LIVES_SECONDS: Final = 3600


@dataclass(frozen=True, kw_only=True)
class TwilioTokens:
    """Signed with an API key of the account; none of it is in the `repr`."""

    account_sid: str = field(repr=False)
    key_sid: str = field(repr=False)
    key_secret: str = field(repr=False)

    def token(self, identity: str) -> str:
        """A JWT: whoever has it is rung as `client:IDENTITY` and may place no call of his own (R82)."""
        grant = VoiceGrant(incoming_allow=True)
        made = AccessToken(
            self.account_sid, self.key_sid, self.key_secret, [grant], identity=identity, ttl=LIVES_SECONDS
        )
        return str(made.to_jwt())
