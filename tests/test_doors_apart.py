"""The two doors share no copied flow: what both do stands below them, in ivr (DESIGN, one policy, two doors).

Looked for by pylint's finder of duplicate code: plain Python, kept up, and it passes over comments and docstrings.
Imports are taken out before, for the finder reads everything that is imported to know them.
"""

import ast
import io
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path
from re import findall

from pylint.checkers.symilar import Symilar

ROOT = Path(__file__).resolve().parent.parent
DOORS = ("agi_scripts", "webhooks")
LINES_ALIKE = 4  # so many in a row are no chance; three are the first fields of either door


def modules() -> dict[str, str]:
    """The doors' sources by path."""
    paths = (path for door in DOORS for path in sorted((ROOT / door).rglob("*.py")))
    return {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in paths}


def without_imports(text: str) -> str:
    """Empty lines in their place."""
    lines = text.splitlines(keepends=True)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            last = node.end_lineno or node.lineno
            lines[node.lineno - 1 : last] = ["\n"] * (last - node.lineno + 1)
    return "".join(lines)


def copied(sources: Mapping[str, str]) -> list[tuple[str, ...]]:
    """What stands at both doors, each by its places, as `path:[first:last]`."""
    finder = Symilar(LINES_ALIKE - 1, ignore_comments=True, ignore_docstrings=True)
    for path, text in sources.items():
        finder.append_stream(path, io.StringIO(without_imports(text)))
    with redirect_stdout(io.StringIO()) as report:
        finder.run()  # tells of more lines than it is given
    found = (tuple(findall(r"(?m)^==(.*)$", part)) for part in report.getvalue().split(" similar lines in "))
    return [places for places in found if {place.partition("/")[0] for place in places} == set(DOORS)]


def test_the_doors_share_no_copied_flow() -> None:
    sources = modules()
    assert {path.partition("/")[0] for path in sources} == set(DOORS)
    assert copied(sources) == []


def test_four_lines_copied_from_one_door_to_the_other_are_found_and_imports_are_not() -> None:
    door = modules()["agi_scripts/door.py"]
    imports, _, flow = door.partition("RING_RESULTS = ")
    body = flow.partition("One burst: what happened goes in")[2].splitlines()
    four, three = ("\n".join(["def answer():", *body[1 : 1 + lines]]) for lines in (4, 3))
    assert copied({"agi_scripts/door.py": door, "webhooks/new.py": imports}) == []
    assert (
        copied(
            {
                "agi_scripts/door.py": door,
                "webhooks/new.py": f"{three}\n            pass\n        except A: pass",
            }
        )
        == []
    )
    [places] = copied({"agi_scripts/door.py": door, "webhooks/new.py": f"{four}\n            pass"})
    assert [place.partition(":")[0] for place in places] == ["agi_scripts/door.py", "webhooks/new.py"]
