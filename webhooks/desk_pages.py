"""The agent's desk: one page of three columns, each a fragment of its own that is fetched anew when something happens.

A column whose area gives no page stays empty. Who calls is fetched at the ring and before anything else: a ring is
three pieces of news at once, and what is asked for at the same moment is answered later by all the rest.
"""

from dataclasses import dataclass

from flask import Blueprint, render_template

from ivr.policy.roles import ON_THE_FLOOR
from webhooks.access import allowed
from webhooks.words import N_

SOON_MS = 120  # after the card is painted, before anybody misses it


@dataclass(frozen=True, kw_only=True)
class Column:
    """`at_once` and `soon` are the live news after which it is fetched anew; several of them soon are one fetch."""

    name: str
    title: str
    at_once: tuple[str, ...] = ()
    soon: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        return f"/desk/{self.name}"

    @property
    def trigger(self) -> str:
        """As htmx reads it."""
        at_once = (f"live:{event} from:body" for event in ("snapshot", *self.at_once))
        soon = (f"live:{event} from:body delay:{SOON_MS}ms" for event in self.soon)
        return ", ".join(["load", *at_once, *soon])


COLUMNS = (
    Column(name="caller", title=N_("来电"), at_once=("ring",), soon=("ring_over", "talk", "record", "state")),
    Column(name="record", title=N_("记录"), soon=("ring", "ring_over", "talk", "record", "state")),
    Column(name="help", title=N_("怎么说"), soon=("talk", "record", "state")),
)


def desk_blueprint() -> Blueprint:
    """/desk alone; its columns are their areas'."""
    blueprint = Blueprint("desk", __name__)

    @blueprint.get("/desk")
    @allowed(*ON_THE_FLOOR)
    def desk() -> str:
        return render_template("desk.html", columns=COLUMNS)

    return blueprint
