"""Settings are read once, typed, and refused loudly, naming the variable."""

from pathlib import Path

import pytest

from config.settings import HOTLINE_NAMES, ROOT, Settings, SettingsError, environment, load


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path.resolve()


def test_an_installation_that_says_nothing_listens_on_loopback_only(root: Path) -> None:
    settings = load({}, root)
    assert (settings.bind, settings.trusted_trunks) == ("127.0.0.1", ("127.0.0.1",))
    ports = (settings.web_port, settings.agi_port, settings.sip_port, settings.ami_port, settings.ws_port)
    assert ports == (8080, 4573, 5060, 5038, 8088)
    assert settings.rtp_ports == (20000, 20999)
    assert settings.data_dir == root / "var"
    assert settings.log_dir == root / "var" / "log"
    assert settings.tools_dir == root / ".tools"
    assert settings.database_url == f"sqlite:///{root}/var/hotline.db"
    optional = (settings.redis_url, settings.policy_path, settings.outbound_trunk, settings.external_address)
    assert optional == (None,) * 4
    twilio = (settings.twilio_account_sid, settings.twilio_auth_token, settings.twilio_api_base_url)
    assert (*twilio, settings.public_base_url) == (None,) * 4


def test_the_repository_itself_is_the_root_when_none_is_given() -> None:
    assert load({"HOTLINE_DATA_DIR": "var"}).data_dir == ROOT / "var"


