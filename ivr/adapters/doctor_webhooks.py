"""What the doctor asks our own Twilio door, from outside as Twilio does: a request that is signed, and one that is not.

Only if the first is let in and the second is not do token, public address and everything between them fit.
"""

from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import urlsplit

import requests
from twilio.request_validator import RequestValidator

from ivr.service.doctor_ports import Finding, Words, warning, well, wrong

CHECK: Final = "/twilio/check"
PATIENCE_SECONDS: Final = (1.0, 2.5)  # to connect, to be answered: Twilio has no more with us
_SIGNED_BADLY = "x" * 28

_PROXY = Words(
    "公网地址经 HTTPS 转到 HOTLINE_WEB_PORT，路径原样转发；看 log/web.log",
    "let the public address lead to HOTLINE_WEB_PORT with paths unchanged; see log/web.log",
)
_TOKEN = Words(
    "核对 PUBLIC_BASE_URL 与代理（路径前缀一样吗）；改过 .env 就重启 web",
    "check PUBLIC_BASE_URL against the proxy (the same path prefix?); after a change of .env restart the web part",
)
_HOST = Words("换一个没有下划线的主机名", "use a host name without an underscore")


def door_findings(public_base_url: str, account_sid: str, tokens: Sequence[str]) -> Iterator[Finding]:
    """Each token is tried; what is answered without one closes the case."""
    if "_" in (urlsplit(public_base_url).hostname or ""):
        said = Words(
            "主机名里有下划线，Twilio 不回报", "a host name with an underscore gets no status callbacks"
        )
        yield wrong("twilio_door", said, _HOST)
        return
    url, form = public_base_url + CHECK, {"AccountSid": account_sid}
    signatures = [RequestValidator(token).compute_signature(url, form) for token in tokens]
    try:
        forged, *signed = [_asked(url, form, signature) for signature in (_SIGNED_BADLY, *signatures)]
    except requests.RequestException as error:
        kind = type(error).__name__
        said = Words(
            f"从这里连不上公网地址（{kind}）", f"the public address cannot be reached from here ({kind})"
        )
        yield wrong("twilio_door", said, _PROXY)
        return
    yield _judged(forged, signed)


def _judged(forged: int, signed: Sequence[int]) -> Finding:
    if forged != 403:
        said = Words(
            f"伪造签名的请求得到 {forged}，不是 403：答话的不是我们",
            f"a forged request got {forged}, not 403: it is not we who answer there",
        )
        return wrong("twilio_door", said, _PROXY)
    if all(status == 200 for status in signed):
        return well(
            "twilio_door",
            Words(
                "自己签名的请求进得来，伪造的进不来", "our own signed request is let in, a forged one is not"
            ),
        )
    if any(status == 200 for status in signed):
        said = Words(
            "正在运行的 web 只认其中一个令牌", "the running web part believes only one of the two tokens"
        )
        return warning("twilio_door", said, _TOKEN)
    said = Words(f"自己签名的请求得到 {signed[0]}", f"our own signed request got {signed[0]}")
    return wrong("twilio_door", said, _TOKEN)


def _asked(url: str, form: dict[str, str], signature: str) -> int:
    headers = {"X-Twilio-Signature": signature}
    answer = requests.post(
        url, data=form, headers=headers, timeout=PATIENCE_SECONDS, allow_redirects=False, stream=True
    )
    answer.close()
    return answer.status_code
