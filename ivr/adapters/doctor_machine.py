"""What the doctor asks this machine: ports, rights of files, disk, open files, and whether its clock is kept right."""

import ctypes
import os
import resource
import shutil
import stat
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import psutil

from ivr.service.doctor_ports import Finding, Words, warning, well, wrong

LITTLE_BYTES: Final = 1 << 30
TOO_LITTLE_BYTES: Final = 200 << 20
FILES_A_CALL: Final = 10  # two legs, each with RTP, RTCP, a timer and wake-up pipes
FILES_BESIDE_CALLS: Final = 200
_TIME_ERROR: Final = 5  # adjtimex(2): the clock is not synchronised
_SECRET_FILES: Final = (
    "secrets.json",
    "hotline.db",
    "asterisk/etc/manager.conf",
    "asterisk/etc/pjsip_phones.conf",
)


def port_findings(
    ports: Mapping[str, int], is_ours: Callable[[int], bool], *, expected: bool, foreign: Sequence[str] = ()
) -> Iterator[Finding]:
    """Who listens on each port, by its name. `expected`: our parts should be listening now.

    The ports named in `foreign` belong to a switch that is not ours.
    """
    holders = _holders()
    for name, port in ports.items():
        if name not in foreign:
            yield _port_finding(f"port_{name}", port, holders.get(port, ()), is_ours, expected)


def _holders() -> dict[int, tuple[int | None, ...]]:
    """Process numbers by port, for TCP listeners and bound UDP sockets; None is a process of another user."""
    held: dict[int, set[int | None]] = {}
    for each in psutil.net_connections(kind="inet"):
        if each.laddr and not each.raddr and each.status in {psutil.CONN_LISTEN, psutil.CONN_NONE}:
            held.setdefault(each.laddr.port, set()).add(each.pid)
    return {port: tuple(pids) for port, pids in held.items()}


def _port_finding(
    check: str, port: int, pids: Sequence[int | None], is_ours: Callable[[int], bool], expected: bool
) -> Finding:
    strangers = [pid for pid in pids if pid is None or not is_ours(pid)]
    if strangers:
        who = ", ".join(map(_named, strangers))
        return wrong(
            check,
            Words(f"端口 {port} 被别的程序占用：{who}", f"port {port} is held by another program: {who}"),
            Words(
                f"结束那个程序，或在 .env 里换 HOTLINE_{check[5:].upper()}_PORT",
                f"end that program, or choose another HOTLINE_{check[5:].upper()}_PORT in .env",
            ),
        )
    if pids:
        return well(check, Words(f"端口 {port} 由热线使用", f"port {port} is held by the hotline"))
    if expected:
        return wrong(
            check,
            Words(f"端口 {port} 没有程序在听", f"nobody listens on port {port}"),
            Words("看日志目录里相应部分的日志", "that part is down: see its log"),
        )
    return well(check, Words(f"端口 {port} 空闲", f"port {port} is free"))


def _named(pid: int | None) -> str:
    if pid is None:
        return "a process of another user"
    try:
        return f"{psutil.Process(pid).name()} (pid {pid})"
    except psutil.Error:
        return f"pid {pid}"


def directory_findings(data_dir: Path) -> Iterator[Finding]:
    """The data directory is ours to write, and what is secret in it is nobody else's to read."""
    place = _nearest(data_dir)
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        yield wrong(
            "data_directory",
            Words(f"{place} 不能写", f"{place} cannot be written"),
            Words(
                f"归运行热线的用户所有：chown -R hotline {place}",
                f"give it to the hotline's user: chown -R hotline {place}",
            ),
        )
        return
    if place != data_dir:
        yield well(
            "data_directory", Words(f"{data_dir} 第一次启动时建立", f"the first start makes {data_dir}")
        )
        return
    files = [*(data_dir / name for name in _SECRET_FILES), *(data_dir / "trunks.d").glob("*.conf")]
    open_ones = [
        path for path in files if path.exists() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    ]
    private = not data_dir.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    readable = [path for path in open_ones if not private]
    for path in readable:
        yield warning(
            "data_directory",
            Words(f"别的用户能读 {path}", f"other users may read {path}"),
            Words(f"chmod 600 {path}", f"chmod 600 {path}"),
        )
    if not readable:
        yield well(
            "data_directory",
            Words(f"{data_dir} 可写，机密文件只有本用户能读", f"{data_dir} is writable, secrets are private"),
        )


def environment_file_findings(path: Path) -> Iterator[Finding]:
    """`.env` may hold passwords."""
    if path.exists() and path.stat().st_mode & (stat.S_IROTH | stat.S_IWGRP | stat.S_IWOTH):
        yield warning(
            "settings_file",
            Words(
                f"{path} 里可能有密码，别的用户能读", f"{path} may hold passwords and is open to other users"
            ),
            Words(f"chmod 600 {path}", f"chmod 600 {path}"),
        )


