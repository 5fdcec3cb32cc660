"""The doorbell over Redis and RQ: a topic becomes the dotted name of a job function with an id, nothing else.

The default client repeats a command whose reply was lost and waits ten times; ours tries once, briefly.
"""

from datetime import datetime

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue, Worker
from rq.serializers import JSONSerializer

from ivr.service.callback_book import LOG_CALLBACK
from ivr.service.record_ports import OPEN_RECORD, DoorbellUnavailableError

RECORDS = "records"  # one queue a worker process: with two, a kill between pop and registry loses the job
_FUNCTIONS = {
    OPEN_RECORD: (RECORDS, "ivr.jobs.open_record"),
    LOG_CALLBACK: (RECORDS, "ivr.jobs.log_callback"),
}


def redis_client(url: str) -> redis.Redis:
    """One try, a quarter of a second; connects at the first command."""
    return redis.Redis.from_url(
        url, retry=Retry(NoBackoff(), 0), socket_timeout=0.25, socket_connect_timeout=0.25
    )


class RqDoorbell:
    """Doorbell over RQ's queues; a job still waiting in its queue is not put there twice."""

    def __init__(self, redis_url: str) -> None:
        self._redis = redis_client(redis_url)

    @property
    def topics(self) -> frozenset[str]:
        return frozenset(_FUNCTIONS)

    def ring(self, topic: str, ref: int) -> None:
        name, function = _FUNCTIONS[topic]
        queue = Queue(name, connection=self._redis, serializer=JSONSerializer)
        job_id = f"{topic}-{ref}"
        try:
            # Without this a day without workers would grow the queue by a job per row every few seconds.
            if self._redis.lpos(queue.key, job_id) is None:
                queue.enqueue_call(
                    function, args=(ref,), job_id=job_id, timeout=30, result_ttl=60, failure_ttl=3600
                )
        except redis.RedisError as error:
            raise DoorbellUnavailableError(type(error).__name__) from error


def newest_heartbeat(client: redis.Redis, queue_name: str = RECORDS) -> datetime | None:
    """When a worker of that queue was last heard of (aware UTC). Raises redis.RedisError."""
    queue = Queue(queue_name, connection=client, serializer=JSONSerializer)
    seen = [worker.last_heartbeat for worker in Worker.all(queue=queue) if worker.last_heartbeat]
    return max(seen, default=None)
