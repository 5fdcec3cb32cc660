"""A look at everything takes a second at most, whatever hangs."""

import threading
import time

from ivr.service.readiness import Check, NotReadyError, Readiness


def test_a_check_that_hangs_is_not_ready_in_time_and_is_not_started_twice() -> None:
    release, started = threading.Event(), []

    def hangs() -> str:
        started.append(1)
        release.wait(10)
        return "answers"

    readiness = Readiness(
        [Check(name="slow", probe=hangs), Check(name="fast", probe=lambda: "answers")], 0.05
    )
    began = time.monotonic()
    first, second = readiness.look(), readiness.look()
    assert time.monotonic() - began < 0.5
    assert [(finding.name, finding.ok) for finding in first] == [("slow", False), ("fast", True)]
    assert (second[0].detail, len(started)) == ("no answer yet", 1)
    release.set()
    time.sleep(0.05)
    assert readiness.look()[0].ok


def test_what_is_wrong_is_one_word_without_the_secrets_of_an_error() -> None:
    def refused() -> str:
        raise ConnectionError("redis://user:secret@host")

    def stale() -> str:
        raise NotReadyError("no worker")

    findings = Readiness([Check(name="redis", probe=refused), Check(name="worker", probe=stale)]).look()
    assert [finding.detail for finding in findings] == ["ConnectionError", "no worker"]
