"""What is written about the hotline is true of the hotline: settings, policy, targets, words and the call flow."""

import json
import re
import subprocess
import sys
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

from config.settings import HOTLINE_NAMES, ROOT, load
from ivr.cli.call_flow_picture import page
from ivr.policy import events
from ivr.policy.call import Outcome, Phase
from ivr.policy.commands import BookCommand, LineCommand
from ivr.policy.rules import Rules

README = (ROOT / "README.md").read_text("utf-8")
OTHER_NAMES = frozenset(
    re.findall(r'"([A-Z]+_[A-Z_]+)"', (ROOT / "config" / "settings.py").read_text("utf-8"))
)
UNSEEN = {".git", *(line.strip("/") for line in (ROOT / ".gitignore").read_text("utf-8").split())}
TEXTS = {".py", ".md", ".toml", ".txt", ".conf", ".example", ".json", ".csv", ".ini", ".cfg", ".yml", ""}


def rows(text: str) -> dict[str, str]:
    """The first two columns of every table whose first column is a name in code."""
    return dict(re.findall(r"^\| `([^`]+)` \| ?`?([^|`]*?)`? ?\|", text, flags=re.MULTILINE))


def texts() -> list[Path]:
    """Every file of the repository that somebody may read."""
    found = (path for path in sorted(ROOT.iterdir()) if path.name not in UNSEEN)
    files = [file for path in found for file in ([path] if path.is_file() else path.rglob("*"))]
    return [file for file in files if file.is_file() and file.suffix in TEXTS]


def test_every_setting_is_in_the_readme() -> None:
    assert rows(README).keys() >= HOTLINE_NAMES | OTHER_NAMES


def test_the_defaults_of_the_settings_are_the_ones_in_the_readme() -> None:
    settings = load({}, ROOT / "tests")  # where no .env changes them
    given = {name: default for name, default in rows(README).items() if name in HOTLINE_NAMES | OTHER_NAMES}
    low, high = settings.rtp_ports
    expected = {
        "HOTLINE_DATA_DIR": str(settings.data_dir.relative_to(settings.root)),
        "HOTLINE_BIND": settings.bind,
        "HOTLINE_RTP_PORTS": f"{low}-{high}",
        "HOTLINE_TRUSTED_TRUNKS": ",".join(settings.trusted_trunks),
        "DATABASE_URL": settings.database_url.replace(f"{settings.root}/", ""),
    }
    ports = {
        name: str(getattr(settings, name.removeprefix("HOTLINE_").lower()))
        for name in given
        if name.endswith("_PORT")
    }
    assert {name: default for name, default in given.items() if default} == expected | ports


def test_every_policy_key_is_in_the_readme_with_the_value_it_is_delivered_with() -> None:
    delivered = tomllib.loads((ROOT / "config" / "policy.toml").read_text("utf-8"))
    given = {key: value for key, value in rows(README).items() if key in delivered}
    assert given == {key: json.dumps(value) for key, value in delivered.items()}
    assert delivered.keys() == {field.name for field in fields(Rules)}


def test_every_make_target_in_the_documents_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE))
    documents = [path for path in texts() if path.suffix == ".md"]
    named = {
        name
        for path in documents
        for name in re.findall(r"(?:`|^)make ([a-z]+)", path.read_text("utf-8"), re.MULTILINE)
    }
    assert {"run", "test", "call"} <= named <= targets


def test_every_hotline_command_in_the_readme_exists() -> None:
    asked = subprocess.run(
        [sys.executable, "-m", "ivr", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    commands = set(re.findall(r"^  ([a-z-]+) ", asked.stdout, flags=re.MULTILINE))
    named = set(re.findall(r"(?:bin/hotline|`hotline) ([a-z-]+)", README))
    assert {"calls", "why", "metrics", "agent"} <= named <= commands


def test_every_event_command_phase_and_outcome_is_explained() -> None:
    told = "".join((ROOT / "docs" / name).read_text("utf-8") for name in ("call-flow.md", "glossary.md"))
    kinds = [
        kind for kind in vars(events).values() if isinstance(kind, type) and issubclass(kind, events.Event)
    ]
    commands = [*get_args(LineCommand), *get_args(BookCommand)]
    names = {kind.__name__ for kind in [*kinds, *commands] if kind is not events.Event}
    assert {name for name in names if f"`{name}`" not in told} == set()
    assert {word.value for word in [*Phase, *Outcome] if word.value not in told} == {"in_progress"}


@pytest.mark.slow
@pytest.mark.timeout(400)  # half a minute of one core, which other tests may leave it a tenth of
def test_the_picture_of_the_call_flow_is_drawn_from_the_table_as_it_is_now() -> None:
    assert (ROOT / "docs" / "call-flow.md").read_text("utf-8") == page(), (
        "run: .venv/bin/python -m ivr.cli.call_flow_picture > docs/call-flow.md"
    )


@pytest.mark.parametrize(
    "document", [path for path in texts() if path.suffix == ".md"], ids=lambda path: path.name
)
def test_every_link_between_the_documents_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text("utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_every_decision_fits_on_a_page() -> None:
    lengths = {
        path.name: len(path.read_text("utf-8").splitlines()) for path in (ROOT / "docs/decisions").iterdir()
    }
    assert {name for name, lines in lengths.items() if lines > 40} == set()


def test_the_project_speaks_of_no_place_it_was_written_in() -> None:
    foreign = "/" + "work" + "/"
    assert [path for path in texts() if foreign in path.read_text("utf-8", "replace")] == []
