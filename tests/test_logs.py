"""Logs: their form, and that secrets don't get out by them."""

import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rex_auth_edge.logs import JsonFormatter, LineFormatter, configure, mask

JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJlLXNpZ25hdHVyZQ"


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Other tests keep the logging that they have."""
    root, ours = logging.getLogger(), logging.getLogger("rex_auth_edge")
    before = (root.handlers[:], root.level, ours.level)
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    ours.setLevel(before[2])
    logging.getLogger("uvicorn.access").disabled = False
    logging.getLogger("uvicorn.error").setLevel(logging.NOTSET)


def formatted(message: str, **extra: Any) -> dict[str, Any]:
    """One record through the JSON formatter, read back."""
    record = logging.makeLogRecord({"name": "rex_auth_edge.x", "levelname": "INFO", "msg": message} | extra)
    line = JsonFormatter().format(record)
    assert "\n" not in line
    entry: dict[str, Any] = json.loads(line)
    return entry


def test_a_record_is_one_json_line(capsys: pytest.CaptureFixture[str]) -> None:
    """ts, level, logger, message and the extra fields, on stderr."""
    configure("info")
    logging.getLogger("rex_auth_edge.flows").info("signed %s", "in", extra={"status": 200, "who": "maya"})
    entry = json.loads(capsys.readouterr().err)
    assert entry["ts"].endswith("Z")
    assert (entry["level"], entry["logger"], entry["message"]) == ("info", "rex_auth_edge.flows", "signed in")
    assert (entry["status"], entry["who"]) == (200, "maya")


def test_extra_fields_forge_no_others() -> None:
    """What a record is called and how grave it is can't be overwritten."""
    assert formatted("x", ts="1970", level="critical", logger="other")["level"] == "info"


def test_libraries_stay_quiet_below_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    """Debug for us is not debug for drivers, which would log rows and passwords."""
    configure("debug")
    logging.getLogger("aiosqlite").debug("INSERT ... hunter2")
    logging.getLogger("uvicorn.access").error("GET /")
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
    logging.getLogger("rex_auth_edge").debug("ours")
    lines = capsys.readouterr().err.splitlines()
    assert [json.loads(line)["message"] for line in lines] == ["ours"]


def test_tracebacks_show_no_locals() -> None:
    """Where it happened, not what was in the variables."""
    entry = failure("hunter" + "2-local", "failed")
    assert "raise RuntimeError(str(len(password)))" in entry["traceback"]
    assert "hunter2-local" not in entry["traceback"]


def _fail(password: str, text: str) -> None:
    if not password:
        raise RuntimeError(text)
    raise RuntimeError(str(len(password)))


def failure(password: str, text: str, **extra: Any) -> dict[str, Any]:
    """A record with the traceback of something that failed with `password` in a local variable."""
    try:
        _fail(password, text)
    except RuntimeError:
        return formatted("failed: %s", args=(text,), exc_info=sys.exc_info(), **extra)
    raise AssertionError


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"token was {JWT} in it", JWT),
        ("Authorization: Bearer abcdef0123456789", "abcdef0123456789"),
        ("{'authorization': 'Basic cmV4OnNlY3JldA=='}", "cmV4OnNlY3JldA"),
        ("password=hunter2&x=1", "hunter2"),
        ('{"new_password": "hunter2"}', "hunter2"),
        ("GET /reset-password?token=abc123def", "abc123def"),
        ("SMTP_PASSWORD=hunter2", "hunter2"),
        ("otp: 123456", "123456"),
        ("mysql://rex:hunter2@db/auth", "hunter2"),
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str, secret: str) -> None:
    """In messages, in extra fields and in tracebacks."""
    assert secret not in mask(text)
    assert "***" in mask(text)
    entry = failure("", text, detail=text, nested={"a": [text]})
    assert secret not in json.dumps(entry)


def test_fields_named_like_secrets_are_masked_whatever_they_hold() -> None:
    """A number can be a secret too."""
    assert formatted("x", otp=123456, access_token="opaque", cookie="c")["otp"] == "***"
    assert formatted("x", access_token="opaque")["access_token"] == "***"


def test_ordinary_text_is_left_alone() -> None:
    """The mask doesn't eat what it shouldn't."""
    text = "Listening at http://127.0.0.1:8000, 3 letters in the outbox, user 0190-aa changed their password."
    assert mask(text) == text


@given(st.text(), st.text())
def test_any_text_is_one_line(message: str, field: str) -> None:
    """Nobody forges an entry or steers a terminal: control characters come out escaped, in both forms."""
    record = logging.makeLogRecord({"name": "x", "levelname": "INFO", "msg": "%s", "args": (message,), "who": field})
    for formatter in (JsonFormatter(), LineFormatter()):
        line = formatter.format(record)
        assert len(line.splitlines()) == 1
        assert "\x1b" not in line


def test_development_writes_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    """A short line with time, level, message and fields."""
    configure("info", development=True)
    logging.getLogger("rex_auth_edge").warning("careful\nnow", extra={"port": 1})
    line = capsys.readouterr().err
    assert line.endswith("WARNING careful\\nnow port=1\n")
