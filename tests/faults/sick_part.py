"""One part of the Procfile that falls ill on request: `python -m tests.faults.sick_part MODULE [ARGUMENT …]`.

It runs the very module the Procfile names. In health nothing differs but a thread that looks for a fault.
"""

import logging
import os
import runpy
import signal
import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

from config.secrets import load_or_create
from config.settings import Settings, load
from tests.faults.fault_file import Fault, fault_path
from tests.faults.sick_disk import ERRNOS, SickDisk

SERVER: Final = "agi_scripts.server"
LOOK_SECONDS: Final = 0.02


def main(arguments: list[str]) -> int:
    """The part, until it ends."""
    settings = load()
    module = arguments[0]
    fault = Fault(fault_path(settings.data_dir, "agi" if module == SERVER else arguments[-1]))
    threading.Thread(target=_suffer, args=(fault, settings), name="fault", daemon=True).start()
    if module == SERVER:
        return _serve(settings, fault)
    sys.argv = [module, *arguments[1:]]
    runpy.run_module(module, run_name="__main__")
    return 0


def _suffer(fault: Fault, settings: Settings) -> None:
    """The faults that are not of the bursts' port: a disk that takes nothing, a manager's line that is cut."""
    disk, never = SickDisk(), threading.Event()
    while not never.wait(LOOK_SECONDS):
        kind = fault.kind
        disk.become(kind if kind in ERRNOS else None)
        if kind == "manager_cut":
            cut(settings.ami_port)


def cut(port: int) -> None:
    """Every connection of this process to that port ends.

    Sockets alone are touched: to close a second descriptor of a database file would give up all locks on it.
    """
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            if entry.readlink().name.startswith("socket:"):
                _cut_if_to(port, os.dup(int(entry.name)))


def _cut_if_to(port: int, descriptor: int) -> None:
    with socket.socket(fileno=descriptor) as sock:
        if sock.family == socket.AF_INET and sock.getpeername()[1] == port:
            sock.shutdown(socket.SHUT_RDWR)


def _serve(settings: Settings, fault: Fault) -> int:
    """agi_scripts.server.main with another server on the port."""
    from agi_scripts.server import Hotline
    from tests.faults.sick_server import SickServer

    logging.basicConfig(
        stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    hotline = Hotline(settings)
    well = hotline.server
    well.stop(0)  # leaves the port
    hotline.server = SickServer(
        well._scripts,
        quick=well._quick,
        token=load_or_create(settings.data_dir).agi_token,
        port=settings.agi_port,
        session_seconds=2.5,
        fault=fault,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: hotline.stop())
    hotline.run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
