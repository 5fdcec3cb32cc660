import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.adapters.manager_wire import ManagerWire, parse_message, render_message


def test_variables_go_out_one_to_a_line() -> None:
    block = render_message([("Action", "Originate"), ("Variable", "A=1"), ("Variable", "B=你好")])
    assert block == "Action: Originate\r\nVariable: A=1\r\nVariable: B=你好\r\n\r\n".encode()


def test_a_message_cut_anywhere_is_read_whole() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        wire = ManagerWire(ours, send_timeout_seconds=1)
        messages = []
        for byte in "Event: X\r\nName: 王小明\r\n\r\nResponse: Success\r\n\r\n".encode():
            theirs.sendall(bytes([byte]))
            message = wire.read_message(0.001)
            messages += [message] if message else []
        assert messages == [{"Event": "X", "Name": "王小明"}, {"Response": "Success"}]


@settings(deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=20))
def test_no_bytes_make_the_parser_fail_otherwise_than_by_refusing(lines: list[bytes]) -> None:
    try:
        message = parse_message(lines)
    except ValueError:
        return
    assert not message or next(iter(message)) in {"Event", "Response"}


@settings(deadline=None)
@given(st.binary(max_size=2000))
def test_no_stream_makes_the_reader_hang_or_crash(stream: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            theirs.sendall(stream)
        wire = ManagerWire(ours, send_timeout_seconds=1)
        with pytest.raises((EOFError, ValueError)):
            _read_to_the_end(wire)


def _read_to_the_end(wire: ManagerWire) -> None:
    while True:
        wire.read_message(1)


@settings(deadline=None)
@given(st.text(max_size=50), st.text(max_size=50))
def test_whatever_is_rendered_is_one_header(name: str, value: str) -> None:
    try:
        block = render_message([("Response", "x"), (name, value)])
    except ValueError:
        return
    assert block.count(b"\r\n") == 3
    assert block.count(b"\n") == 3
