"""Settings: where they come from, what is impossible, and that a refusal says so in sentences without secrets."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from rex_auth_edge.domain.clock import DAY, MINUTE
from rex_auth_edge.domain.hub_names import UNIT_ID
from rex_auth_edge.domain.roles import Registration
from rex_auth_edge.keys.options import Algorithm
from rex_auth_edge.settings import TABLE, NodeRole, Setting, Settings, SettingsError, describe, load
from tests.doubles import SeededEntropy

EVERYWHERE = "0.0.0.0"  # noqa: S104  nothing listens in these tests

KEY = "k" * 32
CANARY = "hunter2-canary"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory that isn't there yet."""
    return tmp_path / "data"


def loaded(data: Path, environ: Mapping[str, str] | None = None, toml: str | None = None) -> Settings:
    """A hub's settings without TLS, from an environment and perhaps a file's text."""
    config = None
    if toml is not None:
        config = data.parent / "rex.toml"
        config.write_text(toml)
        config.chmod(0o600)
    given = {"REX_DATA_DIR": str(data), "REX_TLS": "off"} | dict(environ or {})
    return load(given, config, entropy=SeededEntropy())


def problems(data: Path, environ: Mapping[str, str] | None = None, toml: str | None = None) -> list[str]:
    """What such settings are refused for."""
    with pytest.raises(SettingsError) as refused:
        loaded(data, environ, toml)
    assert all(problem.endswith(tuple(".?)")) for problem in refused.value.problems), "each is a sentence"
    return refused.value.problems


def test_defaults_are_the_documented_ones(data: Path) -> None:
    """A hub with nothing set is private, limited, and keeps everything in its data directory."""
    settings = loaded(data)
    assert settings.role is NodeRole.HUB
    assert (settings.listen.host, settings.listen.port, settings.listen.metrics_port) == (EVERYWHERE, 8000, 9464)
    assert settings.flows.registration is Registration.INVITE
    lives = settings.flows.lives
    assert (lives.access, lives.refresh, lives.session) == (10 * MINUTE, 7 * DAY, 90 * DAY)
    assert (lives.otp, lives.reset) == (5 * MINUTE, 30 * MINUTE)
    assert settings.keys.algorithm is Algorithm.ES256
    assert settings.keys.access_seconds == 600
    assert settings.keys.issuer == "rex-auth-service"
    assert (settings.keys.argon2.memory_kib, settings.keys.argon2.passes, settings.keys.argon2.lanes) == (19456, 2, 1)
    assert settings.web.csrf_protect
    assert settings.web.rate_limits
    assert settings.web.same_site == "lax"
    assert not settings.web.secure_cookies
    assert not settings.mail.enabled
    assert not settings.mail.console
    assert (settings.mail.port, settings.mail.use_tls) == (587, True)
    assert str(settings.database) == f"sqlite:///{data}/rex-auth-edge.db"
    assert settings.warnings == ()


