"""What the doctor asks the switch: what is loaded, who is registered, and whether our manager user may do its work.

The console's answers are text for people: what is not recognised counts as not there, never as well.
"""

import re
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from ivr.adapters.manager_wire import ManagerWire, Message, render_message
from ivr.policy.floor import ON_DUTY
from ivr.service.doctor_ports import Finding, Words, warning, well, wrong

Console = Callable[[str], str | None]
"""What the switch's console says to a command; None where it cannot be asked."""

NEEDED_ACTIONS: Final = frozenset({"Originate", "Redirect", "Status"})
TOO_MANY_RIGHTS: Final = frozenset({"Command", "GetConfig", "UpdateConfig", "ModuleLoad", "CoreSettings"})
_AMI_SECONDS: Final = 1.0
_REGISTRATION = re.compile(
    r"^\s*([^/\s]+)/sips?:\S+\s+\S*\s*(Registered|Unregistered|Rejected|Stopped|Stopping)\b", re.MULTILINE
)
_CONTACT = re.compile(r"^\s*Contact:\s+([^/\s<]+)/\S+\s+\S+\s+(\w+)", re.MULTILINE)
_ENDPOINT = re.compile(r"^\s*Endpoint:\s+([^/\s<]+)(?:/\S*)?\s", re.MULTILINE)

_SEE_LOG = Words(
    "看 log/asterisk.log 和 log/asterisk-messages.log", "see log/asterisk.log and log/asterisk-messages.log"
)


class SwitchSilentError(Exception):
    """The console of our Asterisk did not answer."""


def said(console: Console, command: str) -> str:
    """The console's answer. Raises SwitchSilentError."""
    answer = console(command)
    if answer is None:
        raise SwitchSilentError(command)
    return answer


def module_findings(console: Console, needed: Sequence[str]) -> Iterator[Finding]:
    """Every module of modules.conf is there and runs."""
    listed = said(console, "module show")
    running = set(re.findall(r"^(\S+\.so)\s.*(?<!Not )\bRunning\b", listed, re.MULTILINE))
    lost = [name for name in needed if name not in running]
    if lost:
        yield wrong(
            "asterisk_modules",
            Words(f"没有加载：{'、'.join(lost)}", f"not loaded: {', '.join(lost)}"),
            Words(
                "装全 Asterisk 的模块包，再启动", "install Asterisk's modules completely, then start again"
            ),
        )
    else:
        yield well("asterisk_modules", Words(f"{len(needed)} 个模块都在", f"all {len(needed)} are loaded"))


def dialplan_findings(console: Console, contexts: Sequence[str]) -> Iterator[Finding]:
    """Every context of hotline_dialplan.conf is there."""
    shown = set(re.findall(r"^\[ Context '([^']+)'", said(console, "dialplan show"), re.MULTILINE))
    lost = [name for name in contexts if name not in shown]
    if lost:
        yield wrong(
            "dialplan",
            Words(f"拨号方案缺：{'、'.join(lost)}", f"the dialplan lacks: {', '.join(lost)}"),
            _SEE_LOG,
        )
    else:
        yield well("dialplan", Words(f"{len(contexts)} 段都在", f"all {len(contexts)} contexts are loaded"))


def registration_findings(console: Console) -> Iterator[Finding]:
    """Trunks that register."""
    found = _REGISTRATION.findall(said(console, "pjsip show registrations"))
    for name, state in found:
        if state != "Registered":
            yield wrong(
                "trunk_registrations",
                Words(f"中继 {name} 没有登记上：{state}", f"trunk {name} is not registered: {state}"),
                Words(
                    f"核对 trunks.d 里 {name} 的地址、账号、密码；原因在 log/asterisk-messages.log",
                    f"check address, user and password of {name} in trunks.d;"
                    " the reason is in log/asterisk-messages.log",
                ),
            )
    if all(state == "Registered" for _name, state in found):
        names = ", ".join(name for name, _state in found)
        yield well("trunk_registrations", Words(names or "没有需要登记的中继", names or "no trunk registers"))


