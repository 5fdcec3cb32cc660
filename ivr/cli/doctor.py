"""`hotline doctor`: what is wrong with this installation, and what to do about it, said before a caller finds out.

Exit 0 while nothing is an error, else 1. Where nothing of the hotline runs, that is one finding, not twenty.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import click

from config.prompt_pack import LANGUAGES, MissingPrompt, PromptPack, is_telephone_wav, load_texts
from config.redis_address import redis_url
from config.secrets import load_or_create
from config.settings import Settings
from ivr.adapters import doctor_machine, doctor_promises, doctor_stores, doctor_switch
from ivr.adapters.asterisk_phones import dial_string
from ivr.adapters.readiness_checks import readiness_checks
from ivr.adapters.system_clock import SystemClock
from ivr.cli.asterisk_config import spool_dir
from ivr.cli.canary import canary
from ivr.cli.doctor_installation import Installation, policy_values
from ivr.cli.doctor_twilio import account_looks, door_looks, way_looks
from ivr.cli.private_asterisk import OLDEST_SAFE_ASTERISK, find_asterisk
from ivr.policy.phone import parse_phone
from ivr.policy.prompts import Prompt
from ivr.policy.rules import Rules
from ivr.service.doctor import examine, exit_code, ready_or_not
from ivr.service.doctor_policy import calendar_findings, phone_findings, policy_findings
from ivr.service.doctor_ports import Examination, Finding, Severity, Words, well, wrong
from ivr.service.readiness import Check

SIGNS: Final = {Severity.OK: "正常", Severity.WARNING: "注意", Severity.ERROR: "错误"}
EPHEMERAL_PORTS: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="One JSON array, for programs.")
@click.pass_obj
def doctor(app: Any, as_json: bool) -> None:
    """What is wrong with this installation, and the remedy of each trouble."""
    findings = diagnose(app.settings, app.rules)
    if as_json:
        click.echo(json.dumps([finding.row() for finding in findings], ensure_ascii=False, indent=1))
    else:
        click.echo("\n".join(page(findings)))
    sys.exit(exit_code(findings))


def diagnose(settings: Settings, rules: Rules) -> tuple[Finding, ...]:
    """Every finding about this installation."""
    here = Installation.of(settings)
    return examine([*_always(here, rules), *(_while_running(here, rules) if here.running else ())])


def page(findings: Sequence[Finding]) -> Iterable[str]:
    """For people: Chinese first, English below it, then the remedy; the count at the end."""
    for finding in findings:
        yield f"{SIGNS[finding.severity]}  {finding.check:<20} {finding.found.zh}"
        yield f"{'':<26} {finding.found.en}"
        if not finding.ok:
            yield f"{'':<24} → {finding.remedy.zh}"
            yield f"{'':<26} {finding.remedy.en}"
    count = {severity: sum(each.severity is severity for each in findings) for severity in Severity}
    ok, warnings, errors = count.values()
    yield f"{ok} 项正常，{warnings} 项注意，{errors} 项错误 · {ok} ok, {warnings} warnings, {errors} errors"


# ---- what there is to look at ----------------------------------------------------------------------------------


def _always(here: Installation, rules: Rules) -> list[Examination]:
    settings, now = here.settings, SystemClock().now
    examinations = [
        Examination(name="running", look=partial(_running, here)),
        Examination(name="settings", look=partial(_settings, settings)),
        Examination(name="ports", look=partial(_ports, here)),
        Examination(
            name="data_directory", look=partial(doctor_machine.directory_findings, settings.data_dir)
        ),
        Examination(name="disk", look=partial(doctor_machine.disk_findings, settings.data_dir)),
        Examination(name="clock", look=lambda: doctor_machine.clock_findings(now(), rules.timezone)),
        Examination(name="asterisk_version", look=partial(_asterisk_version, here)),
        Examination(name="policy", look=partial(_policy, settings, rules)),
        Examination(name="holidays", look=lambda: calendar_findings(rules, now())),
        Examination(name="spool", look=lambda: doctor_stores.spool_findings(spool_dir(settings), now())),
        *(Examination(name=f"prompts_{each}", look=partial(_prompts, settings, each)) for each in LANGUAGES),
    ]
    checks = _readiness(settings)
    stores = ["database", "migrations", *(["redis"] if settings.redis_url else [])]
    examinations += [ready_or_not(checks[name], TROUBLES) for name in stores]
    clock = Examination(
        name="database_clock", look=lambda: doctor_stores.database_clock_findings(settings.database_url, now)
    )
    return [*examinations, clock, *account_looks(settings, rules), *way_looks(settings, rules)]


def _while_running(here: Installation, rules: Rules) -> list[Examination]:
    """What only running parts can tell; their own switch's console only where the switch is ours."""
    settings = here.settings
    secrets, checks = load_or_create(settings.data_dir), _readiness(settings)
    names = ["worker"] if settings.redis_url else ["redis", "worker"]
    examinations = [ready_or_not(checks[name], TROUBLES) for name in names]
    examinations += [
        Examination(name="agi", look=partial(_agi, settings.agi_port, secrets.agi_token)),
        Examination(
            name="ami", look=partial(doctor_switch.manager_findings, settings.ami_port, secrets.ami_secret)
        ),
        Examination(
            name="open_files",
            look=partial(doctor_machine.open_files_findings, here.switch_pid, settings.rtp_ports),
        ),
        Examination(name="fallback_phones", look=partial(_fallback, here, rules)),
        Examination(
            name="promises",
            look=lambda: doctor_promises.promise_findings(
                settings.database_url, SystemClock().now(), by_hand=rules.dials_by_hand
            ),
        ),
        *door_looks(settings),
    ]
    if here.attached:
        return examinations
    console, looks = here.console, doctor_switch
    agents = partial(doctor_stores.agents_phones, settings.database_url)
    return [
        *examinations,
        Examination(name="asterisk_modules", look=lambda: looks.module_findings(console, here.modules())),
        Examination(name="dialplan", look=lambda: looks.dialplan_findings(console, here.contexts())),
        Examination(name="trunk_registrations", look=lambda: looks.registration_findings(console)),
        Examination(name="agents_phones", look=lambda: looks.phone_findings(console, agents())),
    ]


