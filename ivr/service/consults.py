"""What an agent may dial from his page: a colleague of the team, while his caller holds. Nothing else (R74)."""

import logging
import re

from ivr.service.desk_phone_ports import DeskPhoneBook
from ivr.service.transfers import AlertBook

DIAL_REFUSED = "dial_refused"
_COLLEAGUE = re.compile(r"call-([A-Za-z0-9_.-]{1,64})")

log = logging.getLogger(__name__)


class Consults:
    """Decides and writes down."""

    def __init__(self, book: DeskPhoneBook, alerts: AlertBook) -> None:
        self._book = book
        self._alerts = alerts

    def phone_for(self, account: str, dialled: str) -> str | None:
        """The phone to ring; None is a refusal, written down unless it is only a colleague who is not there."""
        login = self._book.owner(account)
        found = _COLLEAGUE.fullmatch(dialled)
        if login is not None and found is not None:
            return None if found[1] == login else self._book.way_to(found[1])
        log.warning("a call out of the hotline refused (R74): endpoint %s", account)
        self._alerts.add(DIAL_REFUSED, f"endpoint:{account}")
        if login is not None:
            self._book.refused_to_dial(login, dialled)
        return None
