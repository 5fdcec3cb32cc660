"""Who takes calls."""

from ivr.policy.roles import ON_THE_FLOOR, Role


def test_agents_and_managers_take_calls_and_an_admin_never_does() -> None:
    assert set(ON_THE_FLOOR) == {Role.AGENT, Role.MANAGER}
    assert [str(role) for role in Role] == ["agent", "manager", "admin"]
