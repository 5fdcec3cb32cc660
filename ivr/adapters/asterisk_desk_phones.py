"""Accounts of pages at Asterisk, put there over ARI: known within milliseconds, gone with the process.

Only this machine reaches ARI. One account is three objects; the endpoint comes last, so that it never lacks its secret.
"""

import base64
import http.client
import json
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from ivr.service.desk_phone_ports import SwitchUnavailable

ARI_USER: Final = "hotline"
_SECONDS: Final = 2.0
_NOT_THERE: Final = 404
# An endpoint of a page (webrtc: ICE, DTLS-SRTP, AVPF, one port). It hears and says G.711 as the trunk does. What it may
# dial is the context's matter, and it transfers nobody (R74). A page that fell silent is given up after four seconds.
_ENDPOINT: Final = {
    "webrtc": "yes",
    "context": "hl-desk",
    "disallow": "all",
    "allow": "ulaw,alaw",
    "direct_media": "no",
    "allow_transfer": "no",
    "refer_blind_progress": "no",
    "rtp_timeout": "4",
    "rtp_timeout_hold": "60",
    "moh_suggest": "hl-music",
}
_AOR: Final = {
    "max_contacts": "1",
    "remove_existing": "yes",
    "qualify_frequency": "10",
    "qualify_timeout": "2.0",
    "minimum_expiration": "30",
    "default_expiration": "600",
}


class AsteriskDeskPhones:
    """DeskPhoneSwitch over ARI."""

    def __init__(self, port: int, secret: str) -> None:
        self._port = port
        token = base64.b64encode(f"{ARI_USER}:{secret}".encode()).decode()
        self._headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}

    def make(self, account: str, secret: str, name: str) -> None:
        """See DeskPhoneSwitch."""
        shown = "".join(letter for letter in name if letter.isalnum() or letter in " -_.")
        endpoint = {**_ENDPOINT, "auth": account, "aors": account, "callerid": f'"{shown}" <{account}>'}
        self._put("auth", account, {"auth_type": "userpass", "username": account, "password": secret})
        self._put("aor", account, _AOR)
        self._put("endpoint", account, endpoint)

    def forget(self, account: str) -> None:
        """See DeskPhoneSwitch."""
        for kind in ("endpoint", "auth", "aor"):
            self._request("DELETE", kind, account, None)

    def _put(self, kind: str, account: str, values: Mapping[str, str]) -> None:
        fields = [{"attribute": name, "value": value} for name, value in values.items()]
        self._request("PUT", kind, account, json.dumps({"fields": fields}))

    def _request(self, method: str, kind: str, account: str, body: str | None) -> None:
        path = f"/ari/asterisk/config/dynamic/res_pjsip/{kind}/{quote(account, safe='')}"
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_SECONDS)
        try:
            connection.request(method, path, body, self._headers)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            raise SwitchUnavailable(str(error)) from error
        finally:
            connection.close()
        if status >= 300 and not (method == "DELETE" and status == _NOT_THERE):
            raise SwitchUnavailable(f"{method} {kind}: {status}")
