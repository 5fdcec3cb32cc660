"""What the frame of the pages needs: who signs in, who is signed in, and the administration of both."""

from config.settings import Settings
from ivr.adapters.argon2_passwords import Argon2Passwords
from ivr.adapters.sql_audit import SqlAudit
from ivr.adapters.sql_people import SqlPeople
from ivr.adapters.sql_sign_in import SqlSignIn
from ivr.adapters.sql_sip_accounts import SipAccount
from ivr.adapters.sql_web_sessions import SqlWebSessions
from ivr.adapters.system_clock import SystemClock
from ivr.bootstrap import agents_service
from ivr.service.people import People
from ivr.service.sign_in import SignIns


def web_sessions(settings: Settings) -> SqlWebSessions:
    """Who is signed in at which browser."""
    return SqlWebSessions(settings.database_url)


def audit_book(settings: Settings) -> SqlAudit:
    """Who did what to what."""
    return SqlAudit(settings.database_url)


def sign_ins(settings: Settings) -> SignIns:
    """The way in."""
    return SignIns(
        book=SqlSignIn(settings.database_url),
        passwords=Argon2Passwords(),
        audit=audit_book(settings),
        clock=SystemClock(),
    )


def people(settings: Settings) -> People[SipAccount | None]:
    """The administration of logins."""
    clock = SystemClock()
    return People(
        book=SqlPeople(settings.database_url, clock),
        agents=agents_service(settings),
        passwords=Argon2Passwords(),
        sign_in_book=SqlSignIn(settings.database_url),
        sessions=web_sessions(settings),
        audit=audit_book(settings),
        clock=clock,
    )