def test_development_is_open_local_and_prints_letters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`make run` needs no setting: this machine only, no TLS, open registration, letters on the console, ./data."""
    monkeypatch.chdir(tmp_path)
    settings = load({}, development=True)
    assert (settings.listen.host, settings.listen.tls) == ("127.0.0.1", None)
    assert settings.flows.registration is Registration.OPEN
    assert settings.mail.console
    assert settings.data_dir == tmp_path / "data"
    assert settings.flows.frontend == "http://127.0.0.1:8000"
    with_mail = load({"SMTP_ENABLED": "true", "SMTP_SERVER": "127.0.0.1"}, development=True)
    assert not with_mail.mail.console


def test_what_the_environment_says_wins_in_development(data: Path) -> None:
    """Development changes defaults, not what was set."""
    settings = load({"REX_DATA_DIR": str(data), "REX_REGISTRATION": "closed", "REX_HOST": EVERYWHERE}, development=True)
    assert settings.flows.registration is Registration.CLOSED
    assert settings.listen.host == EVERYWHERE


def test_a_hub_has_tls_by_its_own_ca(data: Path) -> None:
    """The default: HTTPS, cookies for HTTPS only, and links to the name that the certificate is for."""
    settings = load({"REX_DATA_DIR": str(data), "REX_PORT": "443"}, entropy=SeededEntropy())
    assert settings.listen.household_ca
    assert settings.listen.tls is not None
    assert settings.listen.tls.certificate == data / "tls" / "hub.pem"
    assert (settings.listen.http_port, settings.listen.gateway_port) == (0, 0)
    assert settings.web.secure_cookies
    assert settings.host == f"rex-{settings.unit_id}.local"
    assert settings.flows.frontend == settings.web.frontend_base_url == f"https://{settings.host}"
    assert settings.bound_to("127.0.0.1", 8443).flows.frontend == f"https://{settings.host}:8443"
    assert {settings.host, f"rex-{settings.unit_id}-9.local"} <= settings.web.allowed_hosts
    here = load({"REX_DATA_DIR": str(data), "REX_HOST": "127.0.0.1"}, entropy=SeededEntropy())
    assert here.flows.frontend == "https://127.0.0.1:8000", "nobody else reaches that"


def test_a_unit_id_is_for_good(data: Path) -> None:
    """Random at the first start and kept; a later REX_UNIT_ID doesn't rename a hub that devices know."""
    first = loaded(data).unit_id
    assert first is not None
    assert UNIT_ID.fullmatch(first)
    assert (data / "unit-id").read_text() == f"{first}\n"
    again = loaded(data, {"REX_UNIT_ID": "zzzz2222"})
    assert again.unit_id == first
    assert any("comes too late" in warning for warning in again.warnings)
    assert loaded(data, {"REX_UNIT_ID": first.upper()}).warnings == ()


def test_a_unit_id_from_the_factory(data: Path) -> None:
    """REX_UNIT_ID names a hub that has no name yet, and its backup's new home too."""
    assert loaded(data, {"REX_UNIT_ID": "ABCD2345"}).unit_id == "abcd2345"
    assert loaded(data).unit_id == "abcd2345"


@pytest.mark.parametrize("content", [b"", b"abc\n", b"ABCD2345\n", b"abcd2345x", b"\xff" * 8])
def test_a_damaged_unit_id_refuses_to_start(data: Path, content: bytes) -> None:
    """Another name would be another hub."""
    loaded(data)
    (data / "unit-id").write_bytes(content)
    assert "unit-id" in problems(data)[0]
    assert (data / "unit-id").read_bytes() == content


REDIS = {"RATELIMIT_STORAGE_URI": "redis://h"}

