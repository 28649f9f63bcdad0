"""How the console fails: a sentence per problem on standard error, and an exit code that scripts can use."""

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NoReturn

import click

from rex_auth_edge.domain.failures import ExplainedError
from rex_auth_edge.domain.refusals import Code, RefusedError

EXIT_REFUSED = 1
EXIT_USAGE = 2
EXIT_CANNOT_START = 3
EXIT_NOT_FOUND = 4
EXIT_PAUSED = 5

_NOT_FOUND = frozenset({Code.NOT_FOUND, Code.UNKNOWN_TENANT})
_ENDS = (".", "?", "!", ":")


class RefusedHereError(ExplainedError):
    """The command itself refuses. `code` is for programs."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@contextmanager
def explained(*, as_json: bool) -> Iterator[None]:
    """Print the failures that explain themselves and exit; any other is a bug, and is shown as one."""
    try:
        yield
    except ExplainedError as error:
        code, fields = getattr(error, "code", None), getattr(error, "fields", None)
        fail(str(error).splitlines(), code or _name(error), _exit_of(code), as_json=as_json, fields=fields)
    except RefusedError as error:
        code, said = error.refused.code, str(getattr(error, "reason", error.refused.message))
        fail([said], code, _exit_of(code), as_json=as_json, fields=error.refused.fields)


def fail(
    sentences: Sequence[str], code: str, exit_code: int, *, as_json: bool, fields: Mapping[str, str] | None = None
) -> NoReturn:
    """Say what is wrong on standard error, for people or (with its code and fields at fault) for programs; exit."""
    if as_json:
        said: dict[str, object] = {"code": code, "message": "\n".join(sentences)}
        click.echo(json.dumps(said | ({"fields": dict(fields)} if fields else {})), err=True)
    else:
        for sentence in sentences:
            click.echo(f"Error: {sentence if sentence.endswith(_ENDS) else sentence + '.'}", err=True)
    sys.exit(exit_code)


def _exit_of(code: str | None) -> int:
    if code is None:
        return EXIT_CANNOT_START
    return EXIT_NOT_FOUND if code in _NOT_FOUND else EXIT_REFUSED


def _name(error: Exception) -> str:
    """`DataDirInUseError` as `data_dir_in_use`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__.removesuffix("Error")).lower()
