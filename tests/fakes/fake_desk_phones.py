"""A switch that knows accounts of pages, and channels to them, in memory."""

from ivr.service.desk_phone_ports import SwitchUnavailable


class FakeDeskPhoneSwitch:
    """DeskPhoneSwitch; `away` makes it refuse everything."""

    def __init__(self) -> None:
        self.accounts: dict[str, str] = {}
        self.away = False

    def make(self, account: str, secret: str, name: str) -> None:
        self._answer()
        self.accounts[account] = secret

    def forget(self, account: str) -> None:
        self._answer()
        self.accounts.pop(account, None)

    def _answer(self) -> None:
        if self.away:
            raise SwitchUnavailable("away")


class FakePageLegs:
    """PageLegs."""

    def __init__(self, *silent: str) -> None:
        self.silent = set(silent)
        self.ended: list[str] = []
        self.asked = 0

    def silent_pages(self) -> frozenset[str]:
        self.asked += 1
        return frozenset(self.silent)

    def end(self, channel: str) -> None:
        self.ended.append(channel)
        self.silent.discard(channel)
