"""The telephones and ears other tests rely on, tried on a bare Asterisk: they report what was."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.cli.private_asterisk import Asterisk, Program
from ivr.cli.telephone.sipp import udp_port_is_taken
from tests.real_asterisk.sip.media import correlation, melody, read_wav, tone_share, write_wav
from tests.real_asterisk.sip.phones import AgentPhone, Caller, attended_target
from tests.real_asterisk.sip.programs import telephone_programs

SIP_PORT = 26060
MODULES = """
res_timing_timerfd res_crypto res_sorcery_config res_sorcery_memory res_sorcery_astdb res_pjproject
res_http_websocket res_rtp_asterisk res_pjsip res_pjsip_session res_pjsip_pubsub res_pjsip_acl
res_pjsip_authenticator_digest res_pjsip_outbound_authenticator_digest res_pjsip_endpoint_identifier_user
res_pjsip_endpoint_identifier_ip res_pjsip_refer res_pjsip_registrar res_pjsip_nat res_pjsip_sdp_rtp
res_pjsip_caller_id res_pjsip_dlg_options chan_pjsip bridge_simple format_wav codec_ulaw res_musiconhold
pbx_config app_dial app_playback app_read func_env func_callerid
""".split()  # noqa: SIM905 (a list this long reads better in lines)
CONFIGURATION = {
    "asterisk.conf": """[directories]
astetcdir => {home}
astmoddir => {modules}
astdatadir => {data}
astvarlibdir => {home}
astdbdir => {home}
astkeydir => {home}
astagidir => {home}
astspooldir => {home}
astrundir => {home}
astlogdir => {home}
astcachedir => {home}
""",
    "modules.conf": "[modules]\nautoload = no\n" + "".join(f"load = {name}.so\n" for name in MODULES),
    "logger.conf": "[general]\n[logfiles]\nmessages = warning,error\n",
    "rtp.conf": "[general]\nrtpstart = 26100\nrtpend = 26199\nicesupport = no\n",
    "pjproject.conf": "[startup]\ntype = startup\nlog_level = 2\n",
    "indications.conf": "[general]\ncountry = cn\n[cn]\ndescription = China\nring = 450/1000,0/4000\n",
    "cel.conf": "[general]\nenable = no\n",
    "musiconhold.conf": "[waiting]\nmode = playlist\nentry = {home}/greeting\n",
    **dict.fromkeys(("ccss.conf", "udptl.conf", "features.conf", "cdr.conf"), "[general]\n"),
    **dict.fromkeys(("acl.conf", "manager.conf", "http.conf"), ""),
    "extensions.conf": """[hotline]
exten => 100,1,Answer(,i)
 same => n,Playback({home}/greeting)
 same => n,Hangup()
exten => 200,1,Dial(PJSIP/phone1,20)
exten => 201,1,Dial(PJSIP/phone1,1.4)
 same => n,Answer(,i)
 same => n,Dial(PJSIP/phone1,20,m(waiting))
exten => 300,1,Dial(PJSIP/trunk/sip:bare@127.0.0.1:${{CALLERID(num)}},20)
exten => 400,1,Answer(,i)
 same => n,Read(KEYS,,3,,,5)
 same => n,Set(FILE({home}/pressed)=${{KEYS}})
 same => n,Hangup()
""",
    "pjsip.conf": """[global]
type = global
endpoint_identifier_order = username,ip
[udp]
type = transport
protocol = udp
bind = 127.0.0.1:26060
[both](!)
type = endpoint
context = hotline
transport = udp
disallow = all
allow = ulaw
direct_media = no
allow_transfer = no
[trunk](both)
[trunk]
type = identify
endpoint = trunk
match = 127.0.0.1
[phone1](both)
aors = phone1
auth = phone1
[phone1]
type = auth
auth_type = userpass
username = phone1
password = not-a-secret
[phone1]
type = aor
max_contacts = 1
remove_existing = yes
qualify_frequency = 1
""",
}


def configure(home: Path, asterisk: Asterisk) -> list[str]:
    """Writes the configuration; returns the command that names it."""
    for name, text in CONFIGURATION.items():
        places = {"home": home, "modules": asterisk.module_dir, "data": asterisk.data_dir}
        (home / name).write_text(text.format(**places))
    write_wav(home / "greeting.wav", melody(1, 2.5))
    return [*asterisk.argv, "-C", str(home / "asterisk.conf")]


def wait_until_booted(command: list[str]) -> None:
    for _ in range(100):
        asked = subprocess.run([*command, "-rx", "core waitfullybooted"], capture_output=True, text=True)
        if "fully booted" in asked.stdout:
            return
        time.sleep(0.1)
    raise AssertionError("the test's own Asterisk did not start")


@pytest.fixture(scope="module")
def switch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The running switch's directory."""
    assert not udp_port_is_taken(SIP_PORT), f"another program has UDP port {SIP_PORT}"
    home = tmp_path_factory.mktemp("ast")
    (home / "keys").mkdir()
    command = configure(home, telephone_programs()[0])
    with (home / "screen").open("wb") as screen:
        running = subprocess.Popen(
            [*command, "-f", "-n"], stdout=screen, stderr=screen, start_new_session=True
        )
    try:
        wait_until_booted(command)
        yield home
    finally:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait(5)


@pytest.fixture
def sipp(switch: Path) -> Program:
    return telephone_programs()[1]


def caller(sipp: Program, to: str, number: str = "13800138000", hang_up_after: float | None = None) -> Caller:
    return Caller(sipp, server_port=SIP_PORT, to=to, number=number, hang_up_after_seconds=hang_up_after)


