"""What the switch is told of a page's account, by a small server in the place of its ARI."""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from ivr.adapters.asterisk_desk_phones import AsteriskDeskPhones
from ivr.service.desk_phone_ports import SwitchUnavailable

SECRET = "sesame"
ACCOUNT = "pg-0a1b2c3d"


class Ari(ThreadingHTTPServer):
    """Keeps what it is given; `says` is its answer to everybody who knows the password."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects: dict[str, dict[str, str]] = {}
        self.order: list[str] = []
        self.says = 200


class _Handler(BaseHTTPRequestHandler):
    server: Ari

    def do_PUT(self) -> None:
        body: Any = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self._known():
            kind = self.path.split("/")[-2]
            self.server.order.append(kind)
            self.server.objects[kind] = {field["attribute"]: field["value"] for field in body["fields"]}
        self._answer()

    def do_DELETE(self) -> None:
        if self._known():
            self.server.objects.pop(self.path.split("/")[-2], None)
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # its own name for it
        pass

    def _known(self) -> bool:
        token = base64.b64encode(f"hotline:{SECRET}".encode()).decode()
        return self.headers["Authorization"] == f"Basic {token}"

    def _answer(self) -> None:
        self.send_response(self.server.says if self._known() else 401)
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture
def ari() -> Iterator[Ari]:
    server = Ari()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def phones(ari: Ari) -> AsteriskDeskPhones:
    return AsteriskDeskPhones(ari.server_port, SECRET)


def test_the_endpoint_comes_last_so_that_it_never_lacks_its_secret(
    ari: Ari, phones: AsteriskDeskPhones
) -> None:
    phones.make(ACCOUNT, "once", "赵敏")
    assert ari.order == ["auth", "aor", "endpoint"]
    assert ari.objects["auth"] == {"auth_type": "userpass", "username": ACCOUNT, "password": "once"}
    assert (ari.objects["endpoint"]["auth"], ari.objects["endpoint"]["aors"]) == (ACCOUNT, ACCOUNT)


def test_a_page_may_dial_colleagues_alone_and_transfers_nobody_R74(
    ari: Ari, phones: AsteriskDeskPhones
) -> None:
    phones.make(ACCOUNT, "once", "Zhao")
    assert ari.objects["endpoint"]["context"] == "hl-desk"
    assert ari.objects["endpoint"]["allow_transfer"] == "no"


def test_a_name_cannot_say_more_than_a_name(ari: Ari, phones: AsteriskDeskPhones) -> None:
    phones.make(ACCOUNT, "once", 'Zhao" <911>\r\ncontext=hotline')
    assert ari.objects["endpoint"]["callerid"] == f'"Zhao 911contexthotline" <{ACCOUNT}>'


def test_what_is_forgotten_already_is_forgotten(ari: Ari, phones: AsteriskDeskPhones) -> None:
    ari.says = 404
    phones.forget(ACCOUNT)


@pytest.mark.parametrize("says", [400, 500])
def test_a_switch_that_refuses_is_heard_of(ari: Ari, phones: AsteriskDeskPhones, says: int) -> None:
    ari.says = says
    with pytest.raises(SwitchUnavailable):
        phones.make(ACCOUNT, "once", "Zhao")
    with pytest.raises(SwitchUnavailable):
        AsteriskDeskPhones(ari.server_port, "wrong").forget(ACCOUNT)


def test_a_switch_that_is_away_is_heard_of() -> None:
    with pytest.raises(SwitchUnavailable):
        AsteriskDeskPhones(9, SECRET).make(ACCOUNT, "once", "Zhao")