IMPOSSIBLE = [
    ("REX_ROLE", ["", "server"]),
    ("REX_DATA_DIR", ["", "a\nb"]),
    ("REX_LOG_LEVEL", ["", "loud"]),
    ("REX_UNIT_ID", ["", "abc", "abcd2345x", "abcd-345", "abcd0189", "../../ab"]),
    ("REX_CLOUD_URL", ["cloud.example", "ftp://cloud.example", "https://", "https://u:p@cloud.example"]),
    ("REX_SYNC_CA", ["a\nb"]),
    ("REX_PUBLIC_URL", ["cloud.example", "ftp://cloud.example", "https://", "https://u:p@cloud.example"]),
    ("REX_HOST", ["", "http://hub", "a b", "hub:80"]),
    ("REX_PORT", ["", "-1", "65536", "8000.0", "0x10", "eight", "٨٠"]),
    ("REX_TLS", ["", "on", "cert.pem", "/nowhere/cert.pem,/nowhere/key.pem", "a,b,c"]),
    ("REX_HTTP_PORT", ["", "-1", "65536", "80"]),
    ("REX_GATEWAY_PORT", ["", "-1", "65536"]),
    ("REX_MDNS", ["", "maybe", "2"]),
    ("REX_METRICS_PORT", ["-1", "65536", "x"]),
    ("REX_ALLOWED_HOSTS", ["*", "*.local", "hub:8000", "http://hub"]),
    ("REX_TRUSTED_PROXIES", ["10.0.0.1/8", "proxy", "0.0.0.0/0", "::/0"]),
    (
        "DATABASE_URL",
        ["", "hub.db", "postgresql://h/d", "sqlite://", "sqlite:///:memory:", "mysql://host", "sqlite+x:///a"],
    ),
    ("SECRET_KEY", ["", "   ", "\udcff" * 40]),
    ("INTERNAL_SERVICE_TOKEN", [""]),
    ("REX_ISSUER", ["", " x", "a\nb"]),
    ("JWT_ALGORITHM", ["", "none", "RS256"]),
    ("JWT_SECRET_KEY", [""]),
    ("REX_LABEL_SECRET", [""]),
    ("ACCESS_TOKEN_EXPIRES_MINUTES", ["0", "-5", "1441", "10.5", "never"]),
    ("REFRESH_TOKEN_EXPIRES_DAYS", ["0", "-1", "366"]),
    ("REX_SESSION_DAYS", ["0", "-1", "99999"]),
    ("REX_AUDIT_DAYS", ["0", "29", "99999"]),
    ("OTP_EXPIRES_MINUTES", ["0", "11"]),
    ("RESET_TOKEN_EXPIRES_MINUTES", ["0", "1441"]),
    ("REX_REGISTRATION", ["", "everyone"]),
    ("REX_ARGON2_MEMORY_KIB", ["0", "8", "9999999"]),
    ("REX_ARGON2_PASSES", ["0", "1", "33"]),
    ("REX_ARGON2_LANES", ["0", "9"]),
    ("REX_ARGON2_WORKERS", ["0", "65"]),
    ("REX_ARGON2_QUEUE", ["31", "0"]),
    ("FRONTEND_BASE_URL", ["", "dashboard", "javascript:alert(1)", "https://x/?a=b", "https://x/#a", "http://h:99999"]),
    ("ALLOWED_ORIGINS", ["*", "https://*.example", "https://a.example/path", "null", "a.example", "https://a?x"]),
    ("CSRF_PROTECT", ["", "sure"]),
    ("CSRF_COOKIE_SAMESITE", ["", "Loose", "None"]),
    ("CSRF_COOKIE_SECURE", ["", "auto"]),
    ("RATE_LIMIT_ENABLED", ["", "nope"]),
    (
        "RATELIMIT_STORAGE_URI",
        [
            "redis://",
            "redis://:6379",
            "redis://h:0",
            "redis://h:six",
            "redis://h:65536",
            "",
            "localhost",
            "mongodb://x",
        ],
    ),
    ("SMTP_ENABLED", ["", "true"]),
    ("SMTP_SERVER", ["smtp://x", "a b"]),
    ("SMTP_PORT", ["0", "65536", ""]),
    ("SMTP_USERNAME", ["rex"]),
    ("SMTP_PASSWORD", ["", "alone"]),
    ("SMTP_USE_TLS", ["", "starttls"]),
    ("SMTP_TIMEOUT", ["0", "-1", "inf", "nan", "601", ""]),
    ("MAIL_SENDER", ["", "rex", "Rex <rex@home.example>", "rex@a\r\nBcc: b@c", "a@b@c"]),
]


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in IMPOSSIBLE for text in texts])
def test_an_impossible_value_is_refused_by_name(data: Path, name: str, text: str) -> None:
    """Whatever can't work refuses to start, in a sentence that names the setting."""
    found = problems(data, {name: text})
    assert len(found) == 1
    assert name in found[0]
    assert not data.exists(), "a refusal leaves nothing behind"


def test_every_setting_has_impossible_values_named() -> None:
    """No setting is added without saying what it can't be. REX_CONFIG has its own tests."""
    assert {name for name, _ in IMPOSSIBLE} | {"REX_CONFIG"} == {setting.name for setting in TABLE}


@given(st.sampled_from([setting.name for setting in TABLE if setting.kind.wanted.startswith("a whole")]), st.text())
def test_a_number_is_digits_or_refused(name: str, text: str) -> None:
    """Python's generous idea of a number (1_0, spaces, other scripts) is not ours."""
    setting = next(setting for setting in TABLE if setting.name == name)
    try:
        value = setting.kind.parse(text)
    except ValueError:
        return
    assert text.isascii()
    assert int(text) == value


