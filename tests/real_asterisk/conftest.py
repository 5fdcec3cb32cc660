"""Whole hotlines for the stories: started when a module first needs one, ended with the module."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.real_asterisk.hotline import RunningHotline

Start = Callable[[str], RunningHotline]
"""Starts a hotline with that policy (TOML)."""


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    with ExitStack() as running:

        def one_more(policy: str) -> RunningHotline:
            hotline = running.enter_context(RunningHotline(tmp_path_factory.mktemp("hotline"), policy))
            # "ready" does not wait for this: an answer before it is known only when the call ends
            hotline.wait(lambda: "manager events connected" in hotline.log("agi"))
            return hotline

        yield one_more
