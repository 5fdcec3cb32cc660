"""Finds the telephone programs, or installs private copies of them without root.

A program on PATH is taken only when it is new enough to be safe; a private root is complete or absent.
"""

import contextlib
import fcntl
import platform
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ivr.cli.debian_archive import BRING_YOUR_OWN, InstallError, Say, download, unpack

OLDEST_SAFE_ASTERISK = (22, 10, 1)  # earlier ones can be knocked out by one SIP message (CVE-2026-57191)
OLDEST_SIPP = (3, 8, 0)  # the first that answers inside a server transaction
SUITE = "forky"  # the Debian suite that carries both
PACKAGES = ("asterisk", "sip-tester")
ROOT_NAME = "asterisk-root"
NEEDED_BYTES = 900_000_000  # archives and their unpacked tree side by side
LOADERS = {  # machine: (Debian's triplet, the loader's name)
    "x86_64": ("x86_64-linux-gnu", "ld-linux-x86-64.so.2"),
    "aarch64": ("aarch64-linux-gnu", "ld-linux-aarch64.so.1"),
}


@dataclass(frozen=True, kw_only=True)
class Program:
    """How to start a program: its arguments go after `argv`."""

    argv: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Asterisk(Program):
    """The switch, with what its asterisk.conf must name: astmoddir and astdatadir."""

    module_dir: Path
    data_dir: Path
    version: str


def parse_version(text: str) -> tuple[int, int, int] | None:
    """The first version number in what a program says of itself; None when it names none."""
    found = re.search(r"(?:Asterisk (?:certified/)?|SIPp v)(\d+)\.(\d+)(?:\.(\d+))?", text)
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


def _nobody_listens(_line: str) -> None:
    pass


def find_asterisk(tools: Path, *, notice: Say = _nobody_listens, path: str | None = None) -> Asterisk | None:
    """The one on PATH (or `path`) if it is safe, else the private one; `notice` hears why one was refused."""
    found = shutil.which("asterisk", path=path)
    return (_asterisk_on_path(Path(found), notice) if found else None) or asterisk_in(tools / ROOT_NAME)


def find_sipp(tools: Path, *, notice: Say = _nobody_listens, path: str | None = None) -> Program | None:
    """The one on PATH (or `path`) if it is new enough, else the private one."""
    found = shutil.which("sipp", path=path)
    if found and (_asked(found, "-v") or (0, 0, 0)) >= OLDEST_SIPP:
        return Program(argv=(found,))
    if found:
        notice(f"{found} is not used: sipp 3.8.0 or later is needed")
    return sipp_in(tools / ROOT_NAME)


def asterisk_in(root: Path) -> Asterisk | None:
    """The switch of a private root, if it is there, runs and is safe."""
    root = root.absolute()
    argv = _private_argv(root, "usr/sbin/asterisk")
    version = _asked(*argv, "-V") if argv else None
    if argv is None or version is None or version < OLDEST_SAFE_ASTERISK:
        return None
    modules = root / "usr/lib" / LOADERS[platform.machine()][0] / "asterisk/modules"
    data = root / "usr/share/asterisk"
    return Asterisk(argv=argv, module_dir=modules, data_dir=data, version=_dotted(version))


def sipp_in(root: Path) -> Program | None:
    argv = _private_argv(root.absolute(), "usr/bin/sipp")
    version = _asked(*argv, "-v") if argv else None
    return Program(argv=argv) if argv and version and version >= OLDEST_SIPP else None


def _dotted(version: tuple[int, int, int]) -> str:
    return ".".join(map(str, version))


def _private_argv(root: Path, program: str) -> tuple[str, ...] | None:
    """Through the root's own loader: the machine's C library may be older than the program's."""
    triplet, loader_name = LOADERS.get(platform.machine(), ("", ""))
    libraries, binary = root / "usr/lib" / triplet, root / program
    loader = libraries / loader_name
    if not (loader_name and loader.exists() and binary.exists()):
        return None
    return str(loader), "--library-path", str(libraries), str(binary)


def _asked(*command: str) -> tuple[int, int, int] | None:
    try:
        # sipp says its version and exits 99, so the exit code is not looked at
        said = subprocess.run(command, capture_output=True, timeout=20, text=True, errors="replace").stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse_version(said)


def _asterisk_on_path(binary: Path, notice: Say) -> Asterisk | None:
    version = _asked(str(binary), "-V")
    if version is None or version < OLDEST_SAFE_ASTERISK:
        shown = _dotted(version) if version else "of an unknown version"
        notice(f"{binary} is {shown} and not used: {_dotted(OLDEST_SAFE_ASTERISK)} or later is needed")
        return None
    prefix = binary.resolve().parent.parent
    modules = _first_with("chan_pjsip.so", _module_places(prefix))
    data = _first_with("documentation", [prefix / "share/asterisk", Path("/var/lib/asterisk")])
    if modules is None or data is None:
        notice(
            f"{binary} is not used: its modules (chan_pjsip.so) or its documentation directory were not found"
        )
        return None
    return Asterisk(argv=(str(binary),), module_dir=modules, data_dir=data, version=_dotted(version))


def _module_places(prefix: Path) -> list[Path]:
    triplet = LOADERS.get(platform.machine(), ("",))[0]
    return [prefix / library / "asterisk/modules" for library in (f"lib/{triplet}", "lib", "lib64")]


def _first_with(entry: str, places: Iterable[Path]) -> Path | None:
    return next((place for place in places if (place / entry).exists()), None)


# ---- installing


def install(tools: Path, progress: Say) -> None:
    """Puts asterisk and sipp into tools/asterisk-root, whole or not at all; InstallError says what to do."""
    _refuse_what_cannot_work()
    tools.mkdir(parents=True, exist_ok=True)
    with _alone(tools, progress):
        if asterisk_in(tools / ROOT_NAME) and sipp_in(tools / ROOT_NAME):
            return
        _remove_left_overs(tools)
        if shutil.disk_usage(tools).free < NEEDED_BYTES:
            raise InstallError(
                f"{tools} needs {NEEDED_BYTES // 1_000_000} MB free: make room, {BRING_YOUR_OWN}"
            )
        with tempfile.TemporaryDirectory(prefix=".installing-", dir=tools) as work:
            archives = download(Path(work), SUITE, PACKAGES, progress)
            root = unpack(archives, Path(work) / ROOT_NAME, progress)
            if not (asterisk_in(root) and sipp_in(root)):
                raise InstallError(f"what {SUITE} offers does not run here or is too old: {BRING_YOUR_OWN}")
            root.rename(tools / ROOT_NAME)
    progress("the telephone programs are installed")


def _refuse_what_cannot_work() -> None:
    if platform.machine() not in LOADERS:
        raise InstallError(f"no private copy for {platform.machine()}: {BRING_YOUR_OWN[3:]}")
    missing = [name for name in ("apt-get", "apt-config", "dpkg-deb") if shutil.which(name) is None]
    if missing:
        raise InstallError(f"{', '.join(missing)} not found, no private copy here: {BRING_YOUR_OWN[3:]}")


@contextlib.contextmanager
def _alone(tools: Path, progress: Say) -> Iterator[None]:
    """One installation at a time; the lock falls with the process that holds it."""
    with (tools / ".install.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("another installation is under way; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _remove_left_overs(tools: Path) -> None:
    """What a killed installation left, and a root that is incomplete or no longer safe."""
    for left in [*tools.glob(".installing-*"), tools / ROOT_NAME]:
        shutil.rmtree(left, ignore_errors=True)
