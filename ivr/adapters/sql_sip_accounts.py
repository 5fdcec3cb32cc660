"""Registering SIP accounts of agents' phones: a random name that no caller can meet by chance, and a secret."""

import secrets
from dataclasses import dataclass

import sqlalchemy as sa

from ivr.adapters.sql_schema import sip_accounts
from ivr.service.ports import Clock


@dataclass(frozen=True, kw_only=True)
class SipAccount:
    """What a person types into his phone."""

    name: str
    secret: str


def add_account(connection: sa.Connection, clock: Clock) -> SipAccount:
    """A new account, written."""
    account = SipAccount(name=f"ag-{secrets.token_hex(4)}", secret=secrets.token_urlsafe(15))
    row = {"name": account.name, "secret": account.secret, "created_at": clock.now()}
    connection.execute(sa.insert(sip_accounts), row)
    return account


def all_accounts(connection: sa.Connection) -> tuple[SipAccount, ...]:
    """Every account, in order of their names."""
    rows = connection.execute(sa.select(sip_accounts).order_by(sip_accounts.c.name))
    return tuple(SipAccount(name=row.name, secret=row.secret) for row in rows)