@given(st.sampled_from([setting for setting in TABLE if setting.name != "REX_TLS"]), st.text(min_size=20))
def test_no_text_breaks_a_parser(setting: Setting, text: str) -> None:
    """Any text is parsed or refused as a ValueError that doesn't repeat it."""
    said = ""
    try:
        setting.kind.parse(text)
    except ValueError as error:
        said = str(error)
    assert text not in said


@pytest.mark.parametrize("word", ["true", "on", "yes", "1", "TRUE", "On"])
def test_words_for_yes(data: Path, word: str) -> None:
    """Booleans are true/on/yes/1, in any case."""
    assert loaded(data, {"CSRF_COOKIE_SECURE": word}).web.secure_cookies


@pytest.mark.parametrize("word", ["false", "off", "no", "0", "False"])
def test_words_for_no(data: Path, word: str) -> None:
    """And false/off/no/0."""
    assert not loaded(data, {"RATE_LIMIT_ENABLED": word}).web.rate_limits


def test_every_problem_is_told_at_once(data: Path, tmp_path: Path) -> None:
    """Nobody restarts ten times for ten slips: file, environment, values, agreement and directory in one answer."""
    environ = {"REX_PROT": "1", "OTP_EXPIRES_MINUTES": "0", "JWT_ALGORITHM": "HS256"}
    environ["REX_DATA_DIR"] = str(tmp_path / "missing" / "data")
    found = problems(data, environ, 'smtp_sever = "x"\nrex_port = "8000"\n')
    told = "\n".join(found)
    for name in ["REX_PROT", "OTP_EXPIRES_MINUTES", "JWT_SECRET_KEY", "smtp_sever", "rex_port", "REX_DATA_DIR"]:
        assert name in told
    assert len(found) == 6


def test_a_typo_is_answered_with_the_nearest_name(data: Path) -> None:
    """An unknown REX_ name in the environment and an unknown name in the file refuse to start, and suggest."""
    assert "REX_PORT" in problems(data, {"REX_PROT": "1"})[0]
    assert "SMTP_SERVER" in problems(data, toml='smtp_sever = "x"')[0]
    assert "settings show" in problems(data, {"REX_ZZZZZZZZ": "1"})[0]
    loaded(data, {"PATH": "/bin", "SMTP_WHATEVER": "others' variables are theirs"})


# ---------------------------------------------------------------- sources


def test_sources_go_in_order(data: Path, tmp_path: Path) -> None:
    """Environment before NAME_FILE before systemd's credentials before the file before the default."""
    (tmp_path / "SMTP_PASSWORD").write_text("credential\n")
    (tmp_path / "named").write_text("named\n")
    toml = 'smtp_username = "rex"\nsmtp_password = "file"'
    environ = {
        "SMTP_PASSWORD": "env",
        "SMTP_PASSWORD_FILE": str(tmp_path / "named"),
        "CREDENTIALS_DIRECTORY": str(tmp_path),
    }
    seen = []
    for gone in ["SMTP_PASSWORD", "SMTP_PASSWORD_FILE", "CREDENTIALS_DIRECTORY", None]:
        password = loaded(data, environ, toml).mail.password
        assert password is not None
        seen.append(password.reveal())
        environ.pop(gone or "", None)
    assert seen == ["env", "named", "credential", "file"]
    assert loaded(data).mail.password is None


def test_a_secret_file_that_cannot_be_read_is_named(data: Path, tmp_path: Path) -> None:
    """NAME_FILE that isn't there, isn't text or is empty refuses. Only secrets have NAME_FILE."""
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe" * 20)
    assert "SECRET_KEY_FILE" in problems(data, {"SECRET_KEY_FILE": "/nowhere"})[0]
    assert "UTF-8" in problems(data, {"SECRET_KEY_FILE": str(tmp_path / "binary")})[0]
    assert "is empty" in problems(data, {"SECRET_KEY_FILE": str(tmp_path / "empty")})[0]
    assert "REX_PORT_FILE" in problems(data, {"REX_PORT_FILE": "/dev/null"})[0]


