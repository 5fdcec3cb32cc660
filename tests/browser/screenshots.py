"""Pictures for docs/desk.md, taken from a running hotline: `make screenshots`.

A whole hotline with real telephones; only the morning before the pictures is written into its book.
"""

import random
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from PIL import Image
from playwright.sync_api import Page

from ivr.adapters.sql_callback_schema import callbacks, promises
from ivr.adapters.sql_schema import calls, records, ring_backs
from ivr.adapters.system_clock import SystemClock
from tests.adapters.rows import Database
from tests.browser.chromium import close, running_chromium
from tests.browser.conftest import Desk
from tests.real_asterisk.hotline import ROOT, RunningHotline
from tests.real_asterisk.sip.phones import AgentPhone

PICTURES: Final = ROOT / "docs" / "screenshots"
LARGEST_BYTES: Final = 200_000
COLOURS: Final = 128
PATIENCE_MS: Final = 60_000  # nobody judges the milliseconds here
POLICY: Final = "wrap_up_seconds = 90\nsatisfaction = false\n"
WALL: Final = {"width": 1600, "height": 900}
NUMBERS: Final = {"zh": "01082193701", "en": "01062345678"}
COMPANIES: Final = """\
企业名称,电话,税务分局,协议编号,协议截止日期,联系人
北京京北商贸有限公司,010-82193701;13801012345,海淀分局,FW-2026-0117,{soon},张会计
北京远航科技股份有限公司,010-62345678,朝阳分局,FW-2025-0920,{later},李出纳
"""
TEAM: Final = {"zhaomin": "赵敏", "wangfang": "王芳", "chengang": "陈刚", "manager": "周经理"}


def main() -> None:
    """All of them, in both languages."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
        hotline = stack.enter_context(RunningHotline(Path(place) / "hotline", POLICY))
        hotline.wait(lambda: "manager events connected" in hotline.log("agi"), 60)
        desk = Desk(stack.enter_context(running_chromium()), hotline)
        stack.callback(desk.close)
        phone = stack.enter_context(hotline.phone("zhaomin"))
        _people(desk, phone)
        _morning(hotline)
        for language, number in NUMBERS.items():
            _one_call(desk, phone, language, number)
            _board(desk, language)


def _people(desk: Desk, phone: AgentPhone) -> None:
    for login, name in TEAM.items():
        address = phone.address if login == "zhaomin" else "sip:nobody@127.0.0.1:9"
        desk.add(login, address, role="manager" if login == "manager" else "agent")
        database = Database(desk.hotline.settings.database_url)
        with database.engine.begin() as connection:
            connection.execute(
                sa.text("UPDATE agents SET name = :name WHERE login = :login"), {"name": name, "login": login}
            )
        database.engine.dispose()
    desk.hotline.set_agent("chengang", "away")


def _morning(hotline: RunningHotline) -> None:
    """Companies from a spreadsheet, five hours of calls, and what is left to do."""
    today = SystemClock().now().date()
    file = hotline.data_dir / "companies.csv"
    text = COMPANIES.format(soon=today + timedelta(days=21), later=today + timedelta(days=240))
    file.write_text(text, "utf-8")
    assert hotline.command("import-agreements", str(file)).returncode == 0
    database, now = Database(hotline.settings.database_url), SystemClock().now()
    chance = random.Random(20)
    rows = [
        _a_call(chance, now - timedelta(seconds=chance.uniform(120, 5 * 3600)), each) for each in range(240)
    ]
    with database.engine.begin() as connection:
        connection.execute(sa.insert(calls), rows)
    _left_to_do(database, now)
    database.engine.dispose()


def _a_call(chance: random.Random, at: datetime, each: int) -> dict[str, Any]:
    wait = timedelta(seconds=min(chance.expovariate(1 / 5), 70))
    served = chance.random() < 0.96
    return {
        "door": "asterisk",
        "ref": f"morning.{each}",
        "hotline": "4001234567",
        "caller": f"+8613{chance.randrange(10**9):09}",
        "phase": "ended",
        "presented_at": at,
        "line_at": at,
        "greeted_at": at + min(wait, timedelta(seconds=13)),
        "greeted_by": "agent",
        "served_at": at + wait if served else None,
        "ended_at": at + wait + timedelta(seconds=chance.uniform(60, 300) if served else 9),
        "outcome": "served" if served else "abandoned",
        "served_by": chance.choice(list(TEAM)[:3]) if served else None,
        "state": "{}",
        "standing": "[]",
    }


def _left_to_do(database: Database, now: datetime) -> None:
    """A callback that is late, one to come, a missed caller, and a promise of the agent's own."""

    def call(number: str, minutes: int) -> int:
        at = now - timedelta(minutes=minutes)
        return database.add_call(
            presented_at=at, caller=number, ended_at=at + timedelta(seconds=40), outcome="callback"
        )

    due: Mapping[str, tuple[int, int]] = {"+8613901016688": (55, -6), "+861065432109": (12, 18)}
    for number, (ago, minutes) in due.items():
        promised, due_at = now - timedelta(minutes=ago), now + timedelta(minutes=minutes)
        row = {
            "call_id": call(number, ago),
            "number": number,
            "prefix": number[:8],
            "state": "pending",
            "epoch": 0,
        }
        callback = database.add(
            callbacks, **row, presented_at=promised, promised_at=promised, due_at=due_at, first_due_at=due_at
        )
        said = {
            "kind": "callback",
            "said_text": "我们会在约定的时间给您回电话",
            "made_by": "server",
            "state": "open",
        }
        database.add(
            promises, **said, call_id=row["call_id"], callback_id=callback, made_at=promised, due_at=due_at
        )
    missed = call("+8613611112222", 25)
    database.add(
        ring_backs, call_id=missed, number="+8613611112222", reason="abandoned", listed_at=now, done=False
    )
    mine = call("+861082193701", 90)
    record = {"call_id": mine, "number": "+861082193701", "company": "北京京北商贸有限公司", "company_id": 1}
    opened = {"symptom": "读卡器红灯常亮，不能开票", "fields": "{}", "open_records": "[]", "state": "open"}
    kept = database.add(records, **record, **opened, owner="zhaomin", opened_at=now - timedelta(minutes=90))
    said = {
        "kind": "answer",
        "said_text": "等我们有了确切结果后会尽快和您联系",
        "made_by": "zhaomin",
        "owner": "zhaomin",
    }
    database.add(
        promises,
        **said,
        call_id=mine,
        record_id=kept,
        state="open",
        made_at=now,
        due_at=now + timedelta(hours=2),
    )


