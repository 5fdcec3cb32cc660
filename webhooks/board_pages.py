"""/board: what the hotline is like at this moment, on a screen at the desk or on the wall.

A page and one fragment that is fetched anew every five seconds and whenever something happens. A display opens it
with a key instead of a session: it may look, and is shown no caller's number.
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from flask import Blueprint, Response, abort, make_response, render_template, request

from ivr.policy.floor import AgentState
from ivr.policy.roles import Role
from ivr.policy.rules import Rules
from ivr.service.board import Board, BoardPicture
from ivr.service.board_ports import FloorAgent
from ivr.service.kiosk_keys import KioskKeyError, KioskKeys
from ivr.service.ports import Clock
from webhooks import board_words as words
from webhooks.access import allowed, current, idle, or_with, someone
from webhooks.bar import REASONS, STATES
from webhooks.day_picture import day_picture
from webhooks.words import COOKIE, LANGUAGES, _

YEAR_SECONDS: Final = 365 * 24 * 3600
LOOKERS: Final = (Role.AGENT, Role.MANAGER, Role.ADMIN)
ORDER: Final = (
    AgentState.UNREACHABLE,
    AgentState.AVAILABLE,
    AgentState.RESERVED,
    AgentState.TALKING,
    AgentState.WRAP_UP,
    AgentState.AWAY,
    AgentState.OFFLINE,
)
"""Who needs somebody's eyes first."""


@dataclass(frozen=True, kw_only=True)
class BoardPages:
    """What these pages are made from."""

    board: Board
    keys: KioskKeys
    rules: Rules
    clock: Clock

    def fragment(self) -> str:
        """The board as it is now."""
        picture = self.board.picture()
        now = self.clock.now()
        figures = {each.metric.name: each for each in picture.figures}
        return render_template(
            "board_now.html",
            picture=picture,
            now=now,
            age=max((now - picture.at).total_seconds(), 0),
            longest=picture.longest_wait_seconds(now),
            tiles=[figures[name] for name in words.TILES if name in figures],
            day=day_picture(picture.quarters, self.rules),
            groups=_groups(picture),
            may_dig=someone() is not None,
            rules=self.rules,
            words=words,
            states=STATES,
            reasons=REASONS,
        )

    def tables(self) -> str:
        """The same in tables."""
        return render_template(
            "board_tables.html", picture=self.board.picture(), rules=self.rules, words=words
        )

    def page(self, made: str | None = None, fault: str | None = None) -> str:
        """Whole; `made` is a key just made, shown this once."""
        me = someone()
        manages = me is not None and me.role is Role.MANAGER
        return render_template(
            "board.html" if me else "board_kiosk.html",
            now=self.fragment(),
            source=request.full_path.replace("/board", "/board/now", 1).rstrip("?")
            if not me
            else "/board/now",
            keys=self.keys.all() if manages else (),
            manages=manages,
            made=made,
            fault=fault,
            clock=lambda moment: words.clock(moment, self.rules, "%m-%d %H:%M"),
        )


def board_blueprint(pages: BoardPages) -> Blueprint:
    """The board, its fragment, and the displays' keys."""
    blueprint = Blueprint("board", __name__)

    def shows_a_key() -> bool:
        key = request.args.get("key")
        if key is not None and not pages.keys.opens(key):
            said = _("这块屏幕的钥匙已被收回。")
            abort(make_response(render_template("error.html", said=said, code=403), 403))
        return key is not None

    @blueprint.get("/board")
    @or_with(shows_a_key)
    @allowed(*LOOKERS)
    def board() -> Response:
        wanted = request.args.get("language", "")
        if wanted not in LANGUAGES:
            return make_response(pages.page())
        # a display has no hand that could press the language's button: its address says it
        key = request.args.get("key")
        answer = Response(status=303, headers={"Location": f"/board?key={quote(key)}" if key else "/board"})
        answer.set_cookie(COOKIE, wanted, max_age=YEAR_SECONDS, samesite="Lax", httponly=True)
        return answer

    @blueprint.get("/board/now")
    @idle
    @or_with(shows_a_key)
    @allowed(*LOOKERS)
    def now() -> str:
        return pages.fragment()

    @blueprint.get("/board/tables")
    @allowed(*LOOKERS)
    def tables() -> str:
        return pages.tables()

    _add_keys(blueprint, pages)
    return blueprint


def _add_keys(blueprint: Blueprint, pages: BoardPages) -> None:
    @blueprint.post("/board/keys")
    @allowed(Role.MANAGER)
    def make_key() -> Response:
        try:
            key = pages.keys.make(request.form.get("name", ""), current().login)
        except KioskKeyError as error:
            told = _("名称：1 到 80 个字；最多 50 块屏幕。")
            return make_response(pages.page(fault=f"{told} ({error})"), 400)
        return make_response(pages.page(made=f"{request.host_url}board?key={key}"))

    @blueprint.post("/board/keys/<int:key_id>/revoke")
    @allowed(Role.MANAGER)
    def revoke(key_id: int) -> Response:
        if not pages.keys.revoke(key_id, current().login):
            abort(404)
        return Response(status=303, headers={"Location": "/board#keys"})


def _groups(picture: BoardPicture) -> list[tuple[AgentState, list[FloorAgent]]]:
    """By state, in each who has been in it longest first."""
    return [
        (state, sorted(those, key=lambda agent: (agent.since, agent.login)))
        for state in ORDER
        if (those := [agent for agent in picture.agents if agent.state is state])
    ]
