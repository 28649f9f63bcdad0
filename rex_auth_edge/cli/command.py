"""What every command of the console has in common: its options, its help, how it answers and fails."""

import functools
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from typing_extensions import override

from rex_auth_edge.cli import show
from rex_auth_edge.cli.ask import asking
from rex_auth_edge.cli.fail import EXIT_REFUSED, EXIT_USAGE, explained, fail
from rex_auth_edge.cli.show import Shown

Answer = Callable[[Any], Shown | Sequence[Shown]]

_EXITS = {
    0: "done",
    1: "refused (the reason is printed)",
    2: "wrong usage",
    3: "the hub or its data can't be reached",
    4: "there is no such thing",
}


class Command(click.Command):
    """A command whose help ends with an example and its exit codes, and whose wrong usage is told to programs too."""

    def __init__(self, *args: Any, example: str, exits: Mapping[int, str], **named: Any) -> None:
        super().__init__(*args, **named)
        self._example = example
        self._exits = exits

    @override
    def make_context(self, info_name: str | None, args: list[str], *rest: Any, **named: Any) -> click.Context:
        with _told_to_programs(as_json="--json" in args):
            return super().make_context(info_name, args, *rest, **named)

    @override
    def invoke(self, ctx: click.Context) -> Any:
        with _told_to_programs(as_json=bool(ctx.params.get("as_json"))):
            return super().invoke(ctx)

    @override
    def get_short_help_str(self, limit: int = 45) -> str:
        first = " ".join((self.help or "").partition("\n\n")[0].split())
        return re.split(r"(?<=[.;:]) ", first, maxsplit=1)[0].rstrip(".;:") + "."

    @override
    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_paragraph()
        formatter.write(f"Example: {self._example}\n")
        codes = ", ".join(f"{code} {meaning}" for code, meaning in sorted(self._exits.items()))
        formatter.write_text(f"Exit codes: {codes}.")


@contextmanager
def _told_to_programs(*, as_json: bool) -> Iterator[None]:
    try:
        yield
    except click.UsageError as error:
        if not as_json:
            raise
        fail([error.format_message()], "wrong_usage", EXIT_USAGE, as_json=True)


def command(
    group: click.Group,
    name: str,
    *,
    example: str,
    answer: Answer,
    exits: dict[int, str] | None = None,
    failed: Callable[[Any], int] = lambda _: 0,
) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a command of a function that is handed an `Ask` and its options, and returns what JSON can say.

    `answer` puts that into words. Where it has `failed`, though it was done, that is the exit code; True is 1.
    """

    def make(function: Callable[..., Any]) -> click.Command:
        @functools.wraps(function)
        def asked(*, config: Path | None, as_json: bool, **options: Any) -> None:
            with explained(as_json=as_json), asking(config) as ask:
                tell(function(ask, **options), answer, failed, as_json=as_json)

        return register(group, name, example=example, exits=exits)(asked)

    return make


def register(
    group: click.Group, name: str, *, example: str, exits: dict[int, str] | None = None
) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a command that finds its own way to the hub, with the options that all have."""

    def make(function: Callable[..., Any]) -> click.Command:
        for option in (_CONFIG, _JSON):
            function = option(function)
        made = click.command(name, cls=Command, example=example, exits=_EXITS | (exits or {}))(function)
        group.add_command(made)
        return made

    return make


def tell(content: Any, answer: Answer, failed: Callable[[Any], int], *, as_json: bool) -> None:
    """Print what was done, for a program or in words, and exit with the code of a failure where that is one."""
    if as_json:
        click.echo(show.as_json(content))
    else:
        said = answer(content)
        show.out(*([said] if isinstance(said, Shown) else said))
    if exit_code := failed(content):
        sys.exit(int(exit_code))


_CONFIG = click.option("--config", type=click.Path(path_type=Path), help="The hub's TOML file of settings.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs; errors too, with their code.")

household = click.option("--household", metavar="SLUG", help="The household; without it the hub's default one.")
yes = click.option("--yes", is_flag=True, help="Don't ask whether it is meant.")


def unless_sure(question: str, *, yes: bool) -> None:
    """Ask, unless `--yes` was given; without anybody to answer, exit with 2. Ends the command on a no."""
    if yes:
        return
    if not sys.stdin.isatty():
        fail([f"{question} Say --yes where nobody can be asked."], "not_confirmed", EXIT_USAGE, as_json=wants_json())
    if not click.confirm(question, err=True):
        fail(["Nothing was done."], "not_confirmed", EXIT_REFUSED, as_json=wants_json())


def wants_json() -> bool:
    """Whether the present command was asked for JSON."""
    context = click.get_current_context(silent=True)
    return bool(context and context.params.get("as_json"))