def disk_findings(data_dir: Path) -> Iterator[Finding]:
    """A full disk takes no call down, but nothing can be written any more."""
    place = _nearest(data_dir)
    free = shutil.disk_usage(place).free
    found = Words(f"{place} 剩余 {free >> 20} MB", f"{free >> 20} MB free at {place}")
    remedy = Words("腾出空间：旧日志（log/*.1）、旧备份", "make room: old logs (log/*.1), old backups")
    if free < TOO_LITTLE_BYTES:
        yield wrong("disk", found, remedy)
    elif free < LITTLE_BYTES:
        yield warning("disk", found, remedy)
    else:
        yield well("disk", found)


def _nearest(path: Path) -> Path:
    return next(place for place in (path, *path.parents) if place.exists())


def open_files_findings(switch_pid: int | None, rtp_ports: tuple[int, int]) -> Iterator[Finding]:
    """Whether the switch may open as many files as the calls its RTP ports allow would need."""
    limit = _open_files(switch_pid)
    by_ports = (rtp_ports[1] - rtp_ports[0] + 1) // 4
    calls = max(0, limit - FILES_BESIDE_CALLS) // FILES_A_CALL
    if calls >= by_ports:
        yield well("open_files", Words(f"可打开 {limit} 个文件", f"{limit} files may be open"))
        return
    needed = by_ports * FILES_A_CALL + FILES_BESIDE_CALLS
    yield warning(
        "open_files",
        Words(
            f"最多打开 {limit} 个文件，大约够 {calls} 路通话；RTP 端口够 {by_ports} 路",
            f"{limit} files may be open, enough for about {calls} calls; the RTP ports allow {by_ports}",
        ),
        Words(
            f"启动前 ulimit -n {needed}，或在 systemd 单元里写 LimitNOFILE={needed}",
            f"`ulimit -n {needed}` before the start, or LimitNOFILE={needed} in the systemd unit",
        ),
    )


def _open_files(pid: int | None) -> int:
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if pid is not None:
        try:
            soft, _hard = psutil.Process(pid).rlimit(resource.RLIMIT_NOFILE)
        except (psutil.Error, OSError):  # another user's: ours is the better guess
            return int(soft)
    return 1 << 30 if soft == resource.RLIM_INFINITY else int(soft)


def clock_findings(now: datetime, zone: str) -> Iterator[Finding]:
    """`now` is this machine's time; moments on record are only as good as it."""
    local = now.astimezone(ZoneInfo(zone))
    told = Words(f"{local:%F %T}（{zone}）", f"{local:%F %T} in {zone}")
    match clock_is_kept():
        case False:
            yield warning(
                "clock",
                Words(f"{told.zh}，系统时钟没有同步", f"{told.en}; the system clock is not synchronised"),
                Words(
                    "启用 chrony 或 systemd-timesyncd（timedatectl set-ntp true）",
                    "run chrony or systemd-timesyncd (timedatectl set-ntp true)",
                ),
            )
        case True:
            yield well("clock", Words(f"{told.zh}，已同步", f"{told.en}; synchronised"))
        case None:
            yield well(
                "clock",
                Words(f"{told.zh}，不知道是否同步", f"{told.en}; whether it is synchronised is not known"),
            )


def clock_is_kept(libc: Any = None) -> bool | None:
    """Whether something keeps the machine's clock right; None where the kernel does not say."""
    timex = ctypes.create_string_buffer(512)  # modes = 0: only ask
    struct.pack_into("i", timex, 0, 0)
    try:
        state = (libc or ctypes.CDLL(None)).adjtimex(timex)
    except (AttributeError, OSError):
        return None
    return None if state < 0 else bool(state != _TIME_ERROR)


def ephemeral_findings(rtp_ports: tuple[int, int], path: Path) -> Iterator[Finding]:
    """A port the kernel lends to somebody's outgoing connection is a call without sound."""
    try:
        low, high = map(int, path.read_text().split())
    except (OSError, ValueError):
        return
    if rtp_ports[0] <= high and low <= rtp_ports[1]:
        yield warning(
            "rtp_ports",
            Words(
                f"RTP 端口 {rtp_ports[0]}-{rtp_ports[1]} 与系统的临时端口 {low}-{high} 重叠",
                f"the RTP ports {rtp_ports[0]}-{rtp_ports[1]} overlap the kernel's own range {low}-{high}",
            ),
            Words("换 HOTLINE_RTP_PORTS，例如 20000-20999", "choose other HOTLINE_RTP_PORTS, as 20000-20999"),
        )
