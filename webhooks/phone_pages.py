"""The page as a telephone: claimed, claimed anew, given back; whom to ask; and recorded talks, played in parts.

What is answered here is JSON for phone_strip.js, and the sound of a recording.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, jsonify, render_template, request, send_file
from markupsafe import Markup

from config.policy import load_rules
from config.settings import Settings
from ivr.policy.roles import ON_THE_FLOOR, Role
from ivr.service.desk_phone_ports import SwitchUnavailable
from ivr.service.desk_phones import DeskPhones, PageAccount, PhoneElsewhere
from ivr.service.recordings import NoRecording, NotEntitled, RecordingRemoved, Recordings
from webhooks.access import allowed, current, idle, someone
from webhooks.headers import phone_socket

ELSEWHERE = 409
NO_SWITCH = 503
Answer = Response | tuple[Response, int]


def phone_blueprint(
    phones: DeskPhones, recordings: Recordings, settings: Settings, *, twilio: bool = False
) -> Blueprint:
    """Pages of agents and managers; each sees his own phone and the recordings he may hear.

    `twilio`: whoever was given a client there can have it in his page.
    """
    pages = Blueprint("phone", __name__)
    _add_strip(pages, phones, settings, twilio=twilio)
    _add_choice(pages, phones)
    _add_recordings(pages, recordings, settings)
    return pages


def _add_strip(pages: Blueprint, phones: DeskPhones, settings: Settings, *, twilio: bool) -> None:
    @pages.app_context_processor
    def strip() -> dict[str, object]:
        """The phone's strip stands on every page: whoever turns a page in the middle of a talk talks on."""

        def phone_strip() -> str:
            me = someone()
            if me is None or me.role not in ON_THE_FLOOR:
                return ""
            account, socket = phones.held(me.login), phone_socket(settings, request.host)
            client = twilio and phones.has_client(me.login)
            drawn = render_template("phone_strip.html", account=account, socket=socket, twilio=client)
            return Markup(drawn)  # noqa: S704 # escaped there

        return {"phone_strip": phone_strip}

    @pages.get("/desk/phone/colleagues")
    @allowed(*ON_THE_FLOOR)
    def colleagues() -> Answer:
        """Whom he may ask: everybody on duty but himself."""
        me = current().login
        return jsonify([dict(one) for one in phones.on_duty() if one["login"] != me])


def _add_choice(pages: Blueprint, phones: DeskPhones) -> None:
    @pages.post("/desk/phone/claim")
    @allowed(*ON_THE_FLOOR)
    def claim() -> Answer:
        """This page is his phone from now on."""
        me = current()
        try:
            return _account(phones.claim(me.login, me.name))
        except SwitchUnavailable:
            return jsonify(error="switch"), NO_SWITCH

    @pages.post("/desk/phone/renew")
    @allowed(*ON_THE_FLOOR)
    @idle
    def renew() -> Answer:
        """The page that is his phone was loaded again, or the switch began anew."""
        me = current()
        try:
            return _account(phones.renew(me.login, me.name, request.form.get("held", "")))
        except PhoneElsewhere:
            return jsonify(error="elsewhere"), ELSEWHERE
        except SwitchUnavailable:
            return jsonify(error="switch"), NO_SWITCH

    @pages.post("/desk/phone/give-back")
    @allowed(*ON_THE_FLOOR)
    def give_back() -> Answer:
        """His desk phone or mobile rings again."""
        phones.give_back(current().login)
        return jsonify()


def _add_recordings(pages: Blueprint, recordings: Recordings, settings: Settings) -> None:
    @pages.get("/recordings/<int:recording_id>")
    @allowed(Role.AGENT, Role.MANAGER)
    def recording(recording_id: int) -> Response:
        """The sound, whole or a part of it (Range); each playing is in the audit log."""
        me = current()
        try:
            heard = recordings.play(recording_id, me.login, me.role, goes_on=_goes_on())
        except (NoRecording, NotEntitled):  # who may not hear it is not told that there is one
            abort(404)
        except RecordingRemoved:
            abort(410)
        response = send_file(heard.path, mimetype="audio/wav", conditional=True, max_age=0)
        response.headers["Cache-Control"] = "private, no-store"
        return response

    @pages.get("/records/<int:record_id>/recordings")
    @allowed(Role.AGENT, Role.MANAGER)
    def of_record(record_id: int) -> str:
        """A fragment: what of a record's talks he may hear."""
        me = current()
        found = recordings.of_record(record_id, me.login, me.role)
        return render_template("recordings.html", recordings=found, local=local)

    def local(moment: datetime) -> str:
        return moment.astimezone(ZoneInfo(load_rules(settings).timezone)).strftime("%Y-%m-%d %H:%M")


def _account(account: PageAccount) -> Response:
    return jsonify(name=account.name, secret=account.secret)


def _goes_on() -> bool:
    """Whether a player asks for a part that is not the beginning."""
    asked = request.range
    return asked is not None and bool(asked.ranges) and asked.ranges[0][0] != 0
