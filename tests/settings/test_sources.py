"""Settings: where they come from, and which source goes before which."""

from pathlib import Path

import pytest

from rex_auth_edge.settings import TABLE, describe, load
from tests.settings.loading import CANARY, KEY, loaded, problems


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
