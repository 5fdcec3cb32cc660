"""Fetches Debian packages and all they need into a directory of ours, without root.

The mirror, the proxy and the keys are the machine's own: this file names no host and trusts no new key.
"""

import os
import re
import stat
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

KEYRINGS = ("debian-archive-keyring.gpg", "debian-archive-keyring.pgp")
BRING_YOUR_OWN = "or put asterisk >= 22.10.1 and sipp >= 3.8.0 on PATH"

Say = Callable[[str], None]


class InstallError(Exception):
    """The programs could not be installed; the message says what to do."""


def download(work: Path, suite: str, packages: Iterable[str], progress: Say) -> Path:
    """Fetches into a private apt tree in `work`, signatures checked; returns the archives' directory."""
    for part in ("state/lists/partial", "cache/archives/partial", "etc/parts"):
        (work / part).mkdir(parents=True)
    (work / "state/status").touch()  # nothing counts as installed, so nothing is left out
    (work / "etc/sources.list").write_text(f"deb [signed-by={_keyring()}] {_mirror()} {suite} main\n")
    (work / "apt.conf").write_text(_apt_configuration(work, _machines_way_out()))
    progress(f"reading the package lists of Debian {suite}")
    _apt(work, progress, "update")
    _apt(work, progress, "install", "--yes", "--download-only", *packages)
    return work / "cache/archives"


def _keyring() -> Path:
    places = [Path("/usr/share/keyrings") / name for name in KEYRINGS]
    found = next((place for place in places if place.exists()), None)
    if found is None:
        raise InstallError(
            f"no {places[0]} to check signatures: install debian-archive-keyring, {BRING_YOUR_OWN}"
        )
    return found


def _mirror() -> str:
    """Where this machine itself gets Debian from."""
    listed = _output("apt-get", "indextargets", "--format", "$(SITE)|$(ORIGIN)|$(RELEASE)")
    found = choose_mirror(listed.splitlines())
    if found is None:
        raise InstallError(f"this machine's apt sources name no Debian mirror: add one, {BRING_YOUR_OWN}")
    return found


def choose_mirror(targets: Iterable[str]) -> str | None:
    """The main archive's site out of `site|origin|release` lines; the security archive has no asterisk.

    The origin is empty until the machine's own lists are fetched; a site is then known by its /debian path.
    """
    main = [line.split("|") for line in targets if line.count("|") == 2 and not line.endswith("-security")]
    named = [site for site, origin, _ in main if origin == "Debian"]
    likely = [site for site, origin, _ in main if not origin and site.rstrip("/").endswith("/debian")]
    return next(iter(named + likely), None)


def _machines_way_out() -> list[str]:
    """The machine's own proxy and certificate settings, which a private configuration would lose."""
    dumped = _output("apt-config", "dump").splitlines()
    return [line for line in dumped if re.match(r'Acquire::https?(::\S+)? "[^"]+";$', line)]


def _apt_configuration(work: Path, way_out: Iterable[str]) -> str:
    settings = {
        "Dir::State": work / "state",
        "Dir::State::status": work / "state/status",
        "Dir::Cache": work / "cache",
        "Dir::Etc::sourcelist": work / "etc/sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::Etc::main": "/dev/null",
        "Dir::Etc::parts": work / "etc/parts",  # the machine's hooks are for its own packages, and need root
        "Acquire::Check-Valid-Until": "false",  # a frozen mirror will do: the version is checked later
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
        "APT::Install-Recommends": "false",
        "APT::Sandbox::User": "",
        "Debug::NoLocking": "true",
    }
    return "\n".join([*way_out, *(f'{name} "{value}";' for name, value in settings.items()), ""])


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=60).stdout


def _apt(work: Path, progress: Say, *arguments: str) -> None:
    """Runs apt-get on the private tree, telling what is asked for and every 25th file that came."""
    command = ["env", "LC_ALL=C", f"APT_CONFIG={work / 'apt.conf'}", "apt-get", "--quiet", *arguments]
    fetched, said = 0, []
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        for line in running.stdout or ():
            said.append(line.rstrip())
            fetched += line.startswith("Get:")
            if line.startswith("Need to get"):
                progress(line.rstrip())
            elif line.startswith("Get:") and fetched % 25 == 0:
                progress(f"fetched {fetched} files")
    if running.returncode:
        reasons = [line for line in said if line.startswith(("E:", "Err:"))] or said[-3:]
        raise InstallError(
            f"apt-get {arguments[0]} failed ({'; '.join(reasons[:3])}): mend that, {BRING_YOUR_OWN}"
        )


def unpack(archives: Path, root: Path, progress: Say) -> Path:
    """Unpacks all of them into `root` and removes each after; returns `root`."""
    packages = sorted(archives.glob("*.deb"))
    for number, package in enumerate(packages, start=1):
        if number % 50 == 0 or number == len(packages):
            progress(f"unpacking {number} of {len(packages)} packages")
        done = subprocess.run(
            ["dpkg-deb", "--extract", str(package), str(root)], capture_output=True, text=True
        )
        if done.returncode:
            raise InstallError(
                f"{package.name} did not unpack ({done.stderr.strip()}): try again, {BRING_YOUR_OWN}"
            )
        package.unlink()
    _drop_privileges_of(root)
    return root


def _drop_privileges_of(root: Path) -> None:
    """Unpacked by root, the tree would hold set-uid copies of passwd and the like."""
    for directory, _, names in os.walk(root):
        for name in names:
            file = Path(directory) / name
            mode = file.lstat().st_mode
            if stat.S_ISREG(mode) and mode & (stat.S_ISUID | stat.S_ISGID):
                file.chmod(stat.S_IMODE(mode) & 0o777)