def test_the_file_takes_real_types_in_any_case(data: Path) -> None:
    """Keys are the settings' names in any case; numbers, booleans and lists are TOML's own."""
    settings = loaded(
        data,
        toml="""
        rex_port = 8443
        CSRF_PROTECT = false
        Smtp_Timeout = 2.5
        smtp_server = "mail.example"
        allowed_origins = ["https://a.example", "https://b.example:8443"]
        """,
    )
    assert settings.listen.port == 8443
    assert not settings.web.csrf_protect
    assert settings.mail.timeout == 2.5
    assert settings.mail.server == "mail.example"
    assert settings.web.allowed_origins == {"https://a.example", "https://b.example:8443"}


@pytest.mark.parametrize(
    "line",
    [
        'rex_port = "8000"',
        "rex_port = 8000.0",
        "rex_port = true",
        'csrf_protect = "true"',
        "csrf_protect = 1",
        "smtp_server = 5",
        "smtp_timeout = true",
        "allowed_origins = [1]",
        "secret_key = 12345678901234567890123456789012",
        "[rex_port]\nvalue = 1",
        'rex_config = "other.toml"',
        "rex_port = 1\nREX_PORT = 2",
        "[section]\nrex_port = 1",
        "rex_port 8000",
    ],
)
def test_the_file_is_checked_strictly(data: Path, line: str) -> None:
    """A wrong TOML type, a repeated name, a section or a broken line refuses to start."""
    assert len(problems(data, toml=line)) == 1


def test_the_file_is_found_by_option_or_environment(data: Path, tmp_path: Path) -> None:
    """--config goes before REX_CONFIG; a file that isn't there is a refusal, never a shrug."""
    (tmp_path / "one.toml").write_text("rex_port = 1001")
    (tmp_path / "two.toml").write_text("rex_port = 1002")
    environ = {"REX_DATA_DIR": str(data), "REX_TLS": "off", "REX_CONFIG": str(tmp_path / "one.toml")}
    assert load(environ).listen.port == 1001
    assert load(environ, tmp_path / "two.toml").listen.port == 1002
    assert "REX_CONFIG" in problems(data, {"REX_CONFIG": str(tmp_path / "none.toml")})[0]


def test_a_readable_file_with_secrets_warns(data: Path, tmp_path: Path) -> None:
    """Everybody's eyes on a secret are worth a warning with the command that helps."""
    config = tmp_path / "open.toml"
    config.write_text(f'secret_key = "{KEY}"')
    config.chmod(0o644)
    warnings = load({"REX_DATA_DIR": str(data), "REX_TLS": "off"}, config).warnings
    assert any("chmod 600" in warning for warning in warnings)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("redis://h", "redis://h:6379"),
        ("redis://:a@h:", "redis://:a@h:6379"),
        ("rediss://u:a@h/2", "rediss://u:a@h:6379/2"),
        ("valkey://[::1]/0?protocol=3", "valkey://[::1]:6379/0?protocol=3"),
        ("redis://h:7000/1", "redis://h:7000/1"),
        ("redis+unix:///run/redis.sock", "redis+unix:///run/redis.sock"),
        ("memory", "memory"),
    ],
)
def test_a_redis_server_has_a_port(data: Path, text: str, meant: str) -> None:
    """Redis's own where none is named: what counts rates would refuse to start without."""
    assert loaded(data, {"RATELIMIT_STORAGE_URI": text}).web.rate_storage == meant


