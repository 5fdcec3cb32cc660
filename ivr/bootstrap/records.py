"""What the pages of records need."""

from dataclasses import dataclass

from config.form import load_form
from config.policy import load_rules
from config.prompt_pack import load_texts
from config.settings import Settings
from ivr.adapters.sql_desk_records import SqlDeskRecords
from ivr.adapters.sql_records import SqlRecords
from ivr.adapters.system_clock import SystemClock
from ivr.bootstrap import live_news
from ivr.policy.prompts import CHINESE
from ivr.service.desk_records import DeskRecords
from ivr.service.record_endings import RecordEndings
from ivr.service.record_visits import RecordVisits
from ivr.service.records import RecordService


@dataclass(frozen=True, kw_only=True)
class RecordDesk:
    """Records as drafts, as they end, and the visits and complaints that come of them."""

    records: DeskRecords
    endings: RecordEndings
    visits: RecordVisits


def record_desk(settings: Settings) -> RecordDesk:
    """Over this installation's database, form and policy."""
    rules, clock, news = load_rules(settings), SystemClock(), live_news(settings)
    book, form = SqlDeskRecords(settings.database_url), load_form(settings.root)
    greeting = load_texts(settings.root / "config" / "prompts.toml").of(CHINESE)[rules.greeting]
    opener = RecordService(SqlRecords(settings.database_url), clock, news)
    return RecordDesk(
        records=DeskRecords(book, opener, clock, form, rules, greeting, news),
        endings=RecordEndings(book, clock, form, rules, news),
        visits=RecordVisits(book, clock, rules, news),
    )
