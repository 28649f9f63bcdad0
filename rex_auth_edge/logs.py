"""Logs: one JSON object a line on stderr, or lines for people in development; secrets are masked on the way out."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any

from typing_extensions import override

OURS = "rex_auth_edge"
MASK = "***"

_SECRETS = (
    # Every JWT begins with the base 64 of `{"` (RFC 7519 section 3).
    (re.compile(r"eyJ[\w-]{5,}\.[\w-]+(?:\.[\w-]*)*"), MASK),
    (re.compile(r"(?i)(authorization[\"']?\s*[:=]\s*[\"']?)(?:(?:bearer|basic)\s+)?[^\s\"',]+"), rf"\1{MASK}"),
    (re.compile(r"(?i)(\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}"), rf"\1{MASK}"),
    (re.compile(r"(?i)(\w*(?:password|secret|token|otp|api_key)[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;]+"), rf"\1{MASK}"),
    (re.compile(r"(?i)(\b[a-z][a-z0-9+.-]*://[^\s/:@]*:)[^\s/@]+(?=@)"), rf"\1{MASK}"),
)
_SECRET_FIELD = re.compile(r"(?i)password|secret|token|authorization|cookie|\botp\b")
_ORDINARY = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


_SUSPECT = re.compile(r"(?i)eyJ|[=:]|bearer|basic")
"""What every secret's pattern has in it: most texts have none of it, and are looked at only once."""


def mask(text: str) -> str:
    """`text` without what looks like a secret. The second line of defence: the first is not to log one."""
    if not _SUSPECT.search(text):
        return text
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    """What was handed in as `extra`, masked."""
    return {name: _field(name, value) for name, value in vars(record).items() if name not in _ORDINARY}


def _field(name: str, value: object) -> object:
    if _SECRET_FIELD.search(name):
        return MASK
    return value if value is None or isinstance(value, bool | int | float) else mask(str(value))


def _moment(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _escaped(text: str) -> str:
    """One line whatever was in it, so that nobody forges a second entry or steers a terminal."""
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


class JsonFormatter(logging.Formatter):
    """One JSON object a record: ts (UTC), level, logger, message, the extra fields, and the traceback if any."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        entry = _fields(record) | {
            "ts": _moment(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": mask(record.getMessage()),
        }
        if record.exc_info:
            entry["traceback"] = mask(self.formatException(record.exc_info))
        return json.dumps(entry)


class LineFormatter(logging.Formatter):
    """One line a record, for a person at a terminal; a traceback follows indented."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        fields = "".join(f" {name}={value}" for name, value in _fields(record).items())
        head = f"{_moment(record)[11:19]} {record.levelname:<7} {mask(record.getMessage())}{fields}"
        if not record.exc_info:
            return _escaped(head)
        trace = mask(self.formatException(record.exc_info)).splitlines()
        return "\n    ".join(map(_escaped, [head, *trace]))


def configure(level: str = "info", *, development: bool = False) -> None:
    """Send every log to stderr; `level` is ours, libraries speak from warnings up.

    Libraries log requests, rows and SMTP conversations at their debug level, secrets included: that is never let out.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter() if development else JsonFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger(OURS).setLevel(level.upper())
    # A stranger's garbage would write a warning a request; the application logs accesses itself.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    logging.getLogger("uvicorn.access").disabled = True
    logging.captureWarnings(capture=True)
