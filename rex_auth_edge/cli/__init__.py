"""The console: `rex-auth-edge`, one file per group of verbs."""

import click

from rex_auth_edge import __version__
from rex_auth_edge.cli.key import key
from rex_auth_edge.cli.serve import serve


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="rex-auth-edge")
def main() -> None:
    """The household's own identity provider.

    \b
    Start it:           rex-auth-edge serve
    Try it on a laptop: rex-auth-edge serve --development
    """


main.add_command(serve)
main.add_command(key)
