"""Who may do what begins with who somebody is: agents and managers take calls, admins never do."""

from enum import StrEnum


class Role(StrEnum):
    """What a login is for."""

    AGENT = "agent"
    MANAGER = "manager"
    ADMIN = "admin"


ON_THE_FLOOR = (Role.AGENT, Role.MANAGER)
"""Who can be given a call; an admin is no agent, in no listing and on no floor."""
