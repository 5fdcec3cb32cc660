"""The people of the callback stories: callers who want one, agents who are busy, and the customers' network.

A caller hears the offer and answers with keys; his phone at home is a line of the network's, whose log is the judge.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ivr.adapters.sql_callback_schema import callback_attempts, callbacks, promises
from ivr.cli.telephone.sip_log import Message
from ivr.cli.telephone.sipp import free_udp_port
from tests.real_asterisk.hotline import RunningHotline
from tests.real_asterisk.sip.media import RATE
from tests.real_asterisk.sip.phones import PATIENCE_SECONDS, AgentPhone, Caller
from tests.real_asterisk.stories import calling, on_duty, prompt, wait_until_heard

OWN_NUMBER = "01087654321"
POLICY = f"""
rings = 1
pickup_margin_seconds = 1.5
wrap_up_seconds = 0
satisfaction = false
quiet_hours = []
own_numbers = ["{OWN_NUMBER}"]
"""
OFFERING = POLICY + "hold_if_wait_at_most_seconds = 0\n"
"""Any wait is too long: the callback is offered at once."""


class CallbackHotline(RunningHotline):
    """A hotline with an outbound trunk, which leads to the customers' network."""

    def __init__(
        self,
        data_dir: Path,
        policy: str,
        env: Mapping[str, str] | None = None,
        procfile: Path | None = None,
    ) -> None:
        self.customers_port = free_udp_port()
        trunk = {"HOTLINE_OUTBOUND_TRUNK": f"sip:127.0.0.1:{self.customers_port}"}
        super().__init__(data_dir, policy, {**trunk, **(env or {})}, procfile)

    def start(self, seconds: float = 40) -> None:
        super().start(seconds)
        self.wait(lambda: "manager events connected" in self.log("agi"))

    def customers(self, **options: Any) -> "Customers":
        """Their phones; entered for as long as the story goes."""
        return Customers(self, **options)

    def callback(self, number: str) -> dict[str, Any]:
        """The one callback of that number."""
        found = self.rows(sa.select(callbacks).where(callbacks.c.number == f"+86{number}"))
        assert len(found) == 1, found
        return found[0]

    def callbacks_of(self, number: str) -> list[dict[str, Any]]:
        return self.rows(sa.select(callbacks).where(callbacks.c.number == f"+86{number}"))

    def attempts(self, number: str) -> list[dict[str, Any]]:
        """Every attempt to call that number."""
        of_his = callback_attempts.c.callback_id == self.callback(number)["id"]
        return self.rows(sa.select(callback_attempts).where(of_his).order_by(callback_attempts.c.epoch))

    def results(self, number: str) -> list[str | None]:
        """What came of each."""
        return [attempt["result"] for attempt in self.attempts(number)]

    def promise(self, number: str) -> dict[str, Any]:
        """What he was promised."""
        of_his = promises.c.callback_id == self.callback(number)["id"]
        (row,) = self.rows(sa.select(promises).where(of_his))
        return row

    def wait_for_state(self, number: str, state: str, seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
        self.wait(lambda: self.callback(number)["state"] == state, seconds)
        return self.callback(number)

    def let_time_pass(self, number: str, minutes: float) -> None:
        """For this callback alone the clock goes on: everything written of it was so much earlier."""
        row, earlier = self.callback(number), timedelta(minutes=minutes)
        moments = ("next_at", "due_at", "first_due_at", "promised_at", "presented_at")
        engine = sa.create_engine(self.settings.database_url)
        with engine.begin() as connection:
            values = {name: row[name] - earlier for name in moments if row[name] is not None}
            connection.execute(callbacks.update().where(callbacks.c.id == row["id"]).values(values))
            for attempt in self.attempts(number):
                before = {name: attempt[name] - earlier for name in ("at", "ended_at") if attempt[name]}
                connection.execute(
                    callback_attempts.update().where(callback_attempts.c.id == attempt["id"]).values(before)
                )
            due = promises.update().where(promises.c.callback_id == row["id"])
            connection.execute(due.values(due_at=row["due_at"] - earlier))
        engine.dispose()


class Customers(AgentPhone):
    """The customers' network: whoever is rung through the outbound trunk."""

    def __init__(self, hotline: CallbackHotline, **options: Any) -> None:
        super().__init__(
            hotline.sipp,
            server_port=hotline.settings.sip_port,
            user="customer",
            port=hotline.customers_port,
            **options,
        )

    def rung(self, number: str) -> list[Message]:
        """Every call to that customer, oldest first."""
        found = [invite for invite in self.find("received", "INVITE") if number in invite.start_line]
        return list({invite.call_id: invite for invite in found}.values())

    def wait_until_rung(self, number: str, times: int = 1, seconds: float = PATIENCE_SECONDS) -> Message:
        """The so-manieth call to him, ringing."""
        until = time.monotonic() + seconds
        while len(self.rung(number)) < times:
            assert time.monotonic() < until, f"{number} was not rung:\n{self.story()}"
            time.sleep(0.02)
        call = self.call_ids().index(self.rung(number)[times - 1].call_id)
        return self.wait_for("sent", "INVITE", 180, call=call)

    def order_of(self, number: str, order: str, times: int = 1) -> None:
        """ANSWER, BUSY or HANGUP to the so-manieth call to him."""
        ringing = self.wait_until_rung(number, times)
        self.sipp.order(order, ringing.call_id)


def speaks(hotline: CallbackHotline, customers: Customers, number: str, times: int = 1) -> None:
    """The customer answers the so-manieth call to him, and speaks with a person."""
    customers.order_of(number, "ANSWER", times)
    hotline.wait(lambda: hotline.attempts(number)[-1]["served_at"] is not None)
    time.sleep(0.7)


def speaks_and_leaves(hotline: CallbackHotline, customers: Customers, number: str, times: int = 1) -> None:
    """The same, and it was all he wanted."""
    speaks(hotline, customers, number, times)
    customers.order_of(number, "HANGUP", times)
    hotline.wait_for_state(number, "done")


def accept(phone: AgentPhone, call: int = 0) -> None:
    """The agent answers that call of his phone and takes the callback by key."""
    phone.wait_for("sent", "INVITE", 180, call=call, seconds=40)
    phone.order("ANSWER", call=call)
    phone.wait_for("sent", "INVITE", 200, call=call)
    time.sleep(0.4)
    phone.media.press("1", to=phone.find("received", "INVITE", call=call)[0].media_port)


# ---- callers ----------------------------------------------------------------------------------------------------


def press(caller: Caller, keys: str) -> None:
    caller.media.press(keys, to=caller.find("received", "INVITE", 200)[0].media_port)


def hears(caller: Caller, name: str, seconds: float = 40) -> float:
    """Until the first half second of that prompt was said."""
    whole = prompt(name).size / RATE
    return wait_until_heard(caller.media, name, first_seconds=min(whole, 1.0), seconds=seconds)


def take_callback(caller: Caller) -> None:
    """He is offered one, takes it, and confirms his own number."""
    hears(caller, "offer_callback")
    press(caller, "1")
    hears(caller, "number_prefix")
    press(caller, "1")
    hears(caller, "callback_booked")


def are_promised(hotline: CallbackHotline, *numbers: str) -> None:
    """They ring one after the other, and each takes the callback."""
    with ExitStack() as people:
        callers = []
        for number in numbers:
            callers.append(people.enter_context(calling(hotline, number)))
            hotline.wait(lambda number=number: len(hotline.calls(number)) == 1)  # type: ignore[misc] # a default binds the loop's value
        for caller in callers:
            take_callback(caller)
    for number in numbers:
        assert hotline.ended_call(number)["outcome"] == "callback"


# ---- agents -----------------------------------------------------------------------------------------------------


@contextmanager
def busy(hotline: CallbackHotline, login: str, with_number: str) -> Iterator[tuple[AgentPhone, Caller]]:
    """An agent who talks with somebody; he is free again when the caller hangs up."""
    with ExitStack() as people:
        phone = people.enter_context(on_duty(hotline, login))
        caller = people.enter_context(calling(hotline, with_number))
        phone.wait_for("sent", "INVITE", 180)
        phone.answer()
        caller.wait_for("received", "INVITE", 200)
        hotline.wait(lambda: hotline.agent(login)["state"] == "talking")
        yield phone, caller
