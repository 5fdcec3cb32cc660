"""Every webhook of every story comes again: three at a time, after later ones, to a server that knows none of it, and
all of them from the last to the first. The same is heard and stored, and nobody is promised a second call.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ivr.adapters.sql_callback_schema import callback_events, callbacks, promises, ratings
from ivr.adapters.sql_schema import agents, calls, events, outbox, ring_backs
from tests.fakes.twilio_wire import Delivery
from tests.scenarios.stages import Stage, twilio_stage, ways
from tests.scenarios.stories import Story
from tests.scenarios.test_both_doors import ALL

TABLES = (calls, agents, callbacks, callback_events, promises, ring_backs, ratings, outbox)


def rows(stage: Stage, *more: sa.Table) -> dict[str, list[dict[str, Any]]]:
    """Everything stored, but for the key of the webhook handled last, and what a callback's log says meant nothing."""
    stored = {table.name: stage.house.rows(table) for table in (*TABLES, *more)}
    told = stored["callback_events"]
    stored["callback_events"] = [
        {name: row[name] for name in row if name != "id"} for row in told if row["commands"] is not None
    ]
    for call in stored["calls"]:
        del call["last_key"]
    return stored


@pytest.mark.parametrize("story", ALL, ids=str)
def test_though_a_server_that_knows_nothing_of_it_is_asked_again_each_time_a_caller_is(
    story: Story, tmp_path: Path
) -> None:
    with twilio_stage(tmp_path, story.rules, **ways(story), delivery=Delivery.RESTARTED) as stage:
        stage.tell(story)
        stage.check(story)


@pytest.mark.parametrize("story", ALL, ids=str)
def test_however_often_and_late_webhooks_come_nothing_else_happens_and_a_caller_is(
    story: Story, tmp_path: Path
) -> None:
    with twilio_stage(tmp_path, story.rules, **ways(story), delivery=Delivery.CROWDED) as stage:
        stage.tell(story)
        stage.check(story)
        wire = stage.wire
        assert wire is not None
        before = rows(stage, events)
        for request in reversed(wire.sent):
            wire.send(*request)
        with ThreadPoolExecutor(4) as together:
            list(together.map(lambda request: wire.send(*request), wire.sent))
        assert rows(stage, events) == before
        for request in reversed(wire.sent):
            assert wire.send(*request, port=wire.second_port).status == 200
        del before["events"]  # what a server that remembers nothing is told late may be noted
        assert rows(stage) == before
