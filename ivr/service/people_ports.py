"""What the administration of logins needs of the outside."""

from dataclasses import dataclass
from typing import Protocol, TypeVar

from ivr.policy.floor import AgentState
from ivr.policy.phone import Phone
from ivr.policy.roles import Role


@dataclass(frozen=True, kw_only=True)
class Login:
    """One login as the administration sees it; `phone` is empty for an admin, `signed_in` counts his browsers."""

    login: str
    name: str
    role: Role
    phone: str
    state: AgentState
    has_password: bool
    signed_in: int


@dataclass(frozen=True, kw_only=True)
class LoginChange:
    """What he is from now on; `phone` None leaves it as it is."""

    name: str
    role: Role
    phone: Phone | None


A = TypeVar("A", covariant=True)


class PeopleBook(Protocol[A]):
    """Every login, admins too."""

    def everybody(self) -> tuple[Login, ...]:
        """In order of their logins."""

    def change(self, login: str, change: LoginChange) -> A:
        """The account made for `endpoint:NEW`, if one was. Raises AgentError."""
