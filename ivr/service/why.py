"""`hotline why`: the story of one call, read as it was stored and replayed through the policy.

The book's texts become the policy's values here; what they mean is told by ivr.policy.explain.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from ivr.policy import explain
from ivr.policy.call import Call
from ivr.policy.explain_callback import CallbackTold, NotedCallback, PromiseFate, callback_told
from ivr.policy.explain_words import Clause, Names, sentence
from ivr.policy.replay import Noted, Told, replay, seconds_between
from ivr.policy.rules import Rules
from ivr.service import callback_codec, codec
from ivr.service.reports import iso


class UnknownCallError(LookupError):
    """No such call in the book."""

    def __init__(self, call_id: int) -> None:
        self.call_id = call_id
        super().__init__(f"there is no call {call_id}: `hotline calls` lists them")


class UnreadableStoryError(Exception):
    """What was stored of this call cannot be read by this version."""

    def __init__(self, call_id: int, reason: Exception) -> None:
        self.call_id = call_id
        super().__init__(f"the story of call {call_id} was written by another version: {reason}")


@dataclass(frozen=True, kw_only=True)
class StoredEvent:
    """A row of the events: JSON texts; `floor` and `rules` are None where the event was refused."""

    body: str
    floor: str | None
    rules: str | None
    commands: str


@dataclass(frozen=True, kw_only=True)
class StoredCallbackEvent:
    """A row of a callback's log; `commands` is None where the event meant nothing."""

    at: datetime
    kind: str
    body: str
    commands: str | None


@dataclass(frozen=True, kw_only=True)
class StoredCallback:
    """The callback promised in a call, with what became of the promise; `spoke_at` are the switch's stamps."""

    callback_id: int
    due_at: datetime
    broken_at: datetime | None
    kept_at: datetime | None
    events: tuple[StoredCallbackEvent, ...]
    spoke_at: tuple[datetime, ...]


@dataclass(frozen=True, kw_only=True)
class StoredStory:
    """A call with its events in the order they were decided.

    `state` is the policy's Call as JSON. `earlier` holds, for each caller presented before this one and still
    waiting at that moment, when his wait was over (None: not yet). `names` gives agents' names by login.
    """

    call_id: int
    state: str
    caller: str | None
    hotline: str
    events: tuple[StoredEvent, ...]
    earlier: tuple[datetime | None, ...]
    names: Mapping[str, str]
    callback: StoredCallback | None = None


class StoryBook(Protocol):
    """Reads one call's story. Raises DatabaseUnavailableError."""

    def story(self, call_id: int) -> StoredStory | None: ...


