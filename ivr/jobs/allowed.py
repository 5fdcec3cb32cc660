"""The only jobs a worker runs. Redis may name any function, callback or webhook: none of it is believed.

Give it to the worker: `rq worker --job-class ivr.jobs.allowed.AllowedJob --worker-ttl 60 records`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from rq.job import Job
from rq.serializers import JSONSerializer

from ivr import jobs

ALLOWED: Mapping[str, Callable[[int], None]] = {
    "ivr.jobs.open_record": jobs.open_record,
    "ivr.jobs.log_callback": jobs.log_callback,
}


class JobRefusedError(Exception):
    """Not one of our jobs, or not with one whole number."""


class AllowedJob(Job):
    """Looks the function up instead of importing what it is told, and never unpickles."""

    def __init__(self, id: str | None = None, connection: Any = None, serializer: Any = None) -> None:  # noqa: A002, ARG002  RQ's own signature
        super().__init__(id, connection, JSONSerializer)

    @property
    def func(self) -> Callable[[int], None]:
        """Raises JobRefusedError."""
        function = ALLOWED.get(str(self.func_name))
        if function is None or [type(arg) for arg in self.args] != [int] or self.kwargs:
            raise JobRefusedError(str(self.func_name)[:80])
        return function

    def restore(self, raw_data: Any) -> None:
        """Without the callbacks and webhooks that whoever writes to Redis could have added."""
        super().restore(raw_data)
        self.webhooks = []
        self._success_callback_name = self._failure_callback_name = self._stopped_callback_name = None
