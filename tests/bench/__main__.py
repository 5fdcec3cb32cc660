"""`python -m tests.bench`: measures, prints a table and ratios; `--json` prints one JSON object instead."""

import argparse
import os
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from ivr.cli.telephone.sipp import free_udp_port
from tests.bench.capacity import Capacity, measure
from tests.bench.report import Report, as_json, as_text
from tests.bench.rivals import Rivals
from tests.bench.sounds import cut_prompts
from tests.bench.variants import hotline_variant, rival_variants
from tests.bench.wake import Line, Wakes, bench_phone, wakes_of
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
    parser.add_argument("--only", default=VARIANTS + "w", help="some of a b c d w (w: the wake times)")
    options = parser.parse_args(arguments)
    since, load_before = time.monotonic(), os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as name:
        capacities = _capacities(Path(name), options.only)
        wakes = _wakes(Path(name)) if "w" in options.only else []
    machine = {
        "cores": os.cpu_count(),
        "load before": round(load_before, 2),
        "seconds taken": round(time.monotonic() - since),
    }
    report = Report(capacities=capacities, wakes=wakes, machine=machine)
    print(as_json(report) if options.json else as_text(report))
    return 0


def _capacities(directory: Path, only: str) -> list[Capacity]:
    found: list[Capacity] = []
    if "a" in only:
        with _hotline(directory / "a", "") as hotline:
            say("the hotline with nobody on duty")
            found.append(measure(hotline_variant(hotline), sipp(), say))
    if set(only) & set("bcd"):
        with Rivals(directory / "rivals", {**_ports(), **RTP_PORTS}) as rivals:
            say("the rivals, one after the other")
            chosen = [variant for variant in rival_variants(rivals) if variant.key in only]
            found += [measure(variant, sipp(), say) for variant in chosen]
    return found


def _hotline(data_dir: Path, policy: str) -> RunningHotline:
    cut_prompts(data_dir)
    return RunningHotline(data_dir, policy, env=RTP_PORTS if not policy else {})


def _wakes(directory: Path) -> list[Wakes]:
    """Ours and app_queue's at the same time: whatever else the machine does, both meet it; neither keeps it busy."""
    say(f"wakes: {WAKES} of the hotline and of app_queue side by side")
    results: dict[str, Wakes] = {}

    def ours() -> None:
        results["ours"] = _our_wakes(directory / "wake", "hotline", WAKES, 0.0)

    thread = threading.Thread(target=ours, name="ours", daemon=True)
    thread.start()
    queue = _queue_wakes(directory / "queue")
    thread.join()
    say(f"wakes: {WRAP_UP_WAKES} of the hotline after a wrap-up of {WRAP_UP_SECONDS:g} s")
    name = f"hotline, after {WRAP_UP_SECONDS:g} s of wrap-up"
    return [results["ours"], queue, _our_wakes(directory / "wrap_up", name, WRAP_UP_WAKES, WRAP_UP_SECONDS)]


def _our_wakes(directory: Path, name: str, count: int, wrap_up_seconds: float) -> Wakes:
    policy = f'wrap_up_seconds = {wrap_up_seconds:g}\nanswer_when_saturated = "now"\n'
    with ExitStack() as stack:
        hotline = stack.enter_context(_hotline(directory, policy))
        port = hotline.settings.sip_port
        phone = stack.enter_context(bench_phone(hotline.sipp, server_port=port, user="bench"))
        hotline.add_agent("bench", phone.address)
        line = Line(hotline.sipp, port=port, to="4001234567", count=count + 1)
        line.start()
        line.join()
        return Wakes(name=name, wanted=count, seconds=wakes_of(phone.messages(), wrap_up_seconds))


def _queue_wakes(directory: Path) -> Wakes:
    phone_port = free_udp_port()
    with ExitStack() as stack:
        rivals = stack.enter_context(Rivals(directory, _ports(), phone_port))
        port = rivals.settings.sip_port
        phone = stack.enter_context(bench_phone(sipp(), server_port=port, user="phone", port=phone_port))
        line = Line(sipp(), port=port, to="4000", count=WAKES + 1)
        line.start()
        line.join()
        return Wakes(
            name="app_queue (retry 1 s, its least)", wanted=WAKES, seconds=wakes_of(phone.messages())
        )


if __name__ == "__main__":
    sys.exit(main())
