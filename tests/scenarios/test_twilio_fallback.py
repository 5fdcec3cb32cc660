"""A door in pieces: Twilio asks the fallback, and the call finds its way back into the hotline."""

from pathlib import Path

from tests.scenarios.stages import twilio_stage
from tests.scenarios.stories import Story

FALLBACK = Story(
    name="a_server_in_pieces",
    told="Our first answer is a 500: Twilio asks the fallback, and the caller goes on from there.",
    agents_on_duty=("wang",),
    deeds=((0, "chen", "dials"), (21, "wang", "answers"), (30, "wang", "hangs up")),
    hears={"chen": ("ring tone", "greeting", "static_apology", "waiting sound", "wang")},
    stored={"chen": {"greeted_at": 0.0, "served_at": 21.0, "outcome": "served"}},
    agents={},
)


def test_a_call_whose_first_webhook_failed_is_served_by_way_of_the_fallback__R64(tmp_path: Path) -> None:
    with twilio_stage(tmp_path, FALLBACK.rules, voice_path="/twilio/no-such-address") as stage:
        stage.tell(FALLBACK)
        stage.check(FALLBACK)
