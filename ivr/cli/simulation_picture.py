"""A simulated day as one picture: who waits, how long they waited, who is on duty, what was promised.

Labels are Chinese with English second where the machine has a font for it, else English alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from matplotlib import dates, font_manager, rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator

from ivr.cli.simulation_table import shown
from ivr.policy.call import Outcome
from ivr.policy.metrics import Metric
from ivr.simulation.course import STRETCH, means, stretches
from ivr.simulation.day import Played
from ivr.simulation.watch import Seen

# fmt: off
CHINESE_FONTS = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "Microsoft YaHei", "PingFang SC",
    "Hiragino Sans GB", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "SimHei", "Droid Sans Fallback", "Noto Sans CJK JP",
)
TILES = (
    ("offered", "来电", "calls"),
    ("answered_share", "接通率", "served"),
    ("callbacks_promised", "承诺回电", "callbacks promised"),
    ("callbacks_kept_by_the_promised_minute", "按时回电", "called back in time"),
    ("abandonment_rate", "放弃率", "left"),
    ("service_level", "服务水平", "service level"),
    ("wait_p80", "八成等候不超过", "wait P80"),
    ("waiting_max", "最多等候人数", "longest line"),
    ("occupancy", "座席占用率", "occupancy"),
)
# fmt: on
BLUE, ORANGE, GREEN, RED, GREY, INK = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#8A8F98", "#22262B"
SLATE = "#5A616B"
FINE = timedelta(minutes=5)
LOOKS: dict[Any, Any] = {
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.unicode_minus": False,
    "grid.color": "#E3E6EA",
    "legend.frameon": False,
    "legend.fontsize": 9,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


def draw(played: Played, figures: Sequence[Metric], path: Path) -> None:
    """Write the picture; raises OSError where it cannot be written."""
    font = chinese_font()
    families = [name for name in (font, "DejaVu Sans") if name]
    with rc_context({**LOOKS, "font.family": families}):
        picture = _Picture(played, chinese=font is not None)
        picture.figure(figures).savefig(path, format="png", dpi=130)


def chinese_font() -> str | None:
    """The name of an installed font with the letters we need, None where there is none."""
    known = {font.name: font.fname for font in font_manager.fontManager.ttflist}
    return next((name for name in CHINESE_FONTS if name in known), None) or _newly_installed(known.values())


def _newly_installed(known: Any) -> str | None:
    """Installed since the library last looked."""
    fresh = set(font_manager.findSystemFonts()) - set(known)
    for path in sorted(fresh):
        if any(word in Path(path).name for word in ("CJK", "Hei", "hei", "wqy", "YaHei", "SourceHan")):
            font_manager.fontManager.addfont(path)
    names = {font.name for font in font_manager.fontManager.ttflist}
    return next((name for name in CHINESE_FONTS if name in names), None)


@dataclass
class _Picture:
    played: Played
    chinese: bool

    def figure(self, figures: Sequence[Metric]) -> Figure:
        fills = [self._line, self._waits, self._agents, *([self._callbacks] if self.played.promised else [])]
        layout = ConstrainedLayoutEngine(h_pad=0.12, w_pad=0.12, hspace=0.06)
        figure = Figure(figsize=(13, 2.2 + 2.8 * len(fills)), facecolor="white", layout=layout)
        head, *panels = figure.subplots(1 + len(fills), 1, height_ratios=(0.55, *(1 for _ in fills)))
        self._head(head, figures)
        for panel, fill in zip(panels, fills, strict=True):
            fill(panel)
            self._time(panel)
        return figure

    def words(self, chinese: str, english: str) -> str:
        return f"{chinese}  {english}" if self.chinese else english[:1].upper() + english[1:]

    # ---- the head -------------------------------------------------------------------------------------------------

    def _head(self, axes: Axes, figures: Sequence[Metric]) -> None:
        axes.set_axis_off()
        zone = ZoneInfo(self.played.plan.rules.timezone)
        day = self.played.plan.begins_at.astimezone(zone)
        title = self.words("热线模拟", "simulated hotline")
        axes.text(0, 1, f"{title}   {day:%Y-%m-%d}", fontsize=17, fontweight="bold", va="top")
        by_name = {metric.name: metric for metric in figures}
        for place, (name, chinese, english) in enumerate(TILES):
            metric, left = by_name[name], place / len(TILES)
            axes.text(left, 0.42, shown(metric.value, metric.unit), fontsize=17, color=BLUE, va="center")
            label = f"{chinese}\n{english}" if self.chinese else english
            axes.text(left, 0.18, label, fontsize=9, color=SLATE, va="top", linespacing=1.4)

    # ---- the panels -----------------------------------------------------------------------------------------------

    def _line(self, axes: Axes) -> None:
        at, waiting = self._seen(lambda state: state.waiting)
        label = self.words("在线等候", "on the line")
        axes.fill_between(at, waiting, step="post", color=ORANGE, alpha=0.85, linewidth=0, label=label)
        _, promised = self._seen(lambda state: state.promised)
        if any(promised):
            label = self.words("等候回电", "to be called back")
            axes.step(at, promised, where="post", color=BLUE, linewidth=1.4, label=label)
        axes.set_title(self.words("等候的来电者", "callers waiting"))
        axes.set_ylim(0, max(*waiting, *promised, 4) * 1.2)
        axes.legend(loc="upper left", ncols=2)
        axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))

    def _waits(self, axes: Axes) -> None:
        served = [call for call in self.played.calls if call.served_at]
        left = [
            call
            for call in self.played.calls
            if call.outcome is Outcome.ABANDONED and call.ended_at is not None
        ]
        axes.plot(
            [_on(call.presented_at) for call in served],
            [(call.served_at - call.presented_at).total_seconds() / 60 for call in served if call.served_at],
            ".", color=BLUE, alpha=0.35, markersize=4, label=self.words("接通", "served"),
        )  # fmt: skip
        axes.plot(
            [_on(call.presented_at) for call in left],
            [(call.ended_at - call.presented_at).total_seconds() / 60 for call in left if call.ended_at],
            "x", color=RED, markersize=5, label=self.words("放弃", "left"),
        )  # fmt: skip
        self._ninth(axes)
        axes.set_title(self.words("等候时间（分钟）", "wait, minutes"))
        axes.set_ylim(0, max(axes.get_ylim()[1] * 1.15, 1))
        axes.legend(loc="upper left", ncols=3)

    def _ninth(self, axes: Axes) -> None:
        """The wait that nine of ten stay below, by the half hour."""
        known = [stretch for stretch in stretches(self.played) if stretch.wait_p90 is not None]
        axes.hlines(
            [(stretch.wait_p90 or 0.0) / 60 for stretch in known],
            [_on(stretch.from_at) for stretch in known],
            [_on(stretch.from_at + STRETCH) for stretch in known],
            color=INK, linewidth=1.8, label=self.words("每半小时九成不超过", "P90 by the half hour"),
        )  # fmt: skip

    def _agents(self, axes: Axes) -> None:
        at, on_duty = self._seen(lambda state: state.on_duty)
        busy = list(means(self.played.seen, lambda state: state.busy, FINE))
        axes.fill_between(
            [_on(from_at) for from_at, _ in busy], [mean for _, mean in busy],
            step="post", color=GREEN, alpha=0.55, linewidth=0, label=self.words("忙", "busy"),
        )  # fmt: skip
        axes.step(at, on_duty, where="post", color=INK, linewidth=1.6, label=self.words("当班", "on duty"))
        axes.set_title(self.words("座席", "agents"))
        axes.set_ylim(0, max(on_duty, default=1) * 1.25 + 0.5)
        axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.legend(loc="upper left", ncols=2)

    def _callbacks(self, axes: Axes) -> None:
        """Bars by the half hour in which they were promised."""
        made = stretches(self.played)
        at = [_on(stretch.from_at + STRETCH / 2) for stretch in made]
        in_time, late = [stretch.in_time for stretch in made], [stretch.late for stretch in made]
        waiting = [stretch.promised - stretch.in_time - stretch.late for stretch in made]
        below = [one + other for one, other in zip(in_time, late, strict=True)]
        width = STRETCH / timedelta(days=1) * 0.8
        axes.bar(at, in_time, width, color=GREEN, alpha=0.75, label=self.words("按时回电", "called in time"))
        axes.bar(at, late, width, in_time, color=RED, label=self.words("迟到", "late"))
        axes.bar(
            at, waiting, width, below, color=GREY, alpha=0.6, label=self.words("尚未回电", "not called yet")
        )
        axes.set_title(self.words("承诺的回电", "callbacks promised"))
        axes.set_ylim(0, max(*(stretch.promised for stretch in made), 3) * 1.25)
        axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.legend(loc="upper left", ncols=3)

    def _seen(self, weigh: Callable[[Seen], int]) -> tuple[list[float], list[int]]:
        return [_on(state.at) for state in self.played.seen], [weigh(state) for state in self.played.seen]

    def _last(self) -> datetime:
        """The end of the last half hour in which anything happened."""
        begins_at = self.played.plan.begins_at
        happened = [state.at for state in self.played.seen if state.busy or state.waiting]
        return begins_at + ((max(happened, default=begins_at) - begins_at) // STRETCH + 1) * STRETCH

    def _time(self, axes: Axes) -> None:
        """Every panel has the same hours, on the hotline's clock."""
        zone = ZoneInfo(self.played.plan.rules.timezone)
        axes.set_xlim(_on(self.played.plan.begins_at), _on(self._last()))
        axes.xaxis.set_major_locator(dates.AutoDateLocator(tz=zone, maxticks=14))  # type: ignore[no-untyped-call] # so it ships
        axes.xaxis.set_major_formatter(dates.DateFormatter("%H:%M", tz=zone))  # type: ignore[no-untyped-call] # so it ships
        axes.grid(axis="both")
        axes.set_axisbelow(True)


def _on(moment: datetime) -> float:
    """Where a moment lies on the axis."""
    return float(dates.date2num(moment))  # type: ignore[no-untyped-call] # so it ships
