"""Settings: what each can be, and what is impossible."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rex_auth_edge.settings import TABLE, Setting
from tests.settings.loading import CANARY, KEY, REDIS, loaded, problems

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
