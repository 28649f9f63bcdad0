"""Reading a secret: from a file, from standard input, or typed without being shown; never from the arguments."""

import sys
from pathlib import Path

import click

from rex_auth_edge.cli.fail import RefusedHereError

_MOST = 4096

from_file = click.option(
    "--password-file",
    "source",
    type=click.Path(path_type=Path),
    help="Read the password from the first line of this file (- is standard input); else it is asked for.",
)


def password(source: Path | None, prompt: str = "Password", remark: str = "") -> str:
    """The password: of a terminal's user twice, without showing it; else one line. Raises ExplainedError.

    In a file, lines that begin with `remark` are passed over.
    """
    if source is None and sys.stdin.isatty():
        return str(click.prompt(prompt, hide_input=True, confirmation_prompt=True, err=True))
    text = sys.stdin.readline(_MOST) if source is None or str(source) == "-" else _first_line(source, remark)
    secret = text.rstrip("\r\n")
    if not secret:
        raise RefusedHereError("missing_field", "No password was given: type one, or name a file (--password-file).")
    return secret


def line(source: Path | None, prompt: str) -> str:
    """A code that is typed once, in sight: asked for, or the first line of a file. Raises ExplainedError."""
    if source is None and sys.stdin.isatty():
        return str(click.prompt(prompt, err=True)).strip()
    text = sys.stdin.readline(_MOST) if source is None or str(source) == "-" else _first_line(source, "")
    if not text.strip():
        raise RefusedHereError("missing_field", f"{prompt}: none was given; type it, or name a file.")
    return text.strip()


def _first_line(source: Path, remark: str) -> str:
    try:
        with source.open(encoding="utf-8") as file:
            line = file.readline(_MOST)
            while remark and line.startswith(remark):
                line = file.readline(_MOST)
            return line
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it isn't UTF-8 text"
        raise RefusedHereError("file", f"{source} can't be read: {why}. Check its path and permissions.") from error