def agent_phone(sipp: Program, answer_after: float | None = None, talk: float | None = None) -> AgentPhone:
    return AgentPhone(
        sipp,
        server_port=SIP_PORT,
        user="phone1",
        secret="not-a-secret",
        answer_after_seconds=answer_after,
        hang_up_after_seconds=talk,
    )


@pytest.mark.real
def test_the_greeting_played_is_the_greeting_heard(sipp: Program, switch: Path) -> None:
    with caller(sipp, "100") as alice:
        assert alice.wait_until_over() == 0
    peak, offset = correlation(alice.media.audio(), read_wav(switch / "greeting.wav"))
    answered, first = alice.got_at(200), alice.media.first_packet_at
    assert peak >= 0.9
    assert offset == pytest.approx(0.0, abs=0.02)
    assert answered is not None
    assert first is not None
    assert first - answered < 0.2


@pytest.mark.real
def test_caller_and_agent_hear_each_other_and_a_transfer_is_refused(sipp: Program, switch: Path) -> None:
    with agent_phone(sipp) as phone, caller(sipp, "200") as alice:
        phone.wait_for("sent", "INVITE", 180)
        phone.answer()
        phone.wait_for("received", "ACK")
        alice.media.send_tone(440, to=alice.wait_for("received", "INVITE", 200).media_port)
        phone.media.send_tone(800, to=phone.find("received", "INVITE")[0].media_port)
        time.sleep(0.5)
        phone.transfer("<sip:100@127.0.0.1>")
        phone.wait_for("received", "REFER", 603)
        phone.transfer(attended_target("sip:100@127.0.0.1", "other", "a", "b"))
        time.sleep(0.5)
        assert len(phone.find("received", "REFER", 603)) == 2
        assert tone_share(phone.media.audio(), 440) > 0.95
        assert tone_share(alice.media.audio(), 800) > 0.95
        alice.hang_up()
        assert alice.wait_until_over() == 0
        phone.wait_for("received", "BYE")
    blocked = "Endpoint phone1 transfer attempt blocked due to configuration"
    assert (switch / "messages").read_text().count(blocked) == 2


@pytest.mark.real
def test_a_phone_rings_again_right_after_a_cancelled_ring_while_the_caller_hears_music(
    sipp: Program, switch: Path
) -> None:
    with agent_phone(sipp) as phone, caller(sipp, "201") as alice:
        phone.wait_for("sent", "INVITE", 180, call=1)
        cancelled = phone.find("received", "CANCEL", call=0)[0].at
        assert phone.find("sent", "INVITE", 487, call=0)
        assert phone.find("received", "INVITE", call=1)[0].at - cancelled < 0.1
        assert cancelled - phone.find("received", "INVITE", call=0)[0].at == pytest.approx(1.4, abs=0.1)
        time.sleep(2.7)
        phone.answer()
        phone.wait_for("received", "ACK", call=1)
        phone.hang_up()
        assert alice.wait_until_over() == 0
    peak, offset = correlation(alice.media.audio(), read_wav(switch / "greeting.wav"))
    assert peak > 0.9
    assert offset < 0.02


@pytest.mark.real
def test_a_phone_answers_and_hangs_up_by_itself(sipp: Program) -> None:
    with agent_phone(sipp, answer_after=0.7, talk=0.6) as phone, caller(sipp, "200") as alice:
        assert alice.wait_until_over() == 0
    rang, answered, ended = alice.got_at(180), alice.got_at(200), alice.ended_at
    assert rang is not None
    assert answered is not None
    assert ended is not None
    assert answered - rang == pytest.approx(0.7, abs=0.1)
    assert ended - answered == pytest.approx(0.6, abs=0.1)
    assert phone.find("received", "OPTIONS"), "the switch asked whether the phone is there"
    assert phone.find("sent", "OPTIONS", 200)


@pytest.mark.real
def test_a_caller_who_gives_up_while_it_rings_stops_the_ringing(sipp: Program) -> None:
    with agent_phone(sipp) as phone, caller(sipp, "200", hang_up_after=0.5) as alice:
        assert alice.wait_until_over() == 0
        cancel = phone.wait_for("received", "CANCEL")
    invited = alice.invited_at
    assert invited is not None
    assert cancel.at - invited == pytest.approx(0.5, abs=0.1)
    assert alice.got_at(487)


@pytest.mark.real
def test_a_bare_phone_is_reached_by_its_address_and_can_be_busy(sipp: Program) -> None:
    with AgentPhone(sipp, server_port=SIP_PORT, user="bare", busy=True) as phone:
        with caller(sipp, "300", number=str(phone.sipp.port)) as alice:
            assert alice.wait_until_over() == 0
        assert phone.find("sent", "INVITE", 486)
        assert not phone.find("sent", "INVITE", 180)
        assert alice.got_at(486)


@pytest.mark.real
def test_keys_pressed_are_keys_read(sipp: Program, switch: Path) -> None:
    with caller(sipp, "400") as alice:
        alice.media.press("4*9", to=alice.wait_for("received", "INVITE", 200).media_port)
        assert alice.wait_until_over() == 0
    assert (switch / "pressed").read_text().strip() == "4*9"


@pytest.mark.real
def test_a_stranger_is_not_served(sipp: Program) -> None:
    with Caller(sipp, server_port=SIP_PORT, to="100", address="127.0.0.2") as stranger:
        stranger.wait_until_over()
    assert stranger.final_status == 401


@pytest.mark.real
def test_a_phone_can_announce_itself_again(sipp: Program) -> None:
    with agent_phone(sipp, answer_after=0.1, talk=0.1) as phone:
        phone.register()
        with caller(sipp, "200") as alice:
            assert alice.wait_until_over() == 0
    assert alice.final_status == 200
    assert len(phone.find("received", "REGISTER", 200)) == 2
