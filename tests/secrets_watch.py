"""Every test, whatever it is about, fails if the hub has logged a secret that the test used.

Secrets are noted where they come into being: passwords at the pool, tokens and codes at their mint, settings in
`Secret`. Records are looked at before the formatter masks anything, since a mask is the second line of defence.
"""

import functools
import logging
import re
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rex_auth_edge.domain.entropy import digits
from rex_auth_edge.domain.secret import Secret
from rex_auth_edge.flows import signup
from rex_auth_edge.keys.hashes import BearerMint
from rex_auth_edge.keys.passwords import PasswordPool
from rex_auth_edge.keys.tokens import AccessTokens
from rex_auth_edge.web.csrf import Csrf

OURS = "rex_auth_edge"
_TELLING = 8
"""Shorter texts turn up by chance; one-time codes are looked for as numbers that stand alone."""


class Watch(logging.Handler):
    """What was logged since the test began, and the secrets that were used since."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.secrets: set[str] = set()
        self.codes: set[str] = set()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what is ours, and of libraries what the hub lets out."""
        if record.name.partition(".")[0] == OURS or record.levelno >= logging.WARNING:
            self.lines.append(written(record))

    def begin(self) -> None:
        """A new test."""
        self.secrets.clear()
        self.codes.clear()
        self.lines.clear()

    def leaked(self) -> list[str]:
        """The secrets that are in the log."""
        logged = "\n".join(self.lines)
        found = [secret for secret in self.secrets if len(secret) >= _TELLING and secret in logged]
        return found + [code for code in self.codes if re.search(rf"(?<![\w.-]){code}(?![\w.-])", logged)]


WATCH = Watch()


def written(record: logging.LogRecord) -> str:
    """Everything in a record: message, traceback, extra fields, unmasked."""
    traced = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""
    extra = {name: value for name, value in vars(record).items() if name not in _ORDINARY}
    return f"{record.name} {record.getMessage()} {extra} {traced}"


_ORDINARY = frozenset(vars(logging.makeLogRecord({})))


def _note_argument(place: int, name: str) -> Callable[..., Any]:
    """Note what goes in."""

    def wrap(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def noting(*args: Any, **named: Any) -> Any:
            WATCH.secrets.add(str(named[name] if name in named else args[place]))
            return function(*args, **named)

        return noting

    return wrap


def _note_result(function: Callable[..., Any]) -> Callable[..., Any]:
    """Note what comes out."""

    @functools.wraps(function)
    def noting(*args: Any, **named: Any) -> Any:
        made = function(*args, **named)
        (WATCH.codes if len(made) < _TELLING else WATCH.secrets).add(made)
        return made

    return noting


def pytest_configure() -> None:
    """Watch from here on, in each process of the tests."""
    patch = pytest.MonkeyPatch()
    patch.setattr(Secret, "__init__", _note_argument(1, "text")(Secret.__init__))
    patch.setattr(PasswordPool, "hash", _note_argument(1, "password")(PasswordPool.hash))
    patch.setattr(PasswordPool, "verify", _note_argument(2, "password")(PasswordPool.verify))
    patch.setattr(signup, "digits", _note_result(digits))
    for mint, name in ((BearerMint, "mint"), (AccessTokens, "mint"), (Csrf, "issue")):
        patch.setattr(mint, name, _note_result(getattr(mint, name)))
    logging.getLogger().addHandler(WATCH)
    logging.getLogger(OURS).setLevel(logging.DEBUG)


@pytest.fixture(autouse=True)
def nothing_secret_is_logged() -> Iterator[None]:
    """The test's log holds none of the test's secrets."""
    WATCH.begin()
    logging.getLogger().addHandler(WATCH)
    yield
    assert WATCH.leaked() == []
