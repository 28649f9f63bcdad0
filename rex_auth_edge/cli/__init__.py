"""The console: `rex-auth-edge`, one file per group of verbs."""

import click

from rex_auth_edge import __version__
from rex_auth_edge.cli import discover, doctor, export, importing, keep, serve, setup, status, sync_hubs, welcome
from rex_auth_edge.cli.audit import audit
from rex_auth_edge.cli.clock import clock
from rex_auth_edge.cli.db import db
from rex_auth_edge.cli.device import device
from rex_auth_edge.cli.guests import guest_pass
from rex_auth_edge.cli.household import household
from rex_auth_edge.cli.invite import invite
from rex_auth_edge.cli.key import key
from rex_auth_edge.cli.mail import mail
from rex_auth_edge.cli.recovery import recovery
from rex_auth_edge.cli.session import session
from rex_auth_edge.cli.settings import settings
from rex_auth_edge.cli.sync import sync
from rex_auth_edge.cli.user import user

__all__ = ["export", "keep", "main", "sync_hubs"]


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="rex-auth-edge")
def main() -> None:
    """The household's own identity provider.

    \b
    Start it:           rex-auth-edge serve
    Try it on a laptop: rex-auth-edge serve --development
    See how it is:      rex-auth-edge status
    """


for alone in (serve, setup, status, doctor, discover, welcome, importing):
    alone.add_to(main)
for group in (
    household,
    user,
    invite,
    device,
    guest_pass,
    recovery,
    session,
    key,
    mail,
    sync,
    audit,
    clock,
    db,
    settings,
):
    main.add_command(group)
