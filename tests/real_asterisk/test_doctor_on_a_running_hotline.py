"""The doctor beside real telephones: nothing to say of a healthy hotline, and each trouble named while it lasts."""

import json
import re
from typing import Any

import pytest

from tests.real_asterisk.conftest import Start
from tests.real_asterisk.hotline import RunningHotline
from tests.real_asterisk.sip.phones import AgentPhone

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def hotline(start: Start) -> RunningHotline:
    return start("agent_ring_seconds = 20\n")


def diagnosed(hotline: RunningHotline) -> tuple[int, dict[str, dict[str, Any]]]:
    """Exit code, and the last finding of each check."""
    done = hotline.command("doctor", "--json")
    assert not done.stderr
    return done.returncode, {row["check"]: row for row in json.loads(done.stdout)}


def errors(found: dict[str, dict[str, Any]]) -> set[str]:
    return {name for name, row in found.items() if row["severity"] == "error"}


def test_of_a_healthy_hotline_the_doctor_says_no_error(hotline: RunningHotline) -> None:
    code, found = diagnosed(hotline)
    assert (code, errors(found)) == (0, set()), found
    looked_at = {
        "agi",
        "ami",
        "dialplan",
        "asterisk_modules",
        "trunk_registrations",
        "agents_phones",
        "worker",
    }
    assert looked_at <= found.keys()
    assert "held by the hotline" in found["port_sip"]["found"]
    assert "not on duty: li, wang" in found["agents_phones"]["found"]


def test_an_agent_on_duty_with_a_dead_phone_is_named_until_it_registers(hotline: RunningHotline) -> None:
    made = hotline.command("agent", "add", "sun", "--name", "孙", "--phone", "endpoint:NEW")
    account = dict(re.findall(r"^(user|secret): +(\S+)$", made.stdout, re.MULTILINE))
    hotline.set_agent("sun", "available")
    code, found = diagnosed(hotline)
    assert (code, errors(found)) == (1, {"agents_phones"})
    assert found["agents_phones"]["found"].startswith("sun is on duty")
    port = hotline.settings.sip_port
    with AgentPhone(hotline.sipp, server_port=port, user=account["user"], secret=account["secret"]):
        code, found = diagnosed(hotline)
        assert (code, errors(found)) == (0, set()), found["agents_phones"]
    hotline.set_agent("sun", "offline")


def test_a_frozen_redis_and_a_frozen_switch_are_found_in_time_and_say_what_they_cost(
    hotline: RunningHotline,
) -> None:
    with hotline.stopped("redis"):
        code, found = diagnosed(hotline)
        assert (code, errors(found)) == (1, {"redis", "worker"})
        assert "calls go on" in found["redis"]["remedy"]
    with hotline.stopped("asterisk"):
        code, found = diagnosed(hotline)
        assert code == 1
        assert {"ami", "dialplan", "asterisk_modules", "agents_phones"} <= errors(found)
