"""The record's questions: config/form.toml, read once and refused by the name of the key at fault."""

import tomllib
from pathlib import Path

from ivr.policy.record_form import Form, FormError, parse_form


def load_form(root: Path) -> Form:
    """The questions below that root. Raises FormError naming the key, or the file that cannot be read."""
    path = root / "config" / "form.toml"
    try:
        values = tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FormError(str(path), f"cannot be read: {error}") from error
    return parse_form(values)
