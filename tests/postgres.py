"""A PostgreSQL of the tests' own: a new cluster in a temporary directory, gone with the run that started it.

Reached through its socket; on 127.0.0.1 by password only. It never runs as root: PostgreSQL refuses that.
`python -m tests.postgres` installs the server where it is missing and may be installed.
"""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import quote

import psycopg

MISSING = (
    "PostgreSQL's server is needed by the tests and was found neither below /usr/lib/postgresql nor on PATH. "
    "Install it (Debian: apt-get install -y postgresql) and run the tests again"
)
_ACCESS = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
_SECONDS_TO_START = 30


class PostgresMissing(Exception):
    """There is no server to start."""


class Postgres:
    """One running cluster; `url` and `tcp_url` name databases in it."""

    def __init__(self, binaries: Path, directory: Path, account: pwd.struct_passwd) -> None:
        self._binaries = binaries
        self._account = account
        self._names = count(1)
        self.directory = directory
        self.password = secrets.token_hex(16)
        self.port = _free_port()
        self._initdb()
        self.start()

    def url(self, name: str) -> str:
        """Through the socket."""
        return f"postgresql://hotline@/{name}?host={quote(str(self.directory))}&port={self.port}"

    def tcp_url(self, name: str) -> str:
        """As from another machine."""
        return f"postgresql://hotline:{self.password}@127.0.0.1:{self.port}/{name}"

    def new_database(self) -> str:
        """The URL of an empty database nobody else knows."""
        name = f"hotline_{os.getpid()}_{next(self._names)}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def databases_in_turn(self) -> Iterator[str]:
        """One after the other; the one before is dropped when the next is asked for."""
        while True:
            url = self.new_database()
            yield url
            self.execute(f"DROP DATABASE {url.partition('@/')[2].partition('?')[0]} WITH (FORCE)")

    def execute(self, statement: str) -> None:
        """As the cluster's owner, outside of any test's database."""
        where = f"host={self.directory} port={self.port} user=hotline dbname=postgres"
        with closing(psycopg.connect(where, autocommit=True)) as connection:
            connection.execute(statement.encode())

    def start(self) -> None:
        """Start, and wait until it answers."""
        options = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self.directory,
            "max_connections": 200,
        }
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        with (self.directory / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._as_account(), str(self._binaries / "postgres"), "-D", str(self._data), *words],
                stdout=log,
                stderr=log,
                cwd=self.directory,
            )
        self._wait_until_it_answers()

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """As a crash would (SIGQUIT), or in good order (SIGINT)."""
        if self._process.poll() is None:
            self._process.send_signal(how)
        self._process.wait(30)

    @contextmanager
    def hung(self) -> Iterator[None]:
        """Every process of it stands still meanwhile, and its connections stay open."""
        import psutil

        postmaster = psutil.Process(self._process.pid)
        family = [postmaster, *postmaster.children()]
        for process in family:
            process.suspend()
        try:
            yield
        finally:
            for process in family:
                process.resume()

    @property
    def pid(self) -> int:
        """Of the process whose death is the server's."""
        return self._process.pid

    @property
    def _data(self) -> Path:
        return self.directory / "data"

    def _initdb(self) -> None:
        word = self.directory / "password"
        word.write_text(self.password)
        os.chown(word, self._account.pw_uid, self._account.pw_gid)
        subprocess.run(
            [
                *self._as_account(),
                *(str(self._binaries / "initdb"), "-D", str(self._data), "-U", "hotline", "-E", "UTF8"),
                *("--locale=C", "--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={word}"),
            ],
            check=True,
            capture_output=True,
            cwd=self.directory,
        )
        (self._data / "pg_hba.conf").write_text(_ACCESS)

    def _as_account(self) -> list[str]:
        """Words before a command: another account where we are root, and an end with us however we end."""
        words = ["setpriv", "--pdeathsig", "QUIT"]
        if os.geteuid() == 0:
            groups = f"--regid={self._account.pw_gid}"
            words += [f"--reuid={self._account.pw_uid}", groups, "--clear-groups"]
        return [*words, "--"]

    def _wait_until_it_answers(self) -> None:
        end = time.monotonic() + _SECONDS_TO_START
        while True:
            try:
                return self.execute("SELECT 1")
            except psycopg.OperationalError as error:
                if self._process.poll() is not None or time.monotonic() > end:
                    log = (self.directory / "server.log").read_text()[-2000:]
                    raise RuntimeError(f"PostgreSQL did not start: {error}\n{log}") from error
                time.sleep(0.05)


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A cluster while the block runs. Raises PostgresMissing."""
    binaries = _binaries()
    if binaries is None:
        raise PostgresMissing(MISSING)
    account = _account()
    directory = Path(tempfile.mkdtemp(prefix="hotline-pg-", dir="/tmp"))  # a socket's path must be short
    os.chown(directory, account.pw_uid, account.pw_gid)
    try:
        server = Postgres(binaries, directory, account)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def install() -> None:
    """Debian's server, where there is none and we may. Raises PostgresMissing."""
    if _binaries() is not None:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise PostgresMissing(MISSING)
    print("Installing PostgreSQL, which the tests need ...", flush=True)
    quiet = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    if subprocess.run([*quiet, "install", "-y", "postgresql"]).returncode != 0:
        subprocess.run([*quiet, "update"], check=True)
        subprocess.run([*quiet, "install", "-y", "postgresql"], check=True)


def _binaries() -> Path | None:
    """The newest server's directory."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    on_path = shutil.which("initdb")
    if found:
        return found[-1].parent
    return Path(on_path).resolve().parent if on_path else None


def _version(initdb: Path) -> int:
    name = initdb.parent.parent.name
    return int(name) if name.isdigit() else 0


def _account() -> pwd.struct_passwd:
    """Ourselves; where we are root the server's own account, else nobody's."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    try:
        install()
    except (PostgresMissing, subprocess.CalledProcessError) as failure:
        sys.exit(f"{failure}")
