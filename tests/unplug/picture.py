"""What every caller heard, one row a caller and one panel a door, beside what was dead when.

Labels are Chinese with English second where the machine has a font for it, else English alone.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ivr.cli.simulation_picture import INK, LOOKS, chinese_font
from tests.unplug.judge import OWN_PART
from tests.unplug.timeline import Door, Ending, Kind, Line, Outage

# Okabe and Ito's colours, told apart by whoever sees red and green alike; silence is as empty as it sounds.
COLOURS: Final[dict[Kind, str]] = {
    Kind.UNREACHABLE: "#E3E6EA",
    Kind.RINGING: "#B8C4D0",
    Kind.GREETING: "#E69F00",
    Kind.WORDS: "#F0E442",
    Kind.MUSIC: "#56B4E9",
    Kind.AGENT: "#009E73",
    Kind.NOTED: "#CC79A7",
    Kind.SILENCE: "#FFFFFF",
    Kind.ERROR: "#D55E00",
}
WORDS: Final[dict[Kind, tuple[str, str]]] = {
    Kind.UNREACHABLE: ("打不通", "no answer"),
    Kind.RINGING: ("回铃音", "ring tone"),
    Kind.GREETING: ("问候", "greeting"),
    Kind.WORDS: ("致歉与说明", "apology, reason, wait"),
    Kind.MUSIC: ("音乐", "music"),
    Kind.AGENT: ("座席", "agent"),
    Kind.NOTED: ("已记下号码", "number noted"),
    Kind.SILENCE: ("无声", "silence"),
    Kind.ERROR: ("运营商报错", "carrier's error"),
}
DOORS: Final = {
    Door.ASTERISK: ("第一扇门：Asterisk", "the first door: Asterisk"),
    Door.TWILIO: ("第二扇门：Twilio", "the second door: Twilio"),
}
CUT: Final = "#B00020"
BAND: Final = "#22262B"
ROW_INCHES: Final = 0.115
Box = list[tuple[float, float]]


def draw(lines: Sequence[Line], outages: Sequence[Outage], began_at: float, path: Path) -> None:
    """Write the picture; seconds count from `began_at`. Raises OSError."""
    font = chinese_font()
    families = [name for name in (font, "DejaVu Sans") if name]
    with rc_context({**LOOKS, "font.family": families}):
        picture(lines, outages, began_at, chinese=font is not None).savefig(path, format="png", dpi=120)


def picture(lines: Sequence[Line], outages: Sequence[Outage], began_at: float, *, chinese: bool) -> Figure:
    """The figure itself."""
    by_door = [[line for line in lines if line.door is door] for door in Door]
    heights = [max(len(theirs), 8) * ROW_INCHES for theirs in by_door]
    layout = ConstrainedLayoutEngine(h_pad=0.08, w_pad=0.1)
    figure = Figure(figsize=(13, sum(heights) + 2.6), facecolor="white", layout=layout)
    panels = figure.subplots(len(by_door), 1, sharex=True, height_ratios=heights)
    end = max((line.ended_at for line in lines), default=began_at) - began_at
    for door, theirs, axes in zip(Door, by_door, panels, strict=True):
        _panel(axes, theirs, began_at)
        _bands(axes, outages, began_at, door)
        axes.set_title(_words(*DOORS[door], chinese=chinese), loc="left", pad=20)
        axes.set_xlim(0, end + 2)
    panels[-1].set_xlabel(_words("自第一个来电起的秒数", "seconds since the first call", chinese=chinese))
    figure.legend(handles=_legend(chinese=chinese), loc="outside lower center", ncols=6, columnspacing=1.2)
    return figure


def _panel(axes: Axes, lines: Sequence[Line], began_at: float) -> None:
    boxes: dict[Kind, list[Box]] = {kind: [] for kind in Kind}
    for row, line in enumerate(lines):
        for stretch in line.stretches:
            boxes[stretch.kind].append(_box(row, stretch.began_at - began_at, stretch.ended_at - began_at))
        if line.ending in {Ending.CUT, Ending.UNREACHED}:
            axes.plot(line.ended_at - began_at, row, "x", color=CUT, markersize=5, mew=1.6, zorder=5)
    for kind, theirs in boxes.items():
        axes.add_collection(PolyCollection(theirs, zorder=3, **_look(kind)))
    axes.set_ylim(max(len(lines), 1) - 0.4, -0.6)
    axes.set_yticks([])
    axes.grid(axis="x")
    axes.set_axisbelow(True)


def _box(row: int, left: float, right: float) -> Box:
    low, high = row - 0.4, row + 0.4
    return [(left, low), (right, low), (right, high), (left, high)]


def _look(kind: Kind) -> dict[str, Any]:
    silent = kind is Kind.SILENCE
    edge = INK if silent else "none"
    return {
        "facecolor": COLOURS[kind],
        "edgecolor": edge,
        "hatch": "////" if silent else None,
        "linewidth": 0.3,
    }


def _bands(axes: Axes, outages: Sequence[Outage], began_at: float, door: Door) -> None:
    """What was dead; darker where it is the door itself."""
    for outage in outages:
        left, right = outage.began_at - began_at, outage.ended_at - began_at
        own = outage.part == OWN_PART[door]
        axes.axvspan(left, right, color=BAND, alpha=0.22 if own else 0.1, linewidth=0, zorder=1)
        for edge in (left, right):
            axes.axvline(edge, color=BAND, linewidth=0.6, linestyle=":", zorder=4)
        axes.annotate(
            f"{outage.part} ×",
            ((left + right) / 2, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 4),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=9,
            fontweight="bold" if own else "normal",
        )


def _legend(*, chinese: bool) -> list[Any]:
    patches: list[Any] = [Patch(label=_words(*WORDS[kind], chinese=chinese), **_look(kind)) for kind in Kind]
    cut = Line2D([], [], color=CUT, marker="x", mew=1.6, linestyle="none")
    cut.set_label(_words("断线", "cut off", chinese=chinese))
    band = Patch(facecolor=BAND, alpha=0.22, label=_words("已断", "dead", chinese=chinese))
    return [*patches, cut, band]


def _words(chinese_words: str, english: str, *, chinese: bool) -> str:
    return f"{chinese_words}  {english}" if chinese else english[:1].upper() + english[1:]
