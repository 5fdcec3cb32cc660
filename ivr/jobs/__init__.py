"""What a worker runs: a doorbell's id becomes one call of a service, everything made anew after the fork."""

from ivr.bootstrap import records_service


def open_record(call_id: int) -> None:
    """The record of that call, if it is not there yet (R71)."""
    records_service().open_for_call(call_id)


def log_callback(callback_id: int) -> None:
    """A promised callback is logged: its record opened, with what is known of the customer."""
    records_service().log_callback(callback_id)