def phone_findings(console: Console, agents: Iterable[tuple[str, str, str]]) -> Iterator[Finding]:
    """Agents (login, state, phone) whose registering phone is not there; on duty that is an error."""
    reachable = {
        name for name, state in _CONTACT.findall(said(console, "pjsip show contacts")) if state not in _GONE
    }
    absent = [
        (login, state)
        for login, state, phone in agents
        if phone.startswith("endpoint:") and phone.removeprefix("endpoint:") not in reachable
    ]
    on_duty = [login for login, state in absent if state in ON_DUTY]
    resting = [login for login, state in absent if state not in ON_DUTY]
    for login in on_duty:
        yield wrong(
            "agents_phones",
            Words(f"{login} 在岗，但话机没有注册", f"{login} is on duty and his phone is not registered"),
            Words(
                f"检查话机的电源、网络、服务器、用户名、密码；或 hotline agent set {login} offline",
                f"check the phone's power, network, server, user and secret; or `hotline agent set {login} offline`",
            ),
        )
    if not on_duty:
        names = ", ".join(resting)
        zh, en = (
            (f"；没有注册（不在岗）：{names}", f"; not registered, not on duty: {names}")
            if names
            else ("", "")
        )
        yield well("agents_phones", Words(f"在岗的都能打通{zh}", f"all on duty can be rung{en}"))


_GONE: Final = frozenset({"Unavail", "Unavailable", "Unknown", "Removed"})


def unknown_endpoints(console: Console, phones: Iterable[str]) -> tuple[str, ...]:
    """Those of the `endpoint:` phones that the switch does not have."""
    wanted = [phone for phone in phones if phone.startswith("endpoint:")]
    if not wanted:
        return ()
    known = set(_ENDPOINT.findall(said(console, "pjsip show endpoints")))
    return tuple(phone for phone in wanted if phone.removeprefix("endpoint:") not in known)


def manager_findings(port: int, secret: str) -> Iterator[Finding]:
    """A login as our own user, and the actions it may do."""
    remedy = Words(
        "核对 manager.conf 里的 [hotline]（hotline render-dialplan 会写出来），然后 manager reload",
        "check [hotline] in manager.conf (`hotline render-dialplan` writes it), then `manager reload`",
    )
    try:
        actions = manager_actions(port, secret)
    except (OSError, EOFError, ValueError) as error:
        why = str(error) or type(error).__name__
        yield wrong(
            "ami", Words(f"连不上端口 {port}：{why}", f"cannot be used on port {port}: {why}"), remedy
        )
        return
    lost, extra = sorted(NEEDED_ACTIONS - actions), sorted(TOO_MANY_RIGHTS & actions)
    if lost:
        yield wrong(
            "ami",
            Words(f"用户 hotline 没有权限：{'、'.join(lost)}", f"user hotline may not: {', '.join(lost)}"),
            remedy,
        )
    elif extra:
        yield warning(
            "ami",
            Words(
                f"用户 hotline 权限太多：{'、'.join(extra)}", f"user hotline may too much: {', '.join(extra)}"
            ),
            remedy,
        )
    else:
        yield well("ami", Words("登录成功，权限正好", "login works, with the rights needed and no more"))


def manager_actions(port: int, secret: str) -> frozenset[str]:
    """The actions our user may send. Raises OSError, EOFError, ValueError."""
    until = time.monotonic() + _AMI_SECONDS
    with socket.create_connection(("127.0.0.1", port), timeout=_AMI_SECONDS) as sock:
        wire = ManagerWire(sock, send_timeout_seconds=_AMI_SECONDS)
        wire.read_banner(_AMI_SECONDS)
        login = [("Action", "Login"), ("Username", "hotline"), ("Secret", secret), ("Events", "off")]
        answer = _answer(wire, [*login, ("ActionID", "login")], until)
        if answer.get("Response") != "Success":
            raise ConnectionError(f"login refused: {answer.get('Message', '')[:80]}")
        names = _answer(wire, [("Action", "ListCommands"), ("ActionID", "list")], until)
    return frozenset(name for name in names if name not in {"Response", "ActionID"})


def _answer(wire: ManagerWire, headers: Sequence[tuple[str, str]], until: float) -> Message:
    wire.send(render_message(headers))
    while (message := wire.read_message(until - time.monotonic())) is not None:
        if "Response" in message:
            return message
    raise TimeoutError("no answer in time")
