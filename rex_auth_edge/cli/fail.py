"""How the console fails: one sentence per problem, and an exit code that scripts can use."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

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
    except (ExplainedError, RefusedError) as error:
        for sentence in str(error).splitlines():
            click.echo(f"Error: {sentence}", err=True)
        sys.exit(code)
