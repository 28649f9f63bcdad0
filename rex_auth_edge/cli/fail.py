"""How the console fails: one sentence per problem, and an exit code that scripts can use."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import click

from rex_auth_edge.domain.failures import ExplainedError
from rex_auth_edge.domain.refusals import RefusedError

EXIT_REFUSED = 1
EXIT_CANNOT_START = 3


@contextmanager
def explained(code: int) -> Iterator[None]:
    """Print the failures that explain themselves and exit with `code`; any other is a bug, and is shown as one."""
    try:
        yield
    except ExplainedError as error:
        _fail(str(error).splitlines(), code)
    except RefusedError as error:
        _fail([error.refused.message], code)


def _fail(sentences: list[str], code: int) -> NoReturn:
    for sentence in sentences:
        click.echo(f"Error: {sentence}", err=True)
    sys.exit(code)
