"""The real programs the tests run: those on PATH, else private copies, installed when first needed."""

import functools
from pathlib import Path

from ivr.cli.private_asterisk import Asterisk, Program, find_asterisk, find_sipp, install

TOOLS = Path(__file__).parents[3] / ".tools"


@functools.cache
def telephone_programs() -> tuple[Asterisk, Program]:
    """(asterisk, sipp); InstallError when they are neither here nor to be had."""
    if find_asterisk(TOOLS) is None or find_sipp(TOOLS) is None:
        install(TOOLS, lambda _line: None)
    asterisk, sipp = find_asterisk(TOOLS), find_sipp(TOOLS)
    assert asterisk is not None, "no asterisk after the installation"
    assert sipp is not None, "no sipp after the installation"
    return asterisk, sipp