def test_every_setting_can_be_given(root: Path) -> None:
    settings = load(
        {
            "HOTLINE_DATA_DIR": "/srv/hotline",
            "HOTLINE_BIND": "192.0.2.1",
            "DATABASE_URL": "postgres://hot:line@db/hotline",
            "REDIS_URL": "redis://localhost:6379/2",
            "HOTLINE_WEB_PORT": "1",
            "HOTLINE_AGI_PORT": "2",
            "HOTLINE_SIP_PORT": "3",
            "HOTLINE_AMI_PORT": "4",
            "HOTLINE_WS_PORT": "5",
            "HOTLINE_RTP_PORTS": "30000-30100",
            "HOTLINE_EXTERNAL_ADDRESS": "sip.example.com",
            "HOTLINE_POLICY": "shop.toml",
            "HOTLINE_TRUSTED_TRUNKS": "192.0.2.7, 198.51.100.0/24 2001:db8::/32,192.0.2.7",
            "HOTLINE_OUTBOUND_TRUNK": "sip:192.0.2.7:5070",
            "PUBLIC_BASE_URL": "https://hotline.example.com/",
            "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
            "TWILIO_AUTH_TOKEN": "12345",
            "TWILIO_AUTH_TOKEN_SECONDARY": "67890",
            "TWILIO_API_KEY_SID": "SK" + "1" * 32,
            "TWILIO_API_KEY_SECRET": "24680",
            "TWILIO_API_BASE_URL": "http://127.0.0.1:9999",
            "PATH": "/usr/bin",
        },
        root,
    )
    assert settings == Settings(
        root=root,
        data_dir=Path("/srv/hotline"),
        bind="192.0.2.1",
        database_url="postgresql://hot:line@db/hotline",
        redis_url="redis://localhost:6379/2",
        web_port=1,
        agi_port=2,
        sip_port=3,
        ami_port=4,
        ws_port=5,
        rtp_ports=(30000, 30100),
        external_address="sip.example.com",
        policy_path=root / "shop.toml",
        trusted_trunks=("192.0.2.7", "198.51.100.0/24", "2001:db8::/32"),
        outbound_trunk="sip:192.0.2.7:5070",
        public_base_url="https://hotline.example.com",
        twilio_account_sid="AC" + "0" * 32,
        twilio_auth_token="12345",
        twilio_auth_token_secondary="67890",
        twilio_api_key_sid="SK" + "1" * 32,
        twilio_api_key_secret="24680",
        twilio_api_base_url="http://127.0.0.1:9999",
    )


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("HOTLINE_DATA_DIR", "/tmp/a;b", "control character"),
        ("HOTLINE_DATA_DIR", "a\nb", "control character"),
        ("HOTLINE_BIND", "localhost", "one IP address"),
        ("HOTLINE_BIND", "127.0.0.1:80", "one IP address"),
        ("DATABASE_URL", "mysql://x", "sqlite:///PATH or postgresql://"),
        ("DATABASE_URL", "sqlite://", "sqlite:///PATH"),
        ("DATABASE_URL", "sqlite:///:memory:", "in memory"),
        ("DATABASE_URL", "postgresql://", "postgresql://"),
        ("REDIS_URL", "localhost:6379", "redis://HOST:PORT"),
        ("HOTLINE_WEB_PORT", "0", "1 to 65535"),
        ("HOTLINE_WEB_PORT", "65536", "1 to 65535"),
        ("HOTLINE_SIP_PORT", "５０６０", "1 to 65535"),
        ("HOTLINE_AGI_PORT", "-1", "1 to 65535"),
        ("HOTLINE_WS_PORT", "8088.0", "1 to 65535"),
        ("HOTLINE_RTP_PORTS", "20000", "20000-20999"),
        ("HOTLINE_RTP_PORTS", "20999-20000", "20000-20999"),
        ("HOTLINE_RTP_PORTS", "20000-20003", "four or more"),
        ("HOTLINE_RTP_PORTS", "20-2000", "1024"),
        ("HOTLINE_EXTERNAL_ADDRESS", "sip:x", "without a port"),
        ("HOTLINE_EXTERNAL_ADDRESS", "a\nb", "without a port"),
        ("HOTLINE_TRUSTED_TRUNKS", "trunk.example.com", "IP addresses or networks"),
        ("HOTLINE_TRUSTED_TRUNKS", "192.0.2.7/24", "IP addresses or networks"),
        ("HOTLINE_TRUSTED_TRUNKS", "192.0.2.300", "IP addresses or networks"),
        ("HOTLINE_OUTBOUND_TRUNK", "sip:", "sip:HOST"),
        ("HOTLINE_OUTBOUND_TRUNK", "sip:a:99999", "sip:HOST"),
        ("HOTLINE_OUTBOUND_TRUNK", "out,System(id)", "sip:HOST"),
        ("PUBLIC_BASE_URL", "hotline.example.com", "https://HOST"),
        ("PUBLIC_BASE_URL", "https://a/?x=1", "https://HOST"),
        ("PUBLIC_BASE_URL", "https://:443", "https://HOST"),
        ("PUBLIC_BASE_URL", "https://a:b", "https://HOST"),
        ("PUBLIC_BASE_URL", "https://[", "https://HOST"),
        ("TWILIO_ACCOUNT_SID", "AC/../x", "letters and digits"),
        ("TWILIO_AUTH_TOKEN", "a b", "letters and digits"),
        ("TWILIO_API_BASE_URL", "ftp://x", "https://HOST"),
    ],
)
def test_a_bad_value_is_refused_naming_the_variable_and_what_it_accepts(
    root: Path, variable: str, value: str, says: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        load({variable: value}, root)
    assert refused.value.variable == variable
    assert str(refused.value).startswith(f"{variable}: ")
    assert says in str(refused.value)


def test_a_misspelt_setting_is_refused_with_the_likely_name(root: Path) -> None:
    with pytest.raises(
        SettingsError, match="HOTLINE_WEBPORT: is not a setting; did you mean HOTLINE_WEB_PORT"
    ):
        load({"HOTLINE_WEBPORT": "80"}, root)
    with pytest.raises(SettingsError, match="known are HOTLINE_AGI_PORT, "):
        load({"HOTLINE_ZZZ": ""}, root)


def test_two_parts_cannot_be_given_one_port(root: Path) -> None:
    with pytest.raises(SettingsError, match="HOTLINE_AGI_PORT: 8080 is also HOTLINE_WEB_PORT"):
        load({"HOTLINE_AGI_PORT": "8080"}, root)
    with pytest.raises(
        SettingsError, match="HOTLINE_SIP_PORT: 20001 lies inside HOTLINE_RTP_PORTS 20000-20999"
    ):
        load({"HOTLINE_SIP_PORT": "20001"}, root)


def test_an_empty_value_counts_as_not_given(root: Path) -> None:
    assert load(dict.fromkeys(HOTLINE_NAMES | {"REDIS_URL", "DATABASE_URL"}, " "), root) == load({}, root)


def test_relative_paths_start_at_the_repository_whatever_the_working_directory(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    settings = load(
        {"HOTLINE_DATA_DIR": "data", "HOTLINE_POLICY": "p.toml", "DATABASE_URL": "sqlite:///x.db"}, root
    )
    assert (settings.data_dir, settings.policy_path) == (root / "data", root / "p.toml")
    assert settings.database_url == f"sqlite:///{root}/x.db"
    assert load({"DATABASE_URL": "sqlite:////srv/x.db"}, root).database_url == "sqlite:////srv/x.db"


def test_the_env_file_is_read_and_the_environment_wins(root: Path) -> None:
    text = """\ufeff# our hotline
        HOTLINE_WEB_PORT=81
        export HOTLINE_BIND = "192.0.2.5"  # the office
        HOTLINE_POLICY='a # b.toml'
        HOTLINE_AGI_PORT=82 # a comment
        HOTLINE_OUTBOUND_TRUNK=# none yet
        OTHER=1=2

    """
    (root / ".env").write_text(text.replace("\n", "\r\n"), encoding="utf-8")
    settings = load({"HOTLINE_WEB_PORT": "90"}, root)
    assert (settings.web_port, settings.agi_port, settings.bind) == (90, 82, "192.0.2.5")
    assert (settings.policy_path, settings.outbound_trunk) == (root / "a # b.toml", None)
    assert environment({"HOTLINE_WEB_PORT": "90"}, root)["OTHER"] == "1=2"


def test_a_broken_env_file_is_refused_naming_its_line(root: Path) -> None:
    (root / ".env").write_text("\nHOTLINE_BIND 127.0.0.1\n")
    with pytest.raises(SettingsError, match=r"\.env line 2: must read NAME=VALUE"):
        load({}, root)
    (root / ".env").write_bytes(b"A=\xff")
    with pytest.raises(SettingsError, match=r"\.env: .*UTF-8"):
        load({}, root)


def test_secrets_are_neither_in_the_repr_nor_in_an_error(root: Path) -> None:
    secret = "s3cret"
    given = {
        "TWILIO_AUTH_TOKEN": secret,
        "TWILIO_AUTH_TOKEN_SECONDARY": secret,
        "TWILIO_API_KEY_SECRET": secret,
        "DATABASE_URL": f"postgresql://u:{secret}@h/n",
        "REDIS_URL": f"redis://:{secret}@h",
    }
    assert secret not in repr(load(given, root))
    with pytest.raises(SettingsError) as refused:
        load({"DATABASE_URL": f"mysql://u:{secret}@h/n"}, root)
    assert secret not in str(refused.value)
