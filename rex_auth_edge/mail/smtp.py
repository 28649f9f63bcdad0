"""SMTP submission (RFC 6409): several letters a connection, each with its own outcome."""

import ssl
from collections.abc import AsyncIterator, Sequence
from email.message import EmailMessage
from typing import TYPE_CHECKING

from rex_auth_edge.mail.carrier import Delivered, Outcome, Postponed, Rejected
from rex_auth_edge.mail.options import MailOptions

if TYPE_CHECKING:
    from aiosmtplib import SMTP

IMPLICIT_TLS_PORT = 465
_FULL_MAILBOX = frozenset({452, 552})
_PERMANENT = 500


class Smtp:
    """Delivers through the configured server. What a server says may echo addresses, so only its numbers are kept."""

    def __init__(self, options: MailOptions) -> None:
        self._options = options

    async def deliver(self, messages: Sequence[EmailMessage]) -> AsyncIterator[Outcome]:
        """See `Carrier`."""
        import aiosmtplib  # noqa: PLC0415 - 23 MiB that a hub without mail does without

        client = self._client()
        try:
            await client.connect()
            await self._sign_in(client)
        except (aiosmtplib.SMTPException, OSError, ssl.SSLError) as error:
            client.close()
            yield Postponed(_why_no_connection(error), all=True)
            return
        for message in messages:
            outcome = await _send(client, message)
            yield outcome
            if isinstance(outcome, Postponed) and outcome.all:
                client.close()
                return
        await _quit(client)

    def _client(self) -> "SMTP":
        from aiosmtplib import SMTP  # noqa: PLC0415

        options = self._options
        implicit = options.use_tls and options.port == IMPLICIT_TLS_PORT
        context = ssl.create_default_context() if options.use_tls else None
        return SMTP(
            hostname=options.server,
            port=options.port,
            timeout=options.timeout,
            use_tls=implicit,
            start_tls=options.use_tls and not implicit,
            tls_context=context,
        )

    async def _sign_in(self, client: "SMTP") -> None:
        if self._options.username and self._options.password is not None:
            await client.login(self._options.username, self._options.password.reveal())


async def _send(client: "SMTP", message: EmailMessage) -> Outcome:
    import aiosmtplib  # noqa: PLC0415

    try:
        await client.send_message(message)
    except aiosmtplib.SMTPRecipientsRefused as error:
        return _judge(client, error.recipients[0].code)
    except aiosmtplib.SMTPNotSupported:
        return Rejected("The mail server can't take an internationalised address (SMTPUTF8).")
    except aiosmtplib.SMTPResponseException as error:
        return _judge(client, error.code)
    except (aiosmtplib.SMTPException, OSError) as error:
        return Postponed(f"The mail server didn't confirm the letter ({type(error).__name__}).", all=True)
    return Delivered()


def _judge(client: "SMTP", code: int) -> Outcome:
    """A refusal of one letter; the connection goes on with the next, if the server still listens."""
    if code >= _PERMANENT and code not in _FULL_MAILBOX:
        return Rejected(f"The mail server refused the letter for good ({code}).")
    return Postponed(f"The mail server asks to try again later ({code}).", all=not client.is_connected)


async def _quit(client: "SMTP") -> None:
    import aiosmtplib  # noqa: PLC0415

    try:
        await client.quit()
    except (aiosmtplib.SMTPException, OSError):
        client.close()


def _why_no_connection(error: Exception) -> str:
    name = type(error).__name__
    sentences = {
        "SMTPAuthenticationError": "The mail server refused SMTP_USERNAME and SMTP_PASSWORD.",
        "SMTPConnectTimeoutError": "The mail server didn't answer in time.",
        "SMTPTimeoutError": "The mail server didn't answer in time.",
        "SSLCertVerificationError": "The mail server's certificate isn't trusted here.",
    }
    if "certificate" in str(error).lower():
        return sentences["SSLCertVerificationError"]
    return sentences.get(name, f"The mail server can't be reached or won't talk ({name}).")
