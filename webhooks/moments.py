"""Moments as pages have them, and as people read them: `| local` with the date, `| clock` without."""

from datetime import datetime
from typing import overload
from zoneinfo import ZoneInfo

from flask import Flask


@overload
def milliseconds(moment: datetime) -> int: ...


@overload
def milliseconds(moment: datetime | None) -> int | None: ...


def milliseconds(moment: datetime | None) -> int | None:
    """Since 1970, as JavaScript counts them."""
    return None if moment is None else round(moment.timestamp() * 1000)


def add_moments(app: Flask, timezone: str) -> None:
    """Into the templates, in the hotline's own time zone; None is written as nothing."""
    zone = ZoneInfo(timezone)

    def local(moment: datetime | None) -> str:
        return "" if moment is None else moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")

    def clock(moment: datetime | None) -> str:
        return "" if moment is None else moment.astimezone(zone).strftime("%H:%M")

    app.jinja_env.filters |= {"local": local, "clock": clock}
