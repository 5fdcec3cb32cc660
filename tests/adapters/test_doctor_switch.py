"""What the doctor makes of the switch's own words; the words below are a real Asterisk's."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ivr.adapters import doctor_switch
from ivr.service.doctor_ports import Finding, Severity

REGISTRATIONS = """
 <Registration/ServerURI..............................>  <Auth....................>  <Status.......>
==========================================================================================

 carrier/sip:192.0.2.10:5060                              carrier                     Rejected          (exp. 20s)
 second/sip:192.0.2.11:5060                               second                      Registered        (exp. 290s)

Objects found: 2
"""
CONTACTS = """
  Contact:  <Aor/ContactUri..............................> <Hash....> <Status> <RTT(ms)..>
==========================================================================================

  Contact:  ag-11111111/sip:ag-11111111@192.0.2.30:5060    1a2b3c4d5e Avail         1.201
  Contact:  ag-22222222/sip:ag-22222222@192.0.2.31:5060    2a2b3c4d5e Unavail         nan

Objects found: 2
"""
ENDPOINTS = """
 Endpoint:  <Endpoint/CID.....................................>  <State.....>  <Channels.>
==========================================================================================

 Endpoint:  ag-11111111                                          Not in use    0 of inf
      InAuth:  ag-11111111/ag-11111111
         Aor:  ag-11111111                                        1
 Endpoint:  desk/8001                                            Unavailable   0 of inf
"""
MODULES = """Module             Description                    Use Count  Status      Support Level
app_dial.so                    Dialing Application                      0          Running              core
app_read.so                    Read Variable Application                0          Not Running          core
"""
DIALPLAN = """[ Context 'hl-call' created by 'pbx_config' ]
  's' =>            1. Ringing()                                  [extensions.conf:1]
"""
SAID = {
    "pjsip show registrations": REGISTRATIONS,
    "pjsip show contacts": CONTACTS,
    "pjsip show endpoints": ENDPOINTS,
    "module show": MODULES,
    "dialplan show": DIALPLAN,
}


def only(findings: Iterator[Finding]) -> Finding:
    (finding,) = findings
    return finding


def test_a_trunk_that_is_not_registered_is_named_and_the_registered_one_is_not() -> None:
    finding = only(doctor_switch.registration_findings(SAID.get))
    assert finding.severity is Severity.ERROR
    assert "carrier" in finding.found.en
    assert only(doctor_switch.registration_findings(lambda _command: "No objects found.\n")).ok


def test_an_agent_on_duty_whose_phone_is_gone_is_an_error_and_one_at_home_is_not() -> None:
    agents = [
        ("wang", "available", "endpoint:ag-11111111"),
        ("li", "talking", "endpoint:ag-22222222"),
        ("zhao", "offline", "endpoint:ag-33333333"),
        ("qian", "available", "sip:qian@192.0.2.40"),
    ]
    finding = only(doctor_switch.phone_findings(SAID.get, agents))
    assert (finding.severity, finding.found.en) == (
        Severity.ERROR,
        "li is on duty and his phone is not registered",
    )
    rest = only(doctor_switch.phone_findings(SAID.get, [agents[0], *agents[2:]]))
    assert rest.ok
    assert "not on duty: zhao" in rest.found.en


def test_a_module_or_a_context_that_is_not_there_is_named() -> None:
    modules = only(doctor_switch.module_findings(SAID.get, ["app_dial.so", "app_read.so", "res_agi.so"]))
    assert modules.found.en == "not loaded: app_read.so, res_agi.so"
    assert only(doctor_switch.module_findings(SAID.get, ["app_dial.so"])).ok
    assert only(doctor_switch.dialplan_findings(SAID.get, ["hl-call", "hl-gone"])).found.en.endswith(
        "lacks: hl-gone"
    )
    assert only(doctor_switch.dialplan_findings(SAID.get, ["hl-call"])).ok


def test_an_endpoint_the_switch_does_not_have_is_found() -> None:
    phones = ["endpoint:desk", "endpoint:ag-11111111", "endpoint:gone", "tel:+8613900139000"]
    assert doctor_switch.unknown_endpoints(SAID.get, phones) == ("endpoint:gone",)
    assert doctor_switch.unknown_endpoints(lambda _command: None, ["sip:a@b"]) == ()


def test_a_switch_that_says_nothing_is_not_taken_for_a_healthy_one() -> None:
    with pytest.raises(doctor_switch.SwitchSilentError):
        tuple(doctor_switch.dialplan_findings(lambda _command: None, ["hl-call"]))


@contextmanager
def manager(actions: str, login: str = "Success") -> Iterator[int]:
    """A manager that answers a login and ListCommands once; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            sock, _peer = listener.accept()
            with sock:
                sock.sendall(b"Asterisk Call Manager/11.0.0\r\n")
                for response in (
                    f"Response: {login}\r\nMessage: Authentication",
                    f"Response: Success\r\n{actions}",
                ):
                    if not sock.recv(4096):
                        return
                    sock.sendall(f"{response}\r\n\r\n".encode())
                sock.recv(1)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(2)


@pytest.mark.parametrize(
    ("actions", "severity", "said"),
    [
        ("Originate: x\r\nRedirect: x\r\nStatus: x", Severity.OK, "no more"),
        ("Redirect: x\r\nStatus: x", Severity.ERROR, "may not: Originate"),
        ("Originate: x\r\nRedirect: x\r\nStatus: x\r\nCommand: x", Severity.WARNING, "too much: Command"),
    ],
)
def test_the_manager_user_has_the_rights_needed_and_no_more(
    actions: str, severity: Severity, said: str
) -> None:
    with manager(actions) as port:
        finding = only(doctor_switch.manager_findings(port, "s3cret"))
    assert finding.severity is severity
    assert said in finding.found.en


def test_a_refused_login_is_an_error_that_does_not_show_the_secret() -> None:
    with manager("", login="Error") as port:
        finding = only(doctor_switch.manager_findings(port, "s3cret"))
    assert finding.severity is Severity.ERROR
    assert "login refused" in finding.found.en
    assert "s3cret" not in str(finding.row())
    assert only(doctor_switch.manager_findings(port, "s3cret")).severity is Severity.ERROR
