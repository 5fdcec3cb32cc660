"""Through a real Redis and a real worker: whatever is lost or doubled on the way, one record a call (R71)."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from rq import Queue, SimpleWorker, Worker
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import BaseWorker

from ivr import jobs
from ivr.adapters.rq_jobs import RqDoorbell, newest_heartbeat
from ivr.adapters.sql_callback_schema import callbacks
from ivr.adapters.sql_outbox import SqlOutbox
from ivr.adapters.sql_records import SqlRecords
from ivr.adapters.sql_schema import outbox, records
from ivr.jobs.allowed import AllowedJob
from ivr.service.record_ports import OPEN_RECORD, Doorbell, DoorbellUnavailableError
from ivr.service.records import RecordService
from ivr.service.relay import Relay
from tests.adapters.rows import CALLER, NINE, Database, SetClock
from tests.adapters.small_redis import SmallRedis
from tests.fakes.fake_doorbell import FakeDoorbell


@pytest.fixture
def server() -> Iterator[SmallRedis]:
    server = SmallRedis()
    yield server
    server.close()


class Office:
    """Database, Redis, relay and, when asked, a worker."""

    def __init__(self, directory: Path, server: SmallRedis) -> None:
        self.database = Database(directory)
        self.server = server
        self.clock = SetClock()
        self.relay = Relay(
            SqlOutbox(self.database.url), RqDoorbell(server.url), self.clock, self.service().do
        )
        self.redis = server.client()

    def service(self) -> RecordService:
        return RecordService(SqlRecords(self.database.url), self.clock)

    def work(self, kind: type[BaseWorker] = SimpleWorker) -> None:
        """Until the queue is empty."""
        worker = kind(
            [self.queue],
            connection=self.redis,
            job_class=AllowedJob,
            serializer=JSONSerializer,
            worker_ttl=60,
        )
        worker.work(burst=True, logging_level="ERROR")

    @property
    def queue(self) -> Any:
        return Queue("records", connection=self.redis, job_class=AllowedJob, serializer=JSONSerializer)

    def ring_again(self) -> None:
        self.clock.pass_seconds(5)
        self.relay.turn()

    @property
    def recorded(self) -> list[int]:
        return [row["call_id"] for row in self.database.rows(records)]


@pytest.fixture
def office(tmp_path: Path, server: SmallRedis, monkeypatch: pytest.MonkeyPatch) -> Office:
    office = Office(tmp_path, server)
    monkeypatch.setattr(jobs, "records_service", office.service)
    return office


def test_a_call_leaves_a_record_through_relay_and_worker_r71(office: Office) -> None:
    call = office.database.add_call()
    office.relay.turn()
    office.work(Worker)  # forks, as in production
    assert office.recorded == [call]
    assert office.database.undone() == []


def test_a_promised_callback_is_logged_through_relay_and_worker_r70_r71(office: Office) -> None:
    moments = dict.fromkeys(("presented_at", "promised_at", "due_at", "first_due_at"), NINE)
    call = office.database.add_call()
    number = {"number": CALLER, "prefix": "+861380013", "state": "pending", "epoch": 0}
    callback = office.database.add(callbacks, call_id=call, **number, **moments)
    office.database.add(outbox, topic="callback", ref=callback, created_at=NINE)
    office.relay.turn()
    office.work()
    assert office.recorded == [call]
    assert office.database.rows(outbox)[-1]["done_at"] == office.clock.now()
    assert office.database.undone() == []


def test_rung_twice_and_worked_twice_there_is_one_record_r71(office: Office) -> None:
    call = office.database.add_call()
    for _ in range(2):
        RqDoorbell(office.server.url).ring(OPEN_RECORD, call)
        office.work()
    assert office.recorded == [call]


def test_redis_wiped_between_ring_and_work_loses_no_record_r71(office: Office) -> None:
    call = office.database.add_call()
    office.relay.turn()
    office.server.stop()
    office.server.start()
    office.work()
    assert office.recorded == []
    office.ring_again()
    office.work()
    assert office.recorded == [call]


def test_without_workers_calls_go_on_and_their_records_open_later_r71(office: Office) -> None:
    calls = [office.database.add_call() for _ in range(3)]
    office.relay.turn()
    for _ in range(10):
        office.ring_again()
    assert office.database.undone() == calls
    assert office.queue.job_ids == [
        f"open_record-{calls[0]}"
    ]  # one ring for all, and it does not grow by the hour
    office.work()
    assert office.recorded == calls


def test_a_worker_killed_with_a_job_in_hand_loses_no_record_r71(office: Office) -> None:
    call = office.database.add_call()
    office.relay.turn()
    assert office.redis.lpop(office.queue.key) is not None
    office.ring_again()
    office.work()
    assert office.recorded == [call]


def test_a_job_that_failed_is_rung_for_again_r71(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    call = office.database.add_call()
    office.relay.turn()
    monkeypatch.setattr(jobs, "records_service", lambda: 1 / 0)
    office.work()
    monkeypatch.setattr(jobs, "records_service", office.service)
    office.ring_again()
    office.work()
    assert office.recorded == [call]


@pytest.mark.parametrize("kind", ["real", "fake"])
def test_a_doorbell_takes_every_ring_until_it_is_gone_and_then_says_so(office: Office, kind: str) -> None:
    fake = FakeDoorbell()
    bell: Doorbell = fake if kind == "fake" else RqDoorbell(office.server.url)
    assert OPEN_RECORD in bell.topics
    for _ in range(2):
        bell.ring(OPEN_RECORD, 1)
    office.server.stop()
    fake.works_for = 0
    with pytest.raises(DoorbellUnavailableError):
        bell.ring(OPEN_RECORD, 1)


def test_only_an_id_travels_and_no_number(office: Office) -> None:
    call = office.database.add_call()
    office.relay.turn()
    job = Job.fetch(f"open_record-{call}", connection=office.redis, serializer=JSONSerializer)
    assert json.loads(job.data) == ["ivr.jobs.open_record", None, [call], {}]


@pytest.mark.parametrize(
    ("function", "args", "kwargs"),
    [
        ("os.system", ["touch {}"], {}),
        ("ivr.jobs.open_record", ["touch {}"], {}),
        ("ivr.jobs.open_record", [1], {"then": 2}),
        ("ivr.jobs.records_service", [], {}),
    ],
)
def test_whoever_can_write_to_redis_still_runs_nothing_of_his_own(
    office: Office, tmp_path: Path, function: str, args: list[Any], kwargs: dict[str, Any]
) -> None:
    touched = tmp_path / "touched"
    queue = Queue("records", connection=office.redis, serializer=JSONSerializer)
    filled = [arg.format(touched) if isinstance(arg, str) else arg for arg in args]
    job = queue.enqueue_call(function, args=tuple(filled), kwargs=kwargs)
    office.redis.hset(job.key, "failure_callback_name", "tests.adapters.test_rq_jobs.never_called")
    office.work()
    assert not touched.exists()
    assert office.recorded == []
    assert job.get_status() == "failed"


def never_called(*_args: object) -> None:
    """A callback somebody wrote into Redis."""
    raise SystemExit("the callback was called")


def test_a_redis_that_is_gone_is_told_within_half_a_second(office: Office) -> None:
    office.server.stop()
    began = time.monotonic()
    with pytest.raises(DoorbellUnavailableError):
        RqDoorbell(office.server.url).ring(OPEN_RECORD, 1)
    assert time.monotonic() - began < 0.5


def test_a_worker_is_heard_of_and_its_absence_is_too(office: Office) -> None:
    assert newest_heartbeat(office.redis) is None
    worker = SimpleWorker([office.queue], connection=office.redis, serializer=JSONSerializer, worker_ttl=60)
    worker.register_birth()  # type: ignore[no-untyped-call]  # RQ has no type for it
    assert newest_heartbeat(office.redis) is not None
    worker.register_death()  # type: ignore[no-untyped-call]  # nor for this
    office.server.stop()
    with pytest.raises(redis.RedisError):
        newest_heartbeat(office.redis)
