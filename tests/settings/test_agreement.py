"""Settings: what doesn't go together, and what is unwise."""

from pathlib import Path

import pytest

from rex_auth_edge.keys.options import Algorithm
from tests.settings.loading import CANARY, KEY, REDIS, loaded, problems


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
