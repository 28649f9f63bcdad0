"""A letter that only shows that mail works."""

from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from rex_auth_edge.domain.clock import SECOND, Moment

_TEXT = """\
This letter was sent by `rex-auth-edge mail test` on your REX hub, to see whether its mail arrives. It does.

Nothing has to be done.
"""


def trial(sender: str, address: str, now: Moment, message_id: str) -> EmailMessage:
    """The letter. Raises ValueError where an address can't stand in a header."""
    local_part, _, domain = address.rpartition("@")
    message = EmailMessage()
    message["From"] = sender
    message["To"] = Address(username=local_part, domain=domain)
    message["Subject"] = "Mail from your REX hub arrives"
    message["Date"] = format_datetime(datetime.fromtimestamp(now.wall / SECOND, UTC))
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_TEXT, cte="quoted-printable")
    return message
