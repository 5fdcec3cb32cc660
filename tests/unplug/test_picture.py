"""The picture has a row for every caller, a stretch for everything he heard, and a band for all that was dead."""

from pathlib import Path

from tests.unplug.picture import COLOURS, WORDS, draw, picture
from tests.unplug.test_judge import OUTAGES, WELL
from tests.unplug.timeline import Door, Ending, Kind


def test_every_caller_is_a_row_at_his_door_and_every_death_a_band_in_both() -> None:
    figure = picture(WELL, OUTAGES, 100.0, chinese=False)
    panels = figure.axes
    assert [axes.get_title(loc="left") for axes in panels] == [
        "The first door: Asterisk",
        "The second door: Twilio",
    ]
    for door, axes in zip(Door, panels, strict=True):
        theirs = [line for line in WELL if line.door is door]
        boxes = [len(collection.get_paths()) for collection in axes.collections]
        assert sum(boxes) == sum(len(line.stretches) for line in theirs)
        assert [text.get_text() for text in axes.texts] == ["SQL ×", "asterisk ×", "web ×"]
        crosses = [line for line in axes.lines if line.get_marker() == "x"]
        assert len(crosses) == sum(line.ending is Ending.CUT for line in theirs) == 1


def test_every_kind_has_a_colour_of_its_own_and_words_in_both_languages() -> None:
    assert set(COLOURS) == set(WORDS) == set(Kind)
    assert len(set(COLOURS.values())) == len(Kind)


def test_it_is_written_as_a_picture(tmp_path: Path) -> None:
    draw(WELL, OUTAGES, 100.0, tmp_path / "heard.png")
    assert (tmp_path / "heard.png").read_bytes().startswith(b"\x89PNG")
