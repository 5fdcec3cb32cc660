"""The caller's card as it leaves the server; what the page makes of it is tried in a browser."""

from pathlib import Path

from tests.webhooks.pages import pages_in


def test_the_card_is_told_after_how_long_whoever_holds_is_brought_to_mind_r67(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("hold_alarm_seconds = 20\n", "utf-8")
    with pages_in(tmp_path, HOTLINE_POLICY=str(policy)) as pages:
        assert 'data-alarm-seconds="20.0"' in pages.browser("ana").get("/desk/caller").text