def _one_call(desk: Desk, phone: AgentPhone, language: str, number: str) -> None:
    """Ringing, talking, wrapping up; then what is left to call."""
    hotline, before = desk.hotline, len(phone.call_ids())
    page = desk.page("zhaomin", language=language)
    page.set_default_timeout(PATIENCE_MS)
    page.goto("/desk")
    hotline.set_agent("zhaomin", "available")
    page.wait_for_timeout(1500)
    with hotline.caller(number) as caller:
        phone.wait_for("received", "INVITE", call=before, seconds=20)
        page.wait_for_timeout(2500)
        _take(page, f"ringing-{language}")
        phone.answer()
        hotline.wait(lambda: hotline.agent("zhaomin")["state"] == "talking", 20)
        page.wait_for_timeout(2500)
        symptom = page.locator("#record textarea").first
        if symptom.count():
            symptom.fill("开票时读卡器红灯常亮，重启后仍然如此")
        page.wait_for_timeout(2500)
        _take(page, f"talking-{language}")
        caller.hang_up()
        hotline.wait(lambda: hotline.agent("zhaomin")["state"] == "wrap_up", 20)
    page.wait_for_timeout(2500)
    _take(page, f"wrap-up-{language}")
    page.goto("/desk/callbacks")
    page.wait_for_timeout(2500)
    _take(page, f"callbacks-{language}")
    hotline.set_agent("zhaomin", "away")
    close(page)


def _board(desk: Desk, language: str) -> None:
    page = desk.page("manager", language=language)
    page.set_default_timeout(PATIENCE_MS)
    page.set_viewport_size(WALL)  # type: ignore[arg-type] # a dict of two numbers is what it takes
    page.goto("/board")
    page.locator(".tile").first.wait_for()
    page.wait_for_timeout(2500)
    _take(page, f"board-{language}")
    close(page)


def _take(page: Page, name: str) -> None:
    """As a small picture: pages are flat colours, and need few of them."""
    path = PICTURES / f"{name}.png"
    page.screenshot(path=path)
    with Image.open(path) as taken:
        small = taken.convert("RGB").quantize(COLOURS)
    small.save(path, optimize=True)
    size = path.stat().st_size
    assert size < LARGEST_BYTES, f"{path}: {size} bytes"
    sys.stdout.write(f"{path.relative_to(ROOT)} {size // 1000} kB\n")


if __name__ == "__main__":
    main()
