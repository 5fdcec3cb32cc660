"""What the doctor asks Twilio's REST interface: one look at the account, answered within seconds or not at all.

And what our number needs in Twilio's console.
"""

from collections.abc import Callable, Iterator
from typing import Final

from ivr.adapters.twilio_addresses import OF_THE_NUMBER
from ivr.adapters.twilio_orders import CallRefused, NobodyThere, OutcomeUnknown, TooFast
from ivr.service.doctor_ports import Finding, Words, warning, well, wrong

ACTIVE: Final = "active"
_CREDENTIALS = Words(
    "核对 .env 里的 TWILIO_ACCOUNT_SID 和 TWILIO_AUTH_TOKEN（控制台首页，主令牌）",
    "check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN in .env: the console's first page, the primary token",
)
_WAY = Words(
    "查这台机器到 api.twilio.com 的 HTTPS；好了之前回电从别的路走，或者等着",
    "check HTTPS from this machine to api.twilio.com; until then callbacks leave by another way, or wait",
)
_ACCOUNT = Words(
    "在 Twilio 控制台看账户状态和余额", "look at the account's state and balance in Twilio's console"
)
_LATER = Words("过一会儿再看", "look again in a while")


def rest_findings(look: Callable[[], str], calls_back: bool) -> Iterator[Finding]:
    """`look` gives the account's own status; with `calls_back` customers are called through it."""
    bad = wrong if calls_back else warning
    try:
        status = look()
    except NobodyThere:
        yield bad("twilio_rest", Words("连不上 Twilio 的 REST", "Twilio's REST cannot be reached"), _WAY)
    except CallRefused as error:
        said = Words(f"Twilio 不认这个账户：{error}", f"Twilio does not accept this account: {error}")
        yield bad("twilio_rest", said, _CREDENTIALS)
    except TooFast:
        said = Words("Twilio 说请求太多", "Twilio says there were too many requests")
        yield warning("twilio_rest", said, _LATER)
    except OutcomeUnknown as error:
        said = Words(f"Twilio 的 REST 没有答：{error}", f"Twilio's REST gave no answer: {error}")
        yield bad("twilio_rest", said, _WAY)
    else:
        yield _stands(status, calls_back) if status == ACTIVE else _closed(status)


def _stands(status: str, calls_back: bool) -> Finding:
    zh, en = ("由它回电", "customers are called") if calls_back else ("不由它回电", "nobody is called")
    return well("twilio_rest", Words(f"账户 {status}，{zh}", f"the account is {status}, {en} through it"))


def _closed(status: str) -> Finding:
    return wrong("twilio_rest", Words(f"账户是 {status}", f"the account is {status}"), _ACCOUNT)


def number_findings(public_base_url: str) -> Iterator[Finding]:
    """What to paste into the console, line by line."""
    for name, (field, tail) in OF_THE_NUMBER.items():
        address = f"{public_base_url}/twilio/{tail}"
        yield well(f"twilio_{name}", Words(f"{field} (POST)：{address}", f"{field} (POST): {address}"))
