"""What a worker runs: a doorbell's id becomes one call of a service, everything made anew after the fork."""

from ivr.bootstrap import records_service


def open_record(call_id: int) -> None:
    """The record of that call, if it is not there yet (R71)."""
    records_service().open_for_call(call_id)