# ---------------------------------------------------------------- agreement


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"JWT_ALGORITHM": "HS256"}, "JWT_SECRET_KEY"),
        ({"JWT_ALGORITHM": "HS256", "JWT_SECRET_KEY": "x" * 31}, "JWT_SECRET_KEY"),
        ({"REFRESH_TOKEN_EXPIRES_DAYS": "30", "REX_SESSION_DAYS": "29"}, "REX_SESSION_DAYS"),
        ({"REX_PORT": "9464"}, "REX_METRICS_PORT"),
        ({"REX_PORT": "80", "REX_HTTP_PORT": "80", "REX_TLS": "auto"}, "REX_HTTP_PORT"),
        ({"REX_GATEWAY_PORT": "8000"}, "REX_GATEWAY_PORT"),
        ({"REX_HTTP_PORT": "80"}, "REX_TLS"),
        ({"CSRF_COOKIE_SAMESITE": "None", "CSRF_COOKIE_SECURE": "false"}, "CSRF_COOKIE_SAMESITE"),
        ({"SMTP_ENABLED": "on"}, "SMTP_SERVER"),
        ({"SMTP_USERNAME": "rex"}, "SMTP_PASSWORD"),
        ({"REX_ROLE": "cloud", "DATABASE_URL": "mysql://h/d"} | REDIS, "SECRET_KEY"),
        ({"REX_ROLE": "cloud", "SECRET_KEY": KEY, "DATABASE_URL": "mysql://h/d"}, "RATELIMIT_STORAGE_URI"),
        ({"REX_ROLE": "cloud", "SECRET_KEY": KEY} | REDIS, "DATABASE_URL"),
        ({"REX_ROLE": "cloud", "SECRET_KEY": KEY, "DATABASE_URL": "sqlite:////tmp/x.db"} | REDIS, "DATABASE_URL"),
    ],
)
def test_settings_have_to_agree(data: Path, environ: dict[str, str], said: str) -> None:
    """What is possible alone and not together is refused."""
    found = problems(data, environ)
    assert len(found) == 1
    assert said in found[0]


def test_a_short_shared_secret_matters_for_hs256_only(data: Path) -> None:
    """JWT_SECRET_KEY of an old deployment does no harm while tokens are signed with ES256."""
    assert loaded(data, {"JWT_SECRET_KEY": "short"}).keys.algorithm is Algorithm.ES256
    hs256 = loaded(data, {"JWT_SECRET_KEY": "x" * 32, "JWT_ALGORITHM": "hs256"})
    assert hs256.keys.algorithm is Algorithm.HS256


@pytest.mark.parametrize(("memory", "passes"), [(47104, 1), (19456, 2), (12288, 3), (9216, 4), (7168, 5), (65536, 3)])
def test_argon2_at_owasps_floor_is_enough(data: Path, memory: int, passes: int) -> None:
    """Every pair of OWASP's table is taken, and so is what costs more."""
    environ = {"REX_ARGON2_MEMORY_KIB": str(memory), "REX_ARGON2_PASSES": str(passes)}
    assert loaded(data, environ).keys.argon2.memory_kib == memory


@pytest.mark.parametrize(("memory", "passes"), [(47103, 1), (19455, 2), (12287, 3), (9215, 4), (7167, 5), (64, 32)])
def test_argon2_below_owasps_floor_is_refused(data: Path, memory: int, passes: int) -> None:
    """One KiB less than a row of the table is too little, whatever the passes."""
    environ = {"REX_ARGON2_MEMORY_KIB": str(memory), "REX_ARGON2_PASSES": str(passes)}
    assert "OWASP" in problems(data, environ)[0]


def test_what_is_unwise_warns(data: Path) -> None:
    """Credentials in the clear, no CSRF and a short key start, and say what is wrong with them."""
    mail = {"SMTP_ENABLED": "1", "SMTP_USERNAME": "rex", "SMTP_PASSWORD": CANARY, "SMTP_USE_TLS": "0"}
    away = loaded(data, mail | {"SMTP_SERVER": "mail.example"}).warnings
    assert "SMTP_USE_TLS" in away[0]
    for server in ["127.0.0.1", "::1", "localhost"]:
        assert not loaded(data, mail | {"SMTP_SERVER": server}).warnings
    assert "CSRF_PROTECT" in loaded(data, {"CSRF_PROTECT": "off"}).warnings[0]
    assert "SECRET_KEY" in loaded(data, {"SECRET_KEY": "dev"}).warnings[0]


@pytest.mark.parametrize("scheme", ["mysql", "mysql+pymysql", "mysql+asyncmy", "mariadb"])
def test_urls_of_existing_deployments_are_mapped(data: Path, scheme: str) -> None:
    """A MySQL URL in whatever form becomes the one of our driver, with all its parts."""
    url = f"{scheme}://rex:{CANARY}@db.example:3307/auth?charset=utf8mb4"
    settings = loaded(data, {"REX_ROLE": "cloud", "SECRET_KEY": KEY, "DATABASE_URL": url} | REDIS)
    assert settings.database.drivername == "mysql+asyncmy"
    assert settings.database.password == CANARY
    assert (settings.database.port, settings.database.database) == (3307, "auth")
    assert settings.database.query == {"charset": "utf8mb4"}


