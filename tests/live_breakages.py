"""One line broken for each rule of the live news and of who is there, and the test that must notice."""

from tests.breakages import Breakage

_STREAM = "tests/webhooks/test_page_stream.py::"
_FEED = "tests/service/test_live_feed.py::"
_TIDINGS = "tests/service/test_tidings.py::"
_PRESENCE = "tests/service/test_presence.py::"
_WHO = "tests/adapters/test_sql_presence.py::"
_LOST = "agents.c.state == _AVAILABLE, agents.c.page_seen_at < before)"

LIVE_BREAKAGES = (
    Breakage(
        rule="no news is lost",
        what="what rang while a page was away is not told when it is back",
        file="webhooks/live_events.py",
        old="        for each in missed:\n            yield _told(each)\n",
        new="",
        test=_STREAM + "test_what_rang_while_a_page_was_away_is_told_in_its_order_r66",
    ),
    Breakage(
        rule="no news is lost",
        what="a page goes on from the end of the log, not from where it left off",
        file="ivr/service/live_feed.py",
        old="between = self._joining.between(after, until)",
        new="between = self._joining.between(until, until)",
        test=_FEED + "test_wherever_it_is_cut_off_nothing_is_lost_and_nothing_doubled",
    ),
    Breakage(
        rule="no news is lost",
        what="a log that begins anew is waited for in silence",
        file="ivr/service/live_feed.py",
        old="        if not batch and self._reading.newest() < position:",
        new="        if False:",
        test=_FEED + "test_a_log_that_was_wiped_ends_every_stream_so_that_each_page_asks_anew",
    ),
    Breakage(
        rule="no news is doubled",
        what="what rings while a page comes back is told twice",
        file="webhooks/live_events.py",
        old="case StampedNews() if item.stamp > heard:",
        new="case StampedNews() if item.stamp:",
        test=_STREAM + "test_what_rings_while_a_page_comes_back_is_told_once_r66",
    ),
    Breakage(
        rule="no news is doubled",
        what="a ring that goes on under the greeting pops once more",
        file="ivr/service/tidings.py",
        old="    if rings is not None and rings != was:",
        new="    if rings is not None:",
        test=_TIDINGS + "test_a_ring_that_goes_on_under_the_greeting_is_no_second_ring_r65",
    ),
    Breakage(
        rule="R66",
        what="everybody hears whose phone rings",
        file="ivr/service/live_feed.py",
        old="return managers or news.to in (EVERYBODY, self.login)",
        new="return True",
        test=_FEED + "test_each_hears_what_is_his_and_what_is_everybodys_r66",
    ),
    Breakage(
        rule="R66",
        what="who let it ring keeps the pop",
        file="ivr/service/tidings.py",
        old="    if was is not None and was != rings and not answered:",
        new="    if False:",
        test=_TIDINGS + "test_who_lets_it_ring_is_told_that_it_is_over_and_the_next_that_his_rings",
    ),
    Breakage(
        rule="R64",
        what="whose page is his phone is never rung by Twilio",
        file="ivr/policy/floor.py",
        old="self.given if self.given and is_client(self.given) else None",
        new="None",
        test="tests/policy/test_floor.py"
        "::test_whose_page_is_his_phone_is_rung_by_the_switch_that_has_the_caller_r64[twilio-client:wang]",
    ),
    Breakage(
        rule="whose page is gone",
        what="a page gone for fifteen seconds is waited for half a minute longer",
        file="ivr/service/presence.py",
        old="GONE_AFTER = timedelta(seconds=15)",
        new="GONE_AFTER = timedelta(seconds=45)",
        test=_PRESENCE + "test_a_page_gone_for_more_than_15_seconds_gets_no_new_calls",
    ),
    Breakage(
        rule="whose page is gone",
        what="a page that is only loaded anew costs its agent his calls",
        file="ivr/service/presence.py",
        old="GONE_AFTER = timedelta(seconds=15)",
        new="GONE_AFTER = timedelta(seconds=5)",
        test=_PRESENCE + "test_a_page_that_is_back_within_15_seconds_changes_nothing",
    ),
    Breakage(
        rule="whose page is gone",
        what="a server that was away throws everybody off",
        file="ivr/service/presence.py",
        old="        if self._listening_since is None or self._listening_since > before:",
        new="        if False:",
        test=_PRESENCE + "test_a_server_that_was_killed_throws_nobody_off",
    ),
    Breakage(
        rule="whose page is gone",
        what="a running call is torn from him",
        file="ivr/adapters/sql_presence.py",
        old=f"sa.and_({_LOST}",
        new="sa.and_(agents.c.page_seen_at < before)",
        test=_WHO + "test_whoever_is_not_free_stays_what_he_is[sqlite-talking]",
    ),
    Breakage(
        rule="whose page is gone",
        what="who works from his phone without a page gets no calls",
        file="ivr/adapters/sql_presence.py",
        old=_LOST,
        new="agents.c.state == _AVAILABLE, sa.not_(agents.c.page_seen_at.is_not_distinct_from(now)))",
        test=_WHO + "test_who_works_without_a_page_is_never_lost[sqlite]",
    ),
    Breakage(
        rule="whose page is gone",
        what="an open page alone brings him back from lunch",
        file="ivr/adapters/sql_presence.py",
        old="agents.c.state == _UNREACHABLE, agents.c.reason == PAGE_GONE)",
        new="agents.c.state != _AVAILABLE)",
        test=_WHO + "test_an_open_page_alone_brings_nobody_to_work[sqlite]",
    ),
    Breakage(
        rule="whose page is gone",
        what="nobody is told that the last one on duty is gone",
        file="ivr/service/presence.py",
        old="        if gone and not self._book.anybody_on_duty():",
        new="        if False:",
        test=_PRESENCE + "test_the_last_one_on_duty_going_is_told_to_the_managers",
    ),
    Breakage(
        rule="who tries passwords",
        what="anybody says from where he tries",
        file="webhooks/sign_in.py",
        old='return forwarded if forwarded and address in {"127.0.0.1", "::1"} else address',
        new="return forwarded or address",
        test="tests/webhooks/test_sign_in.py"
        "::test_where_somebody_is_says_only_a_proxy_on_this_machine[192.0.2.9-198.51.100.7-192.0.2.9]",
    ),
)