def _readiness(settings: Settings) -> dict[str, Check]:
    checks = readiness_checks(settings.database_url, redis_url(settings), SystemClock())
    return {check.name: check for check in checks}


_START: Final = Words(
    "启动：make run，或 systemctl start hotline.target",
    "start it: make run, or systemctl start hotline.target",
)
TROUBLES: Final = {
    "database": Words(
        "第一次用：make run 或 hotline migrate 会建立；否则核对 DATABASE_URL、数据库服务、磁盘",
        "the first time `make run` or `hotline migrate` makes it; else check DATABASE_URL, its server, the disk",
    ),
    "migrations": Words(
        "hotline migrate（先备份）；数据库比程序新时，装回写它的那个版本",
        "`hotline migrate`, after a backup; a database newer than the program needs the version that wrote it",
    ),
    "redis": Words(
        "电话照常接；看 log/redis.log，或核对 REDIS_URL", "calls go on; see log/redis.log, or check REDIS_URL"
    ),
    "worker": Words(
        "电话照常接，记录会晚到；看 log/records.log", "calls go on, records come late; see log/records.log"
    ),
}


# ---- the looks -------------------------------------------------------------------------------------------------


def _running(here: Installation) -> Iterable[Finding]:
    if not here.running:
        said = Words("热线没有在运行：没有人接电话", "the hotline is not running: nobody picks up")
        return [wrong("running", said, _START)]
    if here.attached:
        return [
            well("running", Words("在运行，接在别的 Asterisk 上", "running, attached to another Asterisk"))
        ]
    return [well("running", Words("在运行", "running"))]


def _settings(settings: Settings) -> Iterable[Finding]:
    """An unknown or senseless setting has been refused before we got here."""
    yield well(
        "settings",
        Words("环境和 .env 里的设置都认得", "every HOTLINE_ name in the environment and .env is known"),
    )
    yield from doctor_machine.environment_file_findings(settings.root / ".env")
    yield from doctor_machine.ephemeral_findings(settings.rtp_ports, EPHEMERAL_PORTS)


