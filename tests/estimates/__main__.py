"""`python -m tests.estimates [SEED]`: plays every scenario and prints ours beside its rivals."""

import sys
import time

from tests.estimates.campaign import OURS, SCENARIOS, TROUBLES, TRUE_LINE_LENGTH, Score, disturbed, play
from tests.estimates.rivals import NAMES

COLUMNS = (OURS, TRUE_LINE_LENGTH, *NAMES)


def main(seed: int) -> None:
    """Coverage of the unrounded quantiles; RMSE ÷ the scenario's mean wait."""
    since = time.monotonic()
    _print_row("scenario", ("load", "waits", "mean s", "P80", "P90"), COLUMNS)
    scores = []
    for scenario in SCENARIOS:
        score = play(scenario, seed)
        mean = score.waited / score.waits
        numbers = (
            f"{scenario.load:g}",
            str(score.waits),
            f"{mean:.0f}",
            f"{score.p80:.3f}",
            f"{score.p90:.3f}",
        )
        _print_row(scenario.name, numbers, tuple(f"{score.rmse(name) / mean:.3f}" for name in COLUMNS))
        scores.append(score)
    waits = sum(score.waits for score in scores)
    p80, p90 = (
        sum(getattr(score, name) for score in scores) / waits for name in ("within_p80", "within_p90")
    )
    _print_row("all", ("", str(waits), "", f"{p80:.3f}", f"{p90:.3f}"), ())
    print("\nP80 after the first 50 waits since the trouble, without correction and with it")
    for trouble in TROUBLES:
        before, after = disturbed(trouble, correcting=False), disturbed(trouble)
        print(f"{trouble.name:<42} {_covered(before)} {_covered(after)}", flush=True)
    print(f"\n{time.monotonic() - since:.0f} s")


def _covered(score: Score) -> str:
    return f"{score.p80:7.3f}"


def _print_row(name: str, numbers: tuple[str, ...], errors: tuple[str, ...]) -> None:
    print(f"{name:<24}" + "".join(f"{text:>8}" for text in numbers + errors), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 1)
