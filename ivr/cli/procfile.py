"""The Procfile: one line `NAME: command` for each process that makes up the running hotline.

Read without a shell, so that the process started is the command itself and gets our signals.
"""

from __future__ import annotations

import re
import shlex
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


class ProcfileError(Exception):
    """A line of the Procfile makes no sense; says which."""


@dataclass(frozen=True)
class Part:
    """One process to keep running, with its whole environment (secrets among it: kept out of the `repr`)."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(repr=False)


def parse_procfile(text: str, environ: Mapping[str, str]) -> list[Part]:
    """Parts in the file's order. Every part inherits `environ`, where `$VAR` is looked up too."""
    parts: dict[str, Part] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            part = _parse_line(line, environ)
        except ValueError as error:
            raise ProcfileError(f"Procfile line {number}: {error}") from error
        if part.name in parts:
            raise ProcfileError(f"Procfile line {number}: {part.name} is there twice")
        parts[part.name] = part
    return list(parts.values())


def _parse_line(line: str, environ: Mapping[str, str]) -> Part:
    match = re.fullmatch(r"([A-Za-z0-9_-]+):\s*(.*)", line.strip())
    if not match:
        raise ValueError("must read NAME: command")
    words = [_expand(word, environ) for word in shlex.split(match[2])]
    env = dict(environ)
    while words and re.match(r"[A-Za-z_][A-Za-z0-9_]*=", words[0]):
        name, _, value = words.pop(0).partition("=")
        env[name] = value
    if not words:
        raise ValueError(f"{match[1]} has no command")
    return Part(match[1], tuple(words), env)


def _expand(word: str, environ: Mapping[str, str]) -> str:
    try:
        return string.Template(word).substitute(environ)
    except KeyError as error:
        raise ValueError(f"${error.args[0]} is not set") from error
    except ValueError as error:
        raise ValueError(f"{word!r} has a $ that names no variable; write $$ for a plain one") from error
