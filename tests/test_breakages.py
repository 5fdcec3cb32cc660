"""The broken lines themselves: each stands in its file as it is today, once."""

from tests.breakages import ROOT
from tests.test_broken_rules import ALL


def test_every_breakage_names_what_stands_once_in_its_file() -> None:
    found = {each.what: (ROOT / each.file).read_text("utf-8").count(each.old) for each in ALL}
    assert {what: times for what, times in found.items() if times != 1} == {}
