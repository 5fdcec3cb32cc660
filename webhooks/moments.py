"""Moments as people read them: in the hotline's own time zone. `| local` with the date, `| clock` without."""

from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Flask


def add_moments(app: Flask, timezone: str) -> None:
    """Into the templates; None is written as nothing."""
    zone = ZoneInfo(timezone)

    def local(moment: datetime | None) -> str:
        return "" if moment is None else moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")

    def clock(moment: datetime | None) -> str:
        return "" if moment is None else moment.astimezone(zone).strftime("%H:%M")

    app.jinja_env.filters |= {"local": local, "clock": clock}