def test_addresses_and_origins_are_normalised(data: Path) -> None:
    """Origins are compared with what browsers send: lower case, no default port, no slash."""
    settings = loaded(
        data,
        {
            "ALLOWED_ORIGINS": "https://A.example:443/, http://[::1]:3000,",
            "FRONTEND_BASE_URL": "https://Dash.example/app/",
            "REX_ALLOWED_HOSTS": "Gateway, auth.local",
            "REX_TRUSTED_PROXIES": "127.0.0.1, 10.8.0.0/24",
        },
    )
    assert settings.web.allowed_origins == {"https://a.example", "http://[::1]:3000"}
    assert settings.flows.frontend == settings.web.frontend_base_url == "https://dash.example/app"
    assert {"gateway", "auth.local"} <= settings.web.allowed_hosts
    assert [str(network) for network in settings.web.trusted_proxies] == ["127.0.0.1/32", "10.8.0.0/24"]


def test_cookies_are_secure_where_the_listener_has_tls(data: Path, tmp_path: Path) -> None:
    """CSRF_COOKIE_SECURE follows the listener unless it is set."""
    for name in ["cert.pem", "key.pem"]:
        (tmp_path / name).write_text("read at start, not here")
    tls = {"REX_TLS": f"{tmp_path}/cert.pem, {tmp_path}/key.pem"}
    settings = loaded(data, tls | {"CSRF_COOKIE_SAMESITE": "none"})
    assert settings.listen.tls is not None
    assert settings.listen.tls.key == tmp_path / "key.pem"
    assert settings.web.secure_cookies
    assert settings.flows.frontend.startswith("https://")
    assert not loaded(data, tls | {"CSRF_COOKIE_SECURE": "off"}).web.secure_cookies


def test_port_zero_becomes_the_real_one(data: Path) -> None:
    """Links to the hub's own pages bear the port that was picked; somebody else's pages stay where they are."""
    own = loaded(data, {"REX_PORT": "0", "REX_HOST": "127.0.0.1"}).bound_to("127.0.0.1", 4711)
    assert (own.listen.port, own.flows.frontend) == (4711, "http://127.0.0.1:4711")
    assert own.web.frontend_base_url == own.flows.frontend
    other = loaded(data, {"REX_PORT": "0", "FRONTEND_BASE_URL": "https://dash.example"}).bound_to("127.0.0.1", 4711)
    assert (other.listen.port, other.flows.frontend) == (4711, "https://dash.example")


# ---------------------------------------------------------------- secrets are not shown


def test_secrets_are_in_no_sentence_row_or_repr(data: Path) -> None:
    """Not when they are wrong, not when they are right, not inside a URL."""
    wrong = {
        "DATABASE_URL": f"postgresql://u:{CANARY}@h/d",
        "JWT_ALGORITHM": "HS256",
        "JWT_SECRET_KEY": CANARY,
        "RATELIMIT_STORAGE_URI": f"mongodb://:{CANARY}@h",
        "SMTP_PORT": CANARY,
        "REX_CLOUD_URL": f"https://u:{CANARY}@h",
        "SMTP_PASSWORD": CANARY,
    }
    assert CANARY not in "\n".join(problems(data, wrong))
    right = {"DATABASE_URL": f"mysql://u:{CANARY}@h/d", "SECRET_KEY": CANARY + KEY, "INTERNAL_SERVICE_TOKEN": CANARY}
    settings = loaded(data, right)
    assert CANARY not in repr(settings)
    assert CANARY not in repr(describe(settings))


