"""What open pages are served from."""

from config.redis_address import redis_url
from config.settings import Settings
from ivr.adapters.redis_live import RedisLiveLog
from ivr.adapters.sql_desk_state import SqlDeskState
from ivr.adapters.sql_presence import SqlPresence
from ivr.adapters.system_clock import SystemClock
from ivr.bootstrap import agents_service, live_news
from ivr.policy.rules import Rules
from ivr.service.desk_state import DeskState
from ivr.service.live_desk import LiveDesk
from ivr.service.live_feed import LiveFeed
from ivr.service.presence import Presence


def live_desk(settings: Settings, rules: Rules) -> LiveDesk:
    """One a process; it does nothing before it is started."""
    url, clock, news = redis_url(settings), SystemClock(), live_news(settings)
    desk = DeskState(SqlDeskState(settings.database_url), agents_service(settings), clock, rules, news)
    presence = Presence(SqlPresence(settings.database_url), clock, news)
    return LiveDesk(LiveFeed(lambda: RedisLiveLog(url)), presence, desk)
