"""Settings: what a hub has where little or nothing is set."""

from pathlib import Path

import pytest

from rex_auth_edge.domain.clock import DAY, MINUTE
from rex_auth_edge.domain.hub_names import UNIT_ID
from rex_auth_edge.domain.roles import Registration
from rex_auth_edge.keys.options import Algorithm
from rex_auth_edge.settings import NodeRole, load
from tests.doubles import SeededEntropy
from tests.settings.loading import EVERYWHERE, loaded, problems


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
