"""`hotline render-dialplan`: the files by which a switch that is not ours becomes the hotline's.

One of them is the dialplan, the others are what it leans on; each is for one `#include`. Where the switch's
administrator has put them is nobody's business but his.
"""

import re
from pathlib import Path
from typing import Any, Final

import click

from config.settings import Settings
from ivr.cli import asterisk_config
from ivr.cli.phones import accounts

DEFAULT_DIRECTORY: Final = "attach"
MARK: Final = "attached"  # in the data directory: tells the doctor that the switch is not ours
FRAGMENTS: Final = {
    "hotline_music.conf": ("musiconhold.conf", ("hl-music", "hl-greeting")),
    "hotline_manager.conf": ("manager.conf", ("hotline",)),
    "hotline_pjsip.conf": (
        "pjsip.conf",
        ("hl-endpoint", "hl-direct", "hl-out", "hl-phone", "hl-phone-auth", "hl-phone-aor"),
    ),
    "hotline_cdr.conf": ("cdr_custom.conf", ("mappings",)),
}
"""File to write: where it comes from, and the sections taken. The dialplan is taken whole."""
_SECTION: Final = re.compile(r"^\[([^\]]+)\]", re.MULTILINE)


@click.command("render-dialplan")
@click.argument("directory", required=False, type=click.Path(file_okay=False, path_type=Path))
@click.pass_obj
def render_dialplan(app: Any, directory: Path | None) -> None:
    """Write what an Asterisk of your own includes (docs/attach.md); default directory DATA_DIR/attach."""
    settings: Settings = app.settings
    target = (directory or settings.data_dir / DEFAULT_DIRECTORY).absolute()
    for path in write_fragments(settings, target):
        click.echo(str(path))


def write_fragments(settings: Settings, target: Path) -> tuple[Path, ...]:
    """Everything to include; the dialplan first. Raises ConfigError."""
    for path in (target, asterisk_config.etc_dir(settings), asterisk_config.attempts_dir(settings)):
        path.mkdir(parents=True, exist_ok=True)
    asterisk_config.render_phones(settings, accounts(settings))
    texts = {"hotline_dialplan.conf": asterisk_config.rendered(settings, "hotline_dialplan.conf")}
    for name, (source, sections) in FRAGMENTS.items():
        texts[name] = sections_of(asterisk_config.rendered(settings, source), sections)
    phones = asterisk_config.etc_dir(settings) / "pjsip_phones.conf"
    texts["hotline_pjsip.conf"] += f"#include {phones}\n"
    (settings.data_dir / MARK).write_text(f"{target}\n")
    return tuple(_written(target / name, text) for name, text in texts.items())


def sections_of(text: str, names: tuple[str, ...]) -> str:
    """Those sections of a configuration text, in its order, without its includes and comments."""
    starts = [*_SECTION.finditer(text)]
    ends = [*(start.start() for start in starts[1:]), len(text)]
    blocks = [text[start.start() : end] for start, end in zip(starts, ends, strict=True) if start[1] in names]
    lines = [line for block in blocks for line in block.splitlines() if line[:1] not in {"#", ";", ""}]
    return "\n".join((*lines, ""))


def _written(path: Path, text: str) -> Path:
    """Replaced whole and for this user alone: it holds a token and a secret."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.touch(mode=0o600)
    fresh.write_text(text, "utf-8")
    fresh.replace(path)
    return path
