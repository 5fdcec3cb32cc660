"""A page as an agent's phone: one at a time, with a secret of its own, and never while the switch does not know it."""

from pathlib import Path

import pytest

from ivr.adapters.sql_alerts import SqlAlerts
from ivr.adapters.sql_desk_phones import SqlDeskPhones
from ivr.adapters.sql_desk_schema import audit
from ivr.adapters.sql_schema import agents, alerts
from ivr.policy.phone import PAGE_PREFIX, is_page, parse_phone
from ivr.service.consults import Consults
from ivr.service.desk_phone_ports import SwitchUnavailable
from ivr.service.desk_phones import DeskPhones, PhoneElsewhere
from ivr.service.page_watch import PageWatch
from tests.adapters.rows import Database, SetClock
from tests.fakes.fake_desk_phones import FakeDeskPhoneSwitch, FakePageLegs


class House:
    def __init__(self, directory: Path) -> None:
        self.database = Database(directory)
        for login in ("zhao", "qian", "sun"):
            self.database.add_agent(login, "available" if login != "sun" else "offline")
        self.switch = FakeDeskPhoneSwitch()
        self.book = SqlDeskPhones(self.database.url, SetClock())
        self.phones = DeskPhones(self.book, self.switch)
        self.consults = Consults(self.book, SqlAlerts(self.database.url, SetClock()))


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_a_claimed_page_is_a_page_and_his_phone(house: House) -> None:
    account = house.phones.claim("zhao", "Zhao")
    assert is_page(parse_phone(f"endpoint:{account.name}"))
    assert house.switch.accounts == {account.name: account.secret}
    assert house.phones.held("zhao") == account.name
    assert house.book.way_to("zhao") == f"endpoint:{account.name}"
    assert house.book.way_to("qian") == "endpoint:qian"


@pytest.mark.parametrize(
    ("phone", "is_one"), [("client:zhao", True), ("client:qian", False), ("endpoint:zhao", False)]
)
def test_a_page_can_be_twilio_s_client_of_who_was_given_the_one_of_his_name(
    house: House, phone: str, is_one: bool
) -> None:
    with house.database.engine.begin() as connection:
        connection.execute(agents.update().where(agents.c.login == "zhao").values(phone=phone))
    house.phones.claim("zhao", "Zhao")
    assert house.phones.has_client("zhao") is is_one


def test_a_page_loaded_again_has_a_new_secret_and_the_old_one_is_refused(house: House) -> None:
    first = house.phones.claim("zhao", "Zhao")
    again = house.phones.renew("zhao", "Zhao", first.name)
    assert again.name == first.name
    assert again.secret != first.secret
    assert house.switch.accounts == {again.name: again.secret}


def test_who_claims_last_has_the_phone_and_the_other_page_is_told(house: House) -> None:
    first = house.phones.claim("zhao", "Zhao")
    second = house.phones.claim("zhao", "Zhao")
    assert set(house.switch.accounts) == {second.name}
    with pytest.raises(PhoneElsewhere):
        house.phones.renew("zhao", "Zhao", first.name)
    with pytest.raises(PhoneElsewhere):
        house.phones.renew("qian", "Qian", second.name)


def test_given_back_his_other_phone_rings_and_the_account_is_forgotten(house: House) -> None:
    house.phones.claim("zhao", "Zhao")
    house.phones.give_back("zhao")
    assert house.switch.accounts == {}
    assert house.phones.held("zhao") is None
    assert house.book.way_to("zhao") == "endpoint:zhao"


def test_a_switch_that_does_not_answer_changes_nobodys_phone(house: House) -> None:
    house.switch.away = True
    with pytest.raises(SwitchUnavailable):
        house.phones.claim("zhao", "Zhao")
    assert house.phones.held("zhao") is None
    house.switch.away = False
    house.phones.claim("zhao", "Zhao")
    house.switch.away = True
    house.phones.give_back("zhao")
    assert house.phones.held("zhao") is None


def test_a_colleague_on_duty_may_be_asked_and_only_he_R74(house: House) -> None:
    account = house.phones.claim("zhao", "Zhao").name
    assert [one["login"] for one in house.phones.on_duty()] == ["qian", "zhao"]
    assert house.consults.phone_for(account, "call-qian") == "endpoint:qian"
    assert house.consults.phone_for(account, "call-sun") is None, "off duty"
    assert house.consults.phone_for(account, "call-zhao") is None, "himself"
    assert house.consults.phone_for(account, "call-nobody") is None
    assert house.database.rows(alerts) == []


@pytest.mark.parametrize("dialled", ["13900139000", "+8613900139000", "call-", "qian", "call-qian@elsewhere"])
def test_anything_else_an_agent_dials_is_refused_and_written_down_R74(house: House, dialled: str) -> None:
    account = house.phones.claim("zhao", "Zhao").name
    assert house.consults.phone_for(account, dialled) is None
    lines = [(line["login"], line["action"], line["detail"]) for line in house.database.rows(audit)]
    assert lines == [("zhao", "dial_refused", dialled)]
    told = [(alert["kind"], alert["agent"]) for alert in house.database.rows(alerts)]
    assert told == [("dial_refused", "zhao")]


def test_an_account_that_is_nobodys_asks_nobody_R74(house: House) -> None:
    assert house.consults.phone_for(f"{PAGE_PREFIX}00000000", "call-qian") is None
    assert len(house.database.rows(alerts)) == 1


def test_a_page_that_does_not_ring_within_a_second_is_ended_and_one_that_rings_is_not_R64(
    house: House,
) -> None:
    account = house.phones.claim("zhao", "Zhao").name
    legs, now = FakePageLegs("PJSIP/dead", "PJSIP/slow"), [0.0]
    watch = PageWatch(house.book, legs, lambda: now[0])
    watch.turn()
    assert legs.asked == 0, "nobody is rung"
    with house.database.engine.begin() as connection:
        connection.execute(agents.update().where(agents.c.desk_phone == account).values(state="reserved"))
    for moment in (0.0, 0.5):
        now[0] = moment
        watch.turn()
    legs.silent.discard("PJSIP/slow")
    now[0] = 0.9
    watch.turn()
    assert legs.ended == []
    now[0] = 1.1
    watch.turn()
    assert legs.ended == ["PJSIP/dead"]
