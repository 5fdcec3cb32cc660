"""What is still to do, in order, and never what is done."""

from datetime import timedelta

from ivr.adapters.sql_outbox import SqlOutbox
from ivr.adapters.sql_schema import outbox
from tests.adapters.rows import NINE, Database

TOPICS = {"open_record"}


def test_the_never_rung_come_first_then_the_longest_unheard_and_done_ones_never(database: Database) -> None:
    for ref, rung_seconds, done in ((1, 9, False), (2, 8, False), (3, None, False), (4, None, True)):
        rung_at = None if rung_seconds is None else NINE - timedelta(seconds=rung_seconds)
        done_at = NINE if done else None
        database.add(outbox, topic="open_record", ref=ref, created_at=NINE, rung_at=rung_at, done_at=done_at)
    rows = SqlOutbox(database.url).pending(TOPICS, NINE - timedelta(seconds=5), 10)
    assert [row.ref for row in rows] == [3, 1, 2]


def test_a_row_just_rung_is_left_alone_until_its_time_comes_again(database: Database) -> None:
    database.add_call()
    box = SqlOutbox(database.url)
    (row,) = box.pending(TOPICS, NINE, 10)
    box.mark_rung([row.id], NINE)
    assert box.pending(TOPICS, NINE - timedelta(milliseconds=1), 10) == []
    assert box.pending(TOPICS, NINE, 10) == [row]


def test_a_turn_has_a_limit_and_foreign_topics_wait_for_their_own_version(database: Database) -> None:
    database.add(outbox, topic="from_tomorrow", ref=1, created_at=NINE)
    for _ in range(3):
        database.add_call()
    assert len(SqlOutbox(database.url).pending(TOPICS, NINE, 2)) == 2
    assert len(SqlOutbox(database.url).pending(TOPICS, NINE, 10)) == 3
