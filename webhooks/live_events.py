"""/events: what happened, as it happens, to whom it concerns; and the same as one answer for who has no stream.

A stream begins with a snapshot and what its page has missed since `after`. It ends with the session, with the role it
was opened in, or when the log cannot be read: then the page asks every few seconds instead.
"""

import json
import queue
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from flask import Blueprint, Response, abort, current_app, jsonify, request, session
from flask_login import user_logged_out

from ivr.policy.roles import Role
from ivr.service.desk_state import Snapshot
from ivr.service.live_desk import LiveDesk, counters_of
from ivr.service.live_feed import Aside, Ended, FeedFull, Listener, parse_stamp, stamp_text
from ivr.service.live_ports import LiveLogUnavailable, Stamp, StampedNews
from ivr.service.ports import Clock
from webhooks.access import allowed, current, idle
from webhooks.moments import milliseconds
from webhooks.sessions import ServerSession, SqlSessions, hashed

HEARTBEAT_SECONDS = 5.0
ASK_FOR_SESSION_EVERY = 2  # heartbeats
RETRY_AFTER_SECONDS = 3


def live_blueprint(live: LiveDesk, clock: Clock, heartbeat_seconds: float = HEARTBEAT_SECONDS) -> Blueprint:
    """Streams and their stand-in. The process that serves starts `app.extensions["live"]`."""
    blueprint = Blueprint("live", __name__)

    @blueprint.get("/events")
    @allowed(*Role)
    @idle
    def events() -> Response:
        """Server-sent events; 503 where there is no stream to be had."""
        return _open(live, clock, heartbeat_seconds)

    @blueprint.get("/desk/state.json")
    @allowed(*Role)
    @idle
    def state() -> Response:
        """How everything stands."""
        snapshot = live.asked(current().login)
        if snapshot is None:
            abort(401)
        return jsonify(_snapshot_data(snapshot, heartbeat_seconds))

    blueprint.record_once(lambda setup: _join_the_app(setup.app, live))
    return blueprint


def _open(live: LiveDesk, clock: Clock, heartbeat_seconds: float) -> Response:
    me, token = current(), _token()
    try:
        listener, place, snapshot = live.open(me.login, me.role, token)
    except FeedFull:
        return _no_stream("full")
    except LiveLogUnavailable:
        return _no_stream("down")
    if snapshot is None:
        live.close(listener)
        abort(401)
    stream = PageStream(
        live=live,
        listener=listener,
        place=place,
        snapshot=snapshot,
        after=parse_stamp(request.args.get("after") or request.headers.get("Last-Event-ID") or ""),
        heartbeat_seconds=heartbeat_seconds,
        clock=clock,
        is_open=_asks_for(token, me.role),
    )
    response = Response(stream.lines(), mimetype="text/event-stream")
    response.headers["X-Accel-Buffering"] = "no"
    response.call_on_close(lambda: live.close(listener))  # also where not one line of it was ever sent
    return response


def _join_the_app(app: Any, live: LiveDesk) -> None:
    """Whoever serves it finds the keeper there; and a sign-out ends the streams of its session."""
    app.extensions["live"] = live

    def signed_out(_app: Any, user: Any, **_more: object) -> None:
        live.signed_out(user.id, _token())

    user_logged_out.connect(signed_out, app, weak=False)


def _token() -> str:
    """The session of this request, as it is stored."""
    return hashed(cast(ServerSession, session).token or "")


def _asks_for(token: str, role: Role) -> Callable[[], bool]:
    sessions = cast(SqlSessions, current_app.session_interface)
    return lambda: sessions.is_open(token, role)


def _no_stream(why: str) -> Response:
    response = jsonify(error=why)
    response.status_code = 503
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


@dataclass(frozen=True, kw_only=True)
class PageStream:
    """One page's stream; `place` is where the log ended before the snapshot was taken."""

    live: LiveDesk
    listener: Listener
    place: Stamp
    snapshot: Snapshot
    after: Stamp | None
    heartbeat_seconds: float
    clock: Clock
    is_open: Callable[[], bool]

    def lines(self) -> Iterator[str]:
        """Until the client is gone or there is nothing more to hear."""
        try:
            yield "retry: 1000\n\n"
            yield from self._beginning()
            yield from self._news()
        except LiveLogUnavailable:
            yield _event("end", {"why": Ended.DOWN.value})
        finally:
            self.live.close(self.listener)

    def _beginning(self) -> Iterator[str]:
        """The snapshot first; its place is the page's own until it has heard what it has missed."""
        data = _snapshot_data(self.snapshot, self.heartbeat_seconds)
        missed = None
        if self.after is not None:
            missed = self.live.feed.missed(self.after, self.place, self.listener)
            if missed is None:
                yield _event("reset", {})
        if self.after is None or missed is None:
            yield _event("snapshot", data, self.place)
            return
        yield _event("snapshot", data, self.after)
        for each in missed:
            yield _told(each)

    def _news(self) -> Iterator[str]:
        heard, beats = self.place, 0
        beat_at = time.monotonic() + self.heartbeat_seconds
        while True:
            try:
                item = self.listener.inbox.get(timeout=max(beat_at - time.monotonic(), 0))
            except queue.Empty:
                beat_at, beats = time.monotonic() + self.heartbeat_seconds, beats + 1
                if beats % ASK_FOR_SESSION_EVERY == 0 and not self.is_open():
                    yield _event("end", {"why": Ended.SIGNED_OUT.value})
                    return
                heard = max(heard, self.live.feed.settled(self.listener) or heard)
                yield _event("ping", {"now": milliseconds(self.clock.now())}, heard)
                continue
            match item:
                case Ended():
                    yield _event("end", {"why": item.value})
                    return
                case Aside(kind=kind, data=data):
                    yield _event(kind, data)
                case StampedNews() if item.stamp > heard:
                    heard = item.stamp
                    yield _told(item)
                case StampedNews():
                    pass  # told before he joined: the snapshot, or what he missed, has it


def _told(each: StampedNews) -> str:
    news = each.news
    data = {"id": stamp_text(each.stamp), "call_id": news.call_id, "callback_id": news.callback_id}
    return _event(news.kind, data, each.stamp)


def _event(kind: str, data: Mapping[str, object], place: Stamp | None = None) -> str:
    """One event; https://html.spec.whatwg.org/multipage/server-sent-events.html."""
    place_line = "" if place is None else f"id: {stamp_text(place)}\n"
    return f"{place_line}event: {kind}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n"


def _snapshot_data(snapshot: Snapshot, heartbeat_seconds: float) -> dict[str, object]:
    """Moments in milliseconds since 1970."""
    own = snapshot.own
    return {
        "now": milliseconds(snapshot.at),
        "heartbeat_ms": round(heartbeat_seconds * 1000),
        "versions": snapshot.versions,
        "counters": counters_of(snapshot.counters),
        "own": {
            "login": own.login,
            "state": own.state.value,
            "reason": own.reason,
            "since": milliseconds(own.since),
            "until": milliseconds(own.until),
            "call_id": own.call_id,
            "callback_id": own.callback_id,
            "knock_call_id": own.knock_call_id,
        },
    }