def test_describe_says_what_is_set_and_by_whom(data: Path) -> None:
    """One row a setting, in the table's order, with its source and its sentence."""
    settings = loaded(
        data, {"REX_PORT": "1234", "SMTP_USERNAME": "rex", "SMTP_PASSWORD": CANARY}, "otp_expires_minutes = 3"
    )
    rows = {row.name: row for row in describe(settings)}
    assert list(rows) == [setting.name for setting in TABLE]
    assert (rows["REX_PORT"].value, rows["REX_PORT"].source) == ("1234", "environment")
    assert rows["OTP_EXPIRES_MINUTES"].source.endswith("rex.toml")
    assert (rows["SMTP_PASSWORD"].value, rows["JWT_SECRET_KEY"].value) == ("***", "-")
    assert (rows["SECRET_KEY"].value, rows["SECRET_KEY"].source) == ("***", "data directory")
    assert rows["CSRF_PROTECT"].value == "true"
    assert all(row.doc.endswith(".") for row in rows.values())


# ---------------------------------------------------------------- the data directory


def test_the_data_directory_and_its_secret_are_made_private(data: Path) -> None:
    """0700 and 0600; the secret is random, and the same at the next start."""
    first = loaded(data)
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert stat.S_IMODE((data / "secret.key").stat().st_mode) == 0o600
    assert len(first.keys.secret_key) == 64
    assert load({"REX_DATA_DIR": str(data), "REX_TLS": "off"}).keys.secret_key == first.keys.secret_key
    assert sorted(path.name for path in data.iterdir()) == ["secret.key", "unit-id"], "no drafts are left"


def test_a_secret_that_is_set_makes_no_file(data: Path) -> None:
    """SECRET_KEY from outside stays outside."""
    assert loaded(data, {"SECRET_KEY": KEY}).keys.secret_key.reveal() == KEY
    assert [path.name for path in data.iterdir()] == ["unit-id"]


@pytest.mark.parametrize("content", [b"", b"\n", b"abc", b"0" * 63, b"\xff" * 64, b"0" * 65])
def test_a_damaged_secret_refuses_to_start(data: Path, content: bytes) -> None:
    """A new one in its place would silently orphan everything sealed with the old."""
    loaded(data)
    (data / "secret.key").write_bytes(content)
    assert "backup" in problems(data)[0]
    assert (data / "secret.key").read_bytes() == content


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_secret_that_others_may_read_refuses_to_start(data: Path, mode: int) -> None:
    """With the command that puts it right."""
    loaded(data)
    (data / "secret.key").chmod(mode)
    assert f"chmod 600 {data}/secret.key" in problems(data)[0]


def test_a_dangling_secret_is_no_reason_for_a_new_one(data: Path, tmp_path: Path) -> None:
    """A symbolic link to a volume that isn't mounted is a problem to tell, not a first start."""
    data.mkdir(mode=0o700)
    (data / "secret.key").symlink_to(tmp_path / "not-mounted")
    assert "secret.key" in problems(data)[0]


class Overtaken(SeededEntropy):
    """Randomness during whose making another process makes the secret first."""

    def __init__(self, data: Path) -> None:
        super().__init__(seed=1)
        self.data = data

    @override
    def token_bytes(self, count: int) -> bytes:
        self.others = loaded(self.data).keys.secret_key
        return super().token_bytes(count)


def test_two_that_start_at_once_agree_on_the_secret(data: Path) -> None:
    """Of two processes that make it at the same time the first wins, and both use that."""
    data.mkdir(mode=0o700)
    entropy = Overtaken(data)
    mine = load({"REX_DATA_DIR": str(data), "REX_TLS": "off"}, entropy=entropy).keys.secret_key
    assert mine == entropy.others == loaded(data).keys.secret_key


def test_a_data_directory_that_cannot_be_is_explained(tmp_path: Path) -> None:
    """No parent, a file in its place, a place where nothing can be written, or one where others may write."""
    (tmp_path / "file").write_text("")
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o770)
    assert f"make the directory {tmp_path}/no first" in problems(tmp_path / "no" / "data")[0]
    assert "not a directory" in problems(tmp_path / "file")[0]
    assert "not a directory" in problems(tmp_path / "file" / "data")[0]
    assert "chmod 700" in problems(tmp_path / "shared")[0]
    assert "can't be" in problems(Path("/proc/self/fdinfo"))[0]


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes where it pleases")
def test_a_read_only_data_directory_is_explained(data: Path) -> None:
    """What the hub can't write is told at start, not at the first registration."""
    data.mkdir(mode=0o500)
    assert "can't be written" in problems(data)[0]
