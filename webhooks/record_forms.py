"""What the pages of records send, read: days, moments, numbers of rows. What makes no sense is refused by its field."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from ivr.policy.record_answers import AnswerError, read_date

NO_ANSWERS = frozenset({"csrf_token", "version", "take_over", "tab"})


def answers_in(form: Mapping[str, str]) -> dict[str, str]:
    """What was typed into the record, without what the page adds."""
    return {name: value for name, value in form.items() if name not in NO_ANSWERS}


def whole(form: Mapping[str, str], name: str) -> int:
    """A number of a row or a version. Raises AnswerError."""
    text = form.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise AnswerError(name, f"must be a whole number, not {text!r}")
    return int(text)


def day(form: Mapping[str, str], name: str) -> date | None:
    """None where none was given. Raises AnswerError."""
    text = form.get(name, "").strip()
    found = read_date(text)
    if text and found is None:
        raise AnswerError(name, f"must be a day as 2026-03-02, not {text!r}")
    return found


def moment(form: Mapping[str, str], name: str, zone: str) -> datetime | None:
    """A moment on the hotline's own clock, or with its own offset; aware UTC. Raises AnswerError."""
    text = form.get(name, "").strip()
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        local = found if found.tzinfo is not None else found.replace(tzinfo=ZoneInfo(zone))
        return local.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise AnswerError(name, f"must be a moment as 2026-03-02T09:30, not {text!r}") from error
