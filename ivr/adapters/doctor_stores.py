"""What the doctor asks the stores: the database's clock, the agents and their phones, the spool, the recordings."""

import wave
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from ivr.adapters.spool_files import SpoolFiles
from ivr.adapters.sql_engine import read_engine, sqlite_path
from ivr.adapters.sql_schema import AN_AGENT, agents
from ivr.service.doctor_ports import Finding, Words, warning, well, wrong

APART_SECONDS = 1.0
FAR_APART_SECONDS = 30.0
WAITING_SECONDS = 30.0


def database_clock_findings(url: str, now: Callable[[], datetime]) -> Iterator[Finding]:
    """Two machines, two clocks: moments from both stand in one row."""
    if sqlite_path(url) is not None:
        yield well("database_clock", Words("与本机同一时钟", "the same as this machine's"))
        return
    engine = read_engine(url)
    try:
        with engine.connect() as connection:
            told = connection.execute(sa.select(sa.func.now())).scalar_one()
    finally:
        engine.dispose()
    apart = abs((now() - told.astimezone(UTC)).total_seconds())
    found = Words(f"数据库的时间与本机相差 {apart:.1f} 秒", f"{apart:.1f} s apart from this machine's")
    remedy = Words("两台机器都启用 chrony", "run chrony on both machines")
    if apart > FAR_APART_SECONDS:
        yield wrong("database_clock", found, remedy)
    elif apart > APART_SECONDS:
        yield warning("database_clock", found, remedy)
    else:
        yield well("database_clock", found)


def agents_phones(url: str) -> tuple[tuple[str, str, str], ...]:
    """Login, state and phone of every agent."""
    engine = read_engine(url)
    try:
        with engine.connect() as connection:
            rows = connection.execute(
                sa.select(agents.c.login, agents.c.state, agents.c.phone)
                .where(AN_AGENT)
                .order_by(agents.c.login)
            )
            return tuple((row.login, row.state, row.phone) for row in rows)
    finally:
        engine.dispose()


def spool_findings(directory: Path, now: datetime) -> Iterator[Finding]:
    """What the switch wrote down alone: imported within seconds, or something is wrong."""
    if not directory.is_dir():
        yield well("spool", Words("空的", "empty"))
        return
    waiting, bad = SpoolFiles(directory).waiting(), sorted((directory / "bad").glob("*"))
    if bad:
        yield wrong(
            "spool",
            Words(
                f"{directory}/bad 里有 {len(bad)} 个读不懂的文件：可能有来电人的号码",
                f"{len(bad)} files in {directory}/bad could not be read: callers' numbers may be in them",
            ),
            Words(
                "逐个打开，把号码交给人去回电，然后删除文件",
                "open each, give the number to somebody to call, then delete the file",
            ),
        )
    if waiting and _oldest_seconds(directory, now) > WAITING_SECONDS:
        yield wrong(
            "spool",
            Words(f"{waiting} 个文件等着导入", f"{waiting} files wait to be imported"),
            Words(
                "relay 没有在跑，或数据库写不进去：看 log/relay.log",
                "the relay is down or the database refuses: see log/relay.log",
            ),
        )
    elif not bad:
        yield well("spool", Words(f"{waiting} 个文件等着导入", f"{waiting} files wait to be imported"))


def _oldest_seconds(directory: Path, now: datetime) -> float:
    moments = [path.stat().st_mtime for path in directory.glob("*.*") if path.is_file()]
    return now.timestamp() - min(moments, default=now.timestamp())


def recording_findings(
    language: str, missing: Sequence[str], unplayable: Sequence[Path], custom: Sequence[Path]
) -> Iterator[Finding]:
    """`custom` are the company's own recordings that the switch would refuse or that no prompt has the name of."""
    check = f"prompts_{language}"
    for key in missing:
        yield wrong(
            check,
            Words(f"提示音 {key} 没有录音", f"no recording of prompt {key}"),
            Words(
                f"把录音放到 custom/{language}/{key}.wav，或恢复 config/prompts",
                f"put one at custom/{language}/{key}.wav, or restore config/prompts",
            ),
        )
    for path in dict.fromkeys((*unplayable, *custom)):
        yield wrong(
            check,
            Words(f"{path} 放不出来", f"{path} cannot be played"),
            Words(
                "要 8 kHz、16 位、单声道、名字与提示音相同的 WAV：sox IN.wav -r 8000 -c 1 -b 16 OUT.wav",
                "it must be WAV, 8 kHz, 16 bit, mono, named as a prompt: sox IN.wav -r 8000 -c 1 -b 16 OUT.wav",
            ),
        )
    if not (missing or unplayable or custom):
        yield well(check, Words("都有，都能放", "all there, all playable"))


def spoken_seconds(paths: Iterable[Path]) -> float:
    """How long these recordings play, one after the other."""
    total = 0.0
    for path in paths:
        with wave.open(str(path), "rb") as wav:
            total += wav.getnframes() / wav.getframerate()
    return total
