"""An Asterisk manager over real TCP: logins, Ping, Status, Redirect, Originate, Hangup, events; and it can misbehave.

Of a header that is repeated the values are joined by newlines.
"""

import contextlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

USERNAME, SECRET = "hotline", "s3cret"
BANNER = b"Asterisk Call Manager/11.0.0\r\n"

Block = list[tuple[str, str]]


@dataclass(eq=False)
class _Peer:
    sock: socket.socket
    wants_events: bool = False
    sending: threading.Lock = field(default_factory=threading.Lock)

    def say(self, block: Block) -> None:
        text = "".join(f"{name}: {value}\r\n" for name, value in block) + "\r\n"
        with self.sending, contextlib.suppress(OSError):
            self.sock.sendall(text.encode())


class FakeManagerServer:
    """`silent` names actions it never answers; `channels` maps a channel's name to (unique id, linked id)."""

    def __init__(self) -> None:
        self.banner, self.tells_fully_booted = BANNER, True
        self.uptime_seconds = 86400
        self.silent: set[str] = set()
        self.channels: dict[str, tuple[str, str]] = {}
        self.received: list[dict[str, str]] = []
        self.connections = 0
        self._peers: list[_Peer] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def say_event(self, name: str, **headers: str) -> None:
        for peer in list(self._peers):
            if peer.wants_events:
                peer.say([("Event", name), *headers.items()])

    def say_raw(self, data: bytes) -> None:
        for peer in list(self._peers):
            with contextlib.suppress(OSError):
                peer.sock.sendall(data)

    def drop_all(self) -> None:
        for peer in list(self._peers):
            with contextlib.suppress(OSError):
                peer.sock.shutdown(socket.SHUT_RDWR)

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop_all()

    def sent(self, action: str) -> list[dict[str, str]]:
        return [message for message in self.received if message.get("Action") == action]

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(_Peer(sock),), daemon=True).start()

    def _serve(self, peer: _Peer) -> None:
        with peer.sock, peer.sock.makefile("rb") as lines, contextlib.suppress(OSError):
            peer.sock.sendall(self.banner)
            self._peers.append(peer)
            message: dict[str, str] = {}
            for line in lines:
                name, colon, value = line.decode().rstrip("\r\n").partition(": ")
                if colon:
                    message[name] = f"{message[name]}\n{value}" if name in message else value
                elif message:
                    self.received.append(message)
                    self._answer(peer, message)
                    message = {}
        with contextlib.suppress(ValueError):
            self._peers.remove(peer)

    def _answer(self, peer: _Peer, message: dict[str, str]) -> None:
        if message["Action"] in self.silent:
            return
        answers: dict[str, Callable[[_Peer, dict[str, str]], list[Block]]] = {
            "Login": self._login,
            "Ping": self._ping,
            "Status": self._status,
            "Redirect": self._redirect,
            "Originate": self._originate,
            "Hangup": self._hangup,
        }
        answer = answers.get(message["Action"], self._deny)
        action_id = [("ActionID", message["ActionID"])] if "ActionID" in message else []
        for block in answer(peer, message):
            peer.say([block[0], *action_id, *block[1:]])

    def _ping(self, peer: _Peer, message: dict[str, str]) -> list[Block]:
        return [[("Response", "Success"), ("Ping", "Pong")]]

    def _deny(self, peer: _Peer, message: dict[str, str]) -> list[Block]:
        return [_error("Permission denied")]

    def _login(self, peer: _Peer, message: dict[str, str]) -> list[Block]:
        if (message.get("Username"), message.get("Secret")) != (USERNAME, SECRET):
            return [_error("Authentication failed")]
        peer.wants_events = message.get("Events") != "off"
        booted = [("Event", "FullyBooted"), ("Uptime", str(self.uptime_seconds)), ("Status", "Fully Booted")]
        told = [booted] if peer.wants_events and self.tells_fully_booted else []
        return [
            [("Response", "Success"), ("Message", "Authentication accepted")],
            *told,
        ]

    def _status(self, peer: _Peer, message: dict[str, str]) -> list[Block]:
        items = [
            [("Event", "Status"), ("Channel", name), ("Uniqueid", unique_id), ("Linkedid", linked_id)]
            for name, (unique_id, linked_id) in self.channels.items()
        ]
        opening = [("Response", "Success"), ("EventList", "start"), ("Message", "Channel status will follow")]
        return [opening, *items, [("Event", "StatusComplete"), ("EventList", "Complete")]]

    def _redirect(self, peer: _Peer, message: dict[str, str]) -> list[Block]:
        if message["Channel"] not in self.channels:
            return [_error("Channel does not exist")]
        self.say_event("UserEvent", UserEvent="Redirected", Uniqueid=self.channels[message["Channel"]][0])
        return [[("Response", "Success"), ("Message", "Redirect successful")]]

    def _originate(self, peer: _Peer, message: dict[str, str]) -> list[Block]:
        return [[("Response", "Success"), ("Message", "Originate successfully queued")]]

    def _hangup(self, peer: _Peer, message: dict[str, str]) -> list[Block]:
        if self.channels.pop(message["Channel"], None) is None:
            return [_error("No such channel")]
        return [[("Response", "Success"), ("Message", "Channel Hungup")]]


def _error(text: str) -> Block:
    return [("Response", "Error"), ("Message", text)]