class Why:
    """Tells calls; `rules` stand in where an event has none stored, `prompts` are the words of each key."""

    def __init__(self, book: StoryBook, rules: Rules, prompts: Mapping[str, str]) -> None:
        self._book = book
        self._rules = rules
        self._prompts = prompts

    def rows(self, call_id: int, language: str) -> list[dict[str, Any]]:
        """Each decision as the public contract has it. Raises UnknownCallError, UnreadableStoryError."""
        story = self._story(call_id)
        decided = [self._row(told, language, story) for told in self._told(story)]
        return [*decided, *(self._callback_row(told, language, story) for told in self._callback(story))]

    def lines(self, call_id: int, language: str) -> list[str]:
        """The same to read: whose call, then a line a decision. Raises as `rows` does."""
        story = self._story(call_id)
        told = self._told(story)
        lines = [self._heading(story), *(self._line(step, language, story) for step in told)]
        return [*lines, *(self._callback_line(each, language, story) for each in self._callback(story))]

    def _story(self, call_id: int) -> StoredStory:
        story = self._book.story(call_id)
        if story is None:
            raise UnknownCallError(call_id)
        return story

    def _told(self, story: StoredStory) -> tuple[Told, ...]:
        try:
            return replay(_presented(story), self._noted(story))
        except (ValueError, TypeError, KeyError, ExceptionGroup) as error:  # as the JSON and its codec refuse
            raise UnreadableStoryError(story.call_id, error) from error

    def _noted(self, story: StoredStory) -> list[Noted]:
        rules, noted = self._rules, []
        for stored in story.events:
            rules = rules if stored.rules is None else codec.rules_from_json(stored.rules)
            event = codec.event_from_json(stored.body)
            noted.append(
                Noted(
                    event=event,
                    floor=None if stored.floor is None else codec.floor_from_json(stored.floor),
                    rules=rules,
                    commands=codec.commands_from_json(stored.commands),
                    ahead=sum(over_at is None or over_at > event.at for over_at in story.earlier),
                )
            )
        return noted

    def _callback(self, story: StoredStory) -> tuple[CallbackTold, ...]:
        stored = story.callback
        if stored is None:
            return ()
        promise = PromiseFate(due_at=stored.due_at, broken_at=stored.broken_at, kept_at=stored.kept_at)
        try:
            noted = [_noted_callback(event) for event in stored.events]
        except (ValueError, TypeError, KeyError, ExceptionGroup) as error:
            raise UnreadableStoryError(story.call_id, error) from error
        return callback_told(noted, stored.spoke_at, promise, self._clocked)

    def _clocked(self, moment: datetime) -> str:
        return f"{self._rules.hours.local(moment):%m-%d %H:%M}"

    def _callback_row(self, told: CallbackTold, language: str, story: StoredStory) -> dict[str, Any]:
        """With the same keys; a callback is in no phase of the call, and is not decided anew."""
        assert story.callback is not None
        return {
            "at": iso(told.at),
            "offset_seconds": seconds_between(_presented(story).presented_at, told.at),
            "event": told.name,
            "phase_before": None,
            "phase_after": None,
            "decision": self._callback_sentence(told, language, story),
            "numbers": {"callback": story.callback.callback_id, **told.numbers},
            "agrees": None,
        }

    def _callback_line(self, told: CallbackTold, language: str, story: StoredStory) -> str:
        offset = seconds_between(_presented(story).presented_at, told.at)
        return f"{offset:+9.2f} s  {self._callback_sentence(told, language, story)}"

    def _callback_sentence(self, told: CallbackTold, language: str, story: StoredStory) -> str:
        assert story.callback is not None
        its = Clause("callback", callback=story.callback.callback_id)
        names = Names(agents=story.names, prompts=self._prompts)
        return sentence(((its,),), language, names) + sentence((told.clauses,), language, names)

    def _row(self, told: Told, language: str, story: StoredStory) -> dict[str, Any]:
        return {
            "at": iso(told.noted.event.at),
            "offset_seconds": told.offset_seconds,
            "event": type(told.noted.event).__name__,
            "phase_before": told.before.phase.value,
            "phase_after": told.after.phase.value,
            "decision": self._sentence(told, language, story),
            "numbers": explain.numbers(told),
            "agrees": told.agrees,
        }

    def _line(self, told: Told, language: str, story: StoredStory) -> str:
        return f"{told.offset_seconds:+9.2f} s  {self._sentence(told, language, story)}"

    def _sentence(self, told: Told, language: str, story: StoredStory) -> str:
        return sentence(explain.parts(told), language, Names(agents=story.names, prompts=self._prompts))

    def _heading(self, story: StoredStory) -> str:
        local = _presented(story).presented_at.astimezone(ZoneInfo(self._rules.timezone))
        moment = local.isoformat(sep=" ", timespec="milliseconds")
        return f"#{story.call_id}  {moment}  {story.caller or '–'} → {story.hotline or '–'}"


def _noted_callback(stored: StoredCallbackEvent) -> NotedCallback:
    event = callback_codec.event_from_json(stored.body, stored.kind, stored.at)
    commands = None if stored.commands is None else callback_codec.commands_from_json(stored.commands)
    return NotedCallback(event=event, commands=commands)


def _presented(story: StoredStory) -> Call:
    """The call as it was before its first event."""
    call = codec.call_from_json(story.state)
    return Call(call_id=call.call_id, presented_at=call.presented_at, number=call.number, door=call.door)
