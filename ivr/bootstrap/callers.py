"""What the pages about callers and callbacks are made of."""

import atexit
from collections.abc import Callable
from functools import cache

from config.settings import Settings
from ivr.adapters.number_places import NumberPlaces
from ivr.adapters.sql_callback_desk import SqlCallbackDesk
from ivr.adapters.sql_caller_card import SqlCallerCard
from ivr.adapters.sql_company_choice import SqlCompanyChoice
from ivr.adapters.sql_records import SqlRecords
from ivr.adapters.system_clock import SystemClock
from ivr.bootstrap import call_book, live_news
from ivr.policy.rules import Rules
from ivr.service.callback_desk import CallbackDesk
from ivr.service.callbacks_by_hand import CallbacksByHand
from ivr.service.caller_card import CallerCards
from ivr.service.company_choice import CompanyChoice
from ivr.service.promises_by_hand import PromisesByHand
from ivr.service.records import RecordService


def caller_cards(settings: Settings, rules: Rules) -> CallerCards:
    """Who is before which agent."""
    places = NumberPlaces(settings.data_dir / "cache")
    return CallerCards(SqlCallerCard(settings.database_url), places, SystemClock(), rules)


def company_choice(settings: Settings, cards: CallerCards) -> CompanyChoice:
    """For agents who know whose number it is."""
    clock, news = SystemClock(), live_news(settings)
    records = RecordService(SqlRecords(settings.database_url), clock, news)
    return CompanyChoice(cards, records, SqlCompanyChoice(settings.database_url), clock, news)


def callback_desk(settings: Settings) -> CallbackDesk:
    """What is still to be called."""
    return CallbackDesk(SqlCallbackDesk(settings.database_url), SystemClock(), live_news(settings))


def by_hand(settings: Settings, rules: Rules) -> Callable[[], tuple[CallbacksByHand, PromisesByHand]]:
    """For agents who dial themselves; the book is opened when the first of them does."""

    @cache
    def opened() -> tuple[CallbacksByHand, PromisesByHand]:
        book = call_book(settings, rules)
        atexit.register(book.close)
        return CallbacksByHand(book, SystemClock(), rules), PromisesByHand(book, SystemClock())

    return opened