def _ports(here: Installation) -> Iterable[Finding]:
    settings = here.settings
    ports = {name: getattr(settings, f"{name}_port") for name in ("web", "agi", "ami", "sip", "ws")}
    foreign = ("ami", "sip", "ws") if here.attached else ()
    return doctor_machine.port_findings(ports, here.is_ours, expected=here.running, foreign=foreign)


def _asterisk_version(here: Installation) -> Iterable[Finding]:
    oldest = ".".join(map(str, OLDEST_SAFE_ASTERISK))
    if here.attached:
        words = Words(
            f"不是我们的 Asterisk：请确认不低于 {oldest}",
            f"not our Asterisk: make sure it is {oldest} or later",
        )
        return [well("asterisk_version", words)]
    refused: list[str] = []
    asterisk = find_asterisk(here.settings.tools_dir, notice=refused.append)
    if asterisk is not None:
        return [
            well("asterisk_version", Words(f"Asterisk {asterisk.version}", f"Asterisk {asterisk.version}"))
        ]
    why = "; ".join(refused)
    return [
        wrong(
            "asterisk_version",
            Words(
                f"没有可用的 Asterisk（要 {oldest} 或更新）{why}",
                f"no usable Asterisk ({oldest} or later is needed) {why}",
            ),
            Words(
                "装一个更新的，或 hotline install-tools", "install a newer one, or `hotline install-tools`"
            ),
        )
    ]


def _policy(settings: Settings, rules: Rules) -> Iterable[Finding]:
    pack = _pack(settings, "zh_CN")
    try:
        spoken = [pack.path(key) for key in (rules.greeting, Prompt.ALL_BUSY, Prompt.PLEASE_HOLD)]
    except MissingPrompt:
        spoken = []  # said by the look at the prompts
    playable = [path for path in spoken if is_telephone_wav(path)]
    return policy_findings(rules, policy_values(settings), doctor_stores.spoken_seconds(playable))


def _prompts(settings: Settings, language: str) -> Iterable[Finding]:
    pack = _pack(settings, language)
    keys = load_texts(settings.root / "config" / "prompts.toml").by_key.keys()
    own = [path for path in (pack.custom / language).glob("*") if path.is_file()]
    useless = [
        path for path in own if path.suffix != ".wav" or path.stem not in keys or not is_telephone_wav(path)
    ]
    return doctor_stores.recording_findings(language, pack.missing(), pack.unplayable(), useless)


def _pack(settings: Settings, language: str) -> PromptPack:
    return PromptPack(settings.root / "config" / "prompts", settings.data_dir / "custom", language)


def _agi(port: int, token: str) -> Iterable[Finding]:
    if canary(port, token)():
        return [well("agi", Words("自己打给自己的一次呼叫有答", "a burst of our own was answered"))]
    return [
        wrong(
            "agi",
            Words(
                f"端口 {port} 上的服务器没有答：来电只由交换机自己应付",
                f"no answer on port {port}: the switch alone deals with callers",
            ),
            Words("看 log/agi.log；几秒内会自动重启", "see log/agi.log; it is restarted within seconds"),
        )
    ]


def _fallback(here: Installation, rules: Rules) -> Iterable[Finding]:
    trunk = here.settings.outbound_trunk
    unreachable = [phone for phone in rules.fallback_phones if dial_string(parse_phone(phone), trunk) is None]
    if here.attached:
        return phone_findings(rules, unreachable, ())
    named = [f"endpoint:{trunk}"] if trunk and not trunk.startswith("sip:") else []
    unknown = doctor_switch.unknown_endpoints(here.console, [*rules.fallback_phones, *named])
    findings = phone_findings(rules, unreachable, [phone for phone in unknown if phone not in named])
    return (*findings, *(_no_trunk(phone) for phone in named if phone in unknown))


def _no_trunk(phone: str) -> Finding:
    name = phone.removeprefix("endpoint:")
    return wrong(
        "outbound_trunk",
        Words(f"没有名叫 {name} 的中继", f"there is no trunk named {name}"),
        Words(
            f"在 trunks.d 里建立 {name}.conf，或改 HOTLINE_OUTBOUND_TRUNK",
            f"make {name}.conf in trunks.d, or change HOTLINE_OUTBOUND_TRUNK",
        ),
    )
