"""The arithmetic of the benchmarks: what they print must follow from what they saw. No time is measured here."""

import json
from dataclasses import replace

import pytest

from ivr.cli.telephone.sip_log import Message
from tests.bench import bare_webhook
from tests.bench.capacity import Capacity, Cost, Trial
from tests.bench.load import percentile
from tests.bench.processes import part_of
from tests.bench.report import Report, as_json, as_text
from tests.bench.search import GRID, highest_rate
from tests.bench.wake import Wakes, wakes_of
from tests.bench.web_load import as_many_as_it_takes, is_twiml, is_whole, so_many_a_second, webhook
from tests.bench.webhooks import Side, Webhooks
from tests.fakes.twilio_wire import served


@pytest.mark.parametrize("limit", GRID)
def test_the_highest_rate_that_holds_is_found(limit: int) -> None:
    assert highest_rate(lambda rate: rate <= limit) == limit


def test_nothing_is_found_where_nothing_holds() -> None:
    assert highest_rate(lambda _rate: False) is None


def test_percentiles_are_values_that_were_seen() -> None:
    values = [float(n) for n in range(1, 101)]
    assert [percentile(values, share) for share in (0.5, 0.95, 0.99, 1.0)] == [50.0, 95.0, 99.0, 100.0]
    assert percentile([3.0], 0.01) == 3.0


def test_webhooks_are_signed_as_twilio_signs_and_the_bare_route_refuses_what_is_not() -> None:
    with served(bare_webhook.create_app()) as port:
        window = so_many_a_second(
            port, iter([webhook(number) for number in range(20)]), rate=100, seconds=0.2
        )
        assert (len(window.seconds), window.failed) == (20, 0)
        forged = iter([webhook(number, token="another") for number in range(3)])
        assert so_many_a_second(port, forged, rate=100, seconds=0.03).failed == 3
        requests = iter([webhook(number) for number in range(2000)])
        window = as_many_as_it_takes(port, requests, lines=2, seconds=0.2)
        assert window.a_second > 0
        assert window.failed == 0
    nobody = so_many_a_second(port, iter([webhook(1)]), rate=10, seconds=0.1)
    assert (nobody.seconds, nobody.failed) == ((), 1)


@pytest.mark.parametrize(
    ("answer", "whole"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Le", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd", True),
    ],
)
def test_an_answer_is_read_to_its_end(answer: bytes, whole: bool) -> None:
    assert is_whole(answer) is whole


def test_an_answer_that_no_caller_hears_anything_of_is_a_failure() -> None:
    assert is_twiml(b"HTTP/1.1 200 OK\r\n\r\n<Response><Play>x</Play></Response>")
    assert not is_twiml(b"HTTP/1.1 503 X\r\n\r\n<Response><Play>x</Play></Response>")
    assert not is_twiml(b"HTTP/1.1 200 OK\r\n\r\n<Response />")


def side(name: str, a_second: float, lost: int = 0) -> Side:
    return Side(
        name=name,
        a_second=a_second,
        windows=(a_second,),
        failed=0,
        lost=lost,
        p50_ms=2,
        p99_ms=4,
        cpu_ms=1.5,
        client_busy=0.1,
    )


def test_webhooks_are_told_beside_the_bare_routes_and_what_was_answered_unwritten_is_named() -> None:
    webhooks = Webhooks(hotline=side("ours", 400), bare=side("bare", 1000))
    report = Report(capacities=[], wakes=[], machine={}, webhooks=webhooks)
    assert "ratio 0.40  the share of a bare route's" in as_text(report)
    assert "not in the book" not in as_text(report)
    assert json.loads(as_json(report))["webhooks"]["ratio"] == 0.4
    assert json.loads(as_json(replace(report, webhooks=None)))["webhooks"] is None
    lost = replace(report, webhooks=replace(webhooks, hotline=side("ours", 400, lost=2)))
    assert "0 failed, 2 not in the book" in as_text(lost)


def message(at: float, direction: str, method: str, call_id: str, status: int | None = None) -> Message:
    line = f"SIP/2.0 {status} x" if status else f"{method} sip:a@b SIP/2.0"
    return Message(at, direction, line, {"cseq": f"1 {method}", "call-id": call_id}, "")


def test_a_wake_runs_from_the_agents_bye_to_his_next_new_invite() -> None:
    log = [
        message(1.0, "received", "INVITE", "one"),
        message(2.0, "sent", "BYE", "one"),
        message(2.1, "sent", "BYE", "one"),  # sent again
        message(2.2, "received", "BYE", "one", 200),
        message(2.5, "received", "INVITE", "two"),
        message(2.6, "received", "INVITE", "two"),  # sent again
        message(3.0, "sent", "BYE", "two"),
        message(4.0, "received", "INVITE", "one"),  # not a new call
        message(4.75, "received", "INVITE", "three"),
    ]
    assert wakes_of(log) == (0.5, 1.75)
    assert wakes_of(log, wrap_up_seconds=0.25) == (0.25, 1.5)


def capacity(key: str, limit: int | None) -> Capacity:
    half = Trial(rate=5, calls=50, failed=0, unwritten=0, p50_ms=2, p99_ms=float("nan"))
    cost = Cost(trial=half, cpu_ms_by_part={"asterisk": 5, "bursts": 2}, work_after_seconds=0)
    return Capacity(key=key, name=key * 3, limit=limit, half=cost, trials=(half,))


def test_ratios_are_told_with_their_meaning_and_a_missing_limit_is_no_ratio() -> None:
    capacities = [capacity("a", 60), capacity("b", 150), capacity("c", None), capacity("d", 20)]
    report = Report(
        capacities=capacities, wakes=[Wakes(name="w", wanted=2, seconds=(0.1,))], machine={"cores": 2}
    )
    assert report.ratios == {"a/b": 0.4, "a/c": None, "a/d": 3.0}
    assert "a/d   3.00  against a process a call" in as_text(report)
    assert "a asterisk 5.0  bursts 2.0" in as_text(report)
    told = json.loads(as_json(report))
    assert told["capacity"][0]["half"]["trial"]["p99_ms"] is None
    assert told["wakes"] == [{"name": "w", "wanted": 2, "got": 1, "p50_ms": 100.0, "p95_ms": 100.0}]


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("/lib/ld-linux-x86-64.so.2 --library-path /x /usr/sbin/asterisk -fn", "asterisk"),
        ("/usr/sbin/asterisk -fn -C x", "asterisk"),
        ("python -m agi_scripts.server", "bursts"),
        ("python -P -m ivr part worker records", "worker"),
        ("python -P -m ivr run", "rest"),
    ],
)
def test_a_process_is_counted_with_its_part(words: str, part: str) -> None:
    assert part_of(words) == part


def test_a_call_that_is_not_in_the_book_fails_its_rate() -> None:
    assert not Trial(rate=5, calls=50, failed=0, unwritten=1, p50_ms=2, p99_ms=3).holds


@pytest.mark.parametrize(("failed", "again"), [(0, False), (1, True), (5, True), (6, False)])
def test_only_a_window_with_few_failures_is_tried_again(failed: int, again: bool) -> None:
    trial = Trial(rate=10, calls=100, failed=failed, unwritten=0, p50_ms=2, p99_ms=3)
    assert trial.perhaps_spoilt is again


def test_a_limit_above_which_nothing_was_tried_is_told_as_at_least() -> None:
    assert ">=5" in as_text(Report(capacities=[capacity("a", 5)], wakes=[], machine={}))
    assert ">=" not in as_text(Report(capacities=[capacity("a", None)], wakes=[], machine={}))
