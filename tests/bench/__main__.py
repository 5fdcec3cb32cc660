"""`python -m tests.bench`: measures, prints a table and ratios; `--json` prints one JSON object instead."""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from ivr.cli.telephone.sipp import free_udp_port
from tests.bench.capacity import Capacity, at_half, find_limit
from tests.bench.report import Report, as_json, as_text
from tests.bench.rivals import Rivals
from tests.bench.sounds import cut_prompts
from tests.bench.variants import Variant, hotline_variant, rival_variants
from tests.bench.wake import Wakes, bench_phone, hold_the_line, wakes_of
from tests.bench.webhooks import Webhooks, measure_webhooks
from tests.real_asterisk.hotline import RunningHotline, _ports, sipp

RTP_PORTS = {"HOTLINE_RTP_PORTS": "30000-32599"}  # 1,300 calls at once; the shipped range has room for 500
WAKES, WRAP_UP_WAKES, WRAP_UP_SECONDS = 50, 20, 1.0
VARIANTS = "abcd"


def say(line: str) -> None:
    """Progress goes to standard error: standard output is the result's."""
    print(line, file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    parser.add_argument(
        "--only", default=VARIANTS + "wt", help="some of a b c d w t (w: wake times, t: webhooks)"
    )
    options = parser.parse_args(arguments)
    since, load_before = time.monotonic(), os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as name:
        capacities = _capacities(Path(name), options.only)
        wakes = _wakes(Path(name)) if "w" in options.only else []
        webhooks = _webhooks(Path(name)) if "t" in options.only else None
    machine = {
        "cores": os.cpu_count(),
        "load before": round(load_before, 2),
        "seconds taken": round(time.monotonic() - since),
    }
    report = Report(capacities=capacities, wakes=wakes, webhooks=webhooks, machine=machine)
    print(as_json(report) if options.json else as_text(report))
    return 0


def _capacities(directory: Path, only: str) -> list[Capacity]:
    found: list[Capacity] = []
    if "a" in only:
        say("the hotline with nobody on duty")
        found.append(_hotline_capacity(directory))
    if set(only) & set("bcd"):
        with Rivals(directory / "rivals", {**_ports(), **RTP_PORTS}) as rivals:
            say("the rivals, one after the other")
            chosen = [variant for variant in rival_variants(rivals) if variant.key in only]
            found += [_capacity(variant) for variant in chosen]
    return found


def _hotline_capacity(directory: Path) -> Capacity:
    """The cost by a hotline of its own: the search leaves a heap of records still to be opened."""
    with _hotline(directory / "a") as hotline:
        variant = hotline_variant(hotline)
        limit, trials = find_limit(variant, sipp(), say)
    with _hotline(directory / "half") as hotline:
        half = at_half(hotline_variant(hotline), sipp(), limit, say)
    return Capacity(key=variant.key, name=variant.name, limit=limit, half=half, trials=trials)


def _capacity(variant: Variant) -> Capacity:
    limit, trials = find_limit(variant, sipp(), say)
    half = at_half(variant, sipp(), limit, say)
    return Capacity(key=variant.key, name=variant.name, limit=limit, half=half, trials=trials)


def _hotline(data_dir: Path) -> RunningHotline:
    cut_prompts(data_dir)
    return RunningHotline(data_dir, env=RTP_PORTS)


def _wakes(directory: Path) -> list[Wakes]:
    """All at the same time: whatever else the machine does, all meet it; none of them keeps it busy."""
    say(f"wakes: {WAKES} of the hotline and of app_queue, {WRAP_UP_WAKES} after a wrap-up, side by side")
    after = f"hotline, after {WRAP_UP_SECONDS:g} s of wrap-up"
    # made one after the other, for each migrates its database; started and used side by side
    at_once, wrapping_up = (
        _one_agent(directory / "wake", 0.0),
        _one_agent(directory / "wrap_up", WRAP_UP_SECONDS),
    )
    with ThreadPoolExecutor() as pool:
        waiting = [
            pool.submit(_our_wakes, at_once, "hotline", WAKES, 0.0),
            pool.submit(_queue_wakes, directory / "queue"),
            pool.submit(_our_wakes, wrapping_up, after, WRAP_UP_WAKES, WRAP_UP_SECONDS),
        ]
        return [one.result() for one in waiting]


def _webhooks(directory: Path) -> Webhooks:
    say("webhooks: the hotline's and a bare route's, by turns")
    return measure_webhooks(directory, say)


def _one_agent(directory: Path, wrap_up_seconds: float) -> RunningHotline:
    cut_prompts(directory)
    policy = f'wrap_up_seconds = {wrap_up_seconds:g}\nanswer_when_saturated = "now"\n'
    return RunningHotline(directory, policy)


def _our_wakes(hotline: RunningHotline, name: str, count: int, wrap_up_seconds: float) -> Wakes:
    with ExitStack() as stack:
        stack.enter_context(hotline)
        port = hotline.settings.sip_port
        phone = stack.enter_context(bench_phone(hotline.sipp, server_port=port, user="bench"))
        hotline.add_agent("bench", phone.address)
        hold_the_line(hotline.sipp, port=port, to="4001234567", count=count + 1)
        return Wakes(name=name, wanted=count, seconds=wakes_of(phone.messages(), wrap_up_seconds))


def _queue_wakes(directory: Path) -> Wakes:
    phone_port = free_udp_port()
    with ExitStack() as stack:
        rivals = stack.enter_context(Rivals(directory, _ports(), phone_port))
        port = rivals.settings.sip_port
        phone = stack.enter_context(bench_phone(sipp(), server_port=port, user="phone", port=phone_port))
        hold_the_line(sipp(), port=port, to="4000", count=WAKES + 1)
        return Wakes(
            name="app_queue (retry 1 s, its least)", wanted=WAKES, seconds=wakes_of(phone.messages())
        )


if __name__ == "__main__":
    sys.exit(main())
