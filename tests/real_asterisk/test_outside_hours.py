"""Outside the opening hours, on real telephones: nobody is rung, and what the caller is told is spoken and true."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from ivr.adapters.system_clock import SystemClock
from ivr.policy.opening_hours import WEEKDAYS
from tests.real_asterisk.conftest import Start
from tests.real_asterisk.hotline import RunningHotline
from tests.real_asterisk.stories import calling, finished, on_duty, prompts_heard_in_order, ring_backs_of

pytestmark = pytest.mark.real

NUMBER = "13800138201"


@pytest.fixture
def hotline(start: Start) -> RunningHotline:
    """Open on the day after tomorrow only, from half past eight."""
    day = SystemClock().now().astimezone(ZoneInfo("Asia/Shanghai")) + timedelta(days=2)
    hours = f'opening_hours = {{ {WEEKDAYS[day.weekday()]} = ["08:30-12:00"] }}\n'
    return start(hours + 'holidays = { calendar = "none" }\n')


def test_nobody_is_rung_and_the_caller_hears_when_we_are_open_again__R68_R70(hotline: RunningHotline) -> None:
    with on_duty(hotline, "zoe") as zoe, calling(hotline, NUMBER) as caller:
        caller.wait_for("received", "BYE", seconds=40)
        call = finished(hotline, NUMBER)
        assert zoe.find("received", "INVITE") == []
    prompts_heard_in_order(
        caller.media, "greeting", "outside_hours", "open_again", "part_morning", "number_noted", "goodbye"
    )
    assert (call["outcome"], call["greeted_by"]) == ("fallback", "server")
    assert ring_backs_of(hotline, call) == [f"+86{NUMBER}"]
