"""A client that vanished without a word is noticed by the kernel, so that its thread ends."""

import ctypes
import signal
import socket
import threading

from webhooks.server_settings import GONE_AFTER_SECONDS, post_fork, watch_over


def test_what_is_accepted_inherits_how_long_silence_may_last() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        watch_over(listener)
        with socket.create_connection(listener.getsockname()):
            accepted, _ = listener.accept()
            with accepted:
                after = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
                assert after == GONE_AFTER_SECONDS * 1000
                assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


def test_a_socket_of_another_kind_stays_as_it_is() -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        watch_over(sock)
        assert not sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


def test_a_worker_ends_with_its_master_so_that_the_next_one_finds_the_port_free() -> None:
    """The kernel keeps it for each thread: one of this process stands for the worker."""
    found = ctypes.c_int(-1)

    def worker() -> None:
        post_fork(None, None)
        ctypes.CDLL(None).prctl(2, ctypes.byref(found))
        ctypes.CDLL(None).prctl(1, 0)

    thread = threading.Thread(target=worker)
    thread.start()
    thread.join()
    assert found.value == signal.SIGKILL
