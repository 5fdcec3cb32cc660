"""`hotline agent`: who is added, who can sign in, and that an admin is no agent."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from config.settings import Settings, load
from ivr.adapters.sql_desk_schema import audit, web_sessions
from ivr.adapters.sql_web_sessions import SqlWebSessions
from ivr.bootstrap.pages import sign_ins
from ivr.cli.main import App
from ivr.cli.main import hotline as command
from ivr.cli.run import first_logins
from ivr.policy.roles import Role
from ivr.policy.rules import Rules
from ivr.service.sign_in import WrongPasswordError
from tests.adapters.rows import NINE, Database


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({"HOTLINE_DATA_DIR": str(tmp_path), "REDIS_URL": "unix:///nowhere/redis.sock"})


@pytest.fixture
def database(settings: Settings) -> Database:
    return Database(settings.database_url)


def hotline(settings: Settings, *arguments: str, stdin: str = "") -> Result:
    environ = {"HOTLINE_DATA_DIR": str(settings.data_dir), "REDIS_URL": "unix:///nowhere/redis.sock"}
    app = App(settings=settings, rules=Rules())
    return CliRunner(env=environ).invoke(command, arguments, input=stdin, obj=app)


def test_an_admin_signs_in_and_is_on_no_list_of_agents(settings: Settings, database: Database) -> None:
    added = hotline(
        settings,
        "agent",
        "add",
        "root",
        "--name",
        "Root",
        "--role",
        "admin",
        "--password-stdin",
        stdin="long enough",
    )
    assert added.exit_code == 0, added.output
    assert sign_ins(settings).sign_in("root", "long enough", "192.0.2.7").role is Role.ADMIN
    assert json.loads(hotline(settings, "agents", "--json").output) == []
    refused = hotline(settings, "agent", "set", "root", "available")
    assert (refused.exit_code, database.agent("root")["state"]) == (1, "offline")


def test_an_agent_without_a_phone_and_an_admin_with_one_are_refused(
    settings: Settings, database: Database
) -> None:
    assert hotline(settings, "agent", "add", "ana", "--name", "Ana").exit_code == 2
    with_phone = ("--role", "admin", "--phone", "endpoint:NEW")
    assert hotline(settings, "agent", "add", "root", "--name", "Root", *with_phone).exit_code == 1


def test_a_new_password_from_the_command_line_ends_every_sign_in(
    settings: Settings, database: Database
) -> None:
    database.add_agent("ana")
    SqlWebSessions(settings.database_url).save("hash", "ana", {}, NINE)
    done = hotline(settings, "agent", "password", "ana", "--password-stdin", stdin="long enough\n")
    assert done.exit_code == 0, done.output
    assert "long enough" not in done.output
    assert database.rows(web_sessions) == []
    assert database.rows(audit)[-1]["action"] == "password_set"
    assert sign_ins(settings).sign_in("ana", "long enough", "192.0.2.7").login == "ana"


@pytest.mark.parametrize(("login", "password"), [("ana", "short"), ("nobody", "long enough")])
def test_a_password_that_cannot_be_set_changes_nothing(
    settings: Settings, database: Database, login: str, password: str
) -> None:
    database.add_agent("ana")
    done = hotline(settings, "agent", "password", login, "--password-stdin", stdin=f"{password}\n")
    assert done.exit_code == 1
    assert database.agent("ana")["password"] is None


def test_the_first_start_makes_three_logins_and_the_second_none(
    settings: Settings, database: Database
) -> None:
    lines = first_logins(settings)
    assert [line.split("(")[1].split(")")[0] for line in lines] == ["wang", "li", "admin"]
    for line in lines:
        login, password = line.split("(")[1].split(")")[0], line.split("password ")[1].split()[0]
        assert sign_ins(settings).sign_in(login, password, "192.0.2.7").login == login
        with pytest.raises(WrongPasswordError):
            sign_ins(settings).sign_in(login, password + "x", "192.0.2.7")
    assert first_logins(settings) == []


def test_an_installation_of_before_gets_its_admin(settings: Settings, database: Database) -> None:
    database.add_agent("ana")
    (line,) = first_logins(settings)
    assert "(admin)" in line
