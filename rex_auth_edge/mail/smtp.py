"""SMTP submission (RFC 6409): several letters a connection, each with its own outcome."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Sequence
from email.message import EmailMessage
from typing import TYPE_CHECKING

from rex_auth_edge.mail.carrier import Delivered, Outcome, Postponed, Rejected
from rex_auth_edge.mail.options import MailOptions

if TYPE_CHECKING:
    from aiosmtplib import SMTP, SMTPResponseException

IMPLICIT_TLS_PORT = 465
_CLOSING = 421
_FULL_MAILBOX = frozenset({452, 552})
_NOT_SIGNED_IN = frozenset({530, 534, 535, 538})
"""RFC 4954 section 6: these are about our settings, whichever command they answer."""
_REFUSALS = range(400, 600)
_PERMANENT = 500
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}\b")


class Smtp:
    """Delivers through the configured server. What a server says may echo addresses, so only its numbers are kept."""

    def __init__(self, options: MailOptions) -> None:
        self._options = options

    async def deliver(self, messages: Sequence[EmailMessage]) -> AsyncIterator[Outcome]:
        """See `Carrier`. Stops early where the server hangs up: what is left goes over another connection."""
        client = await self._client()
        try:
            if (trouble := await self._open(client)) is not None:
                yield trouble
                return
            for message in messages:
                outcome = await _send(client, message)
                yield outcome
                if not client.is_connected or (isinstance(outcome, Postponed) and outcome.all):
                    return
            await _quit(client)
        finally:
            _hang_up(client)

    async def _client(self) -> "SMTP":
        from aiosmtplib import SMTP  # noqa: PLC0415 - 23 MiB that a hub without mail does without

        options = self._options
        implicit = options.use_tls and options.port == IMPLICIT_TLS_PORT
        return SMTP(
            hostname=options.server,
            port=options.port,
            # Else it is looked up, which takes as long as DNS likes when the internet is gone.
            local_hostname=_ascii_domain(options.sender),
            timeout=options.timeout,
            use_tls=implicit,
            start_tls=options.use_tls and not implicit,
            # In a thread: a hundred authorities' certificates are read.
            tls_context=await asyncio.to_thread(ssl.create_default_context) if options.use_tls else None,
        )

    async def _open(self, client: "SMTP") -> Postponed | None:
        """Connect and sign in; why that isn't possible now. Whatever it is, no letter is to blame."""
        import aiosmtplib  # noqa: PLC0415

        missing = "The mail server offers no STARTTLS, which SMTP_USE_TLS=true insists on."
        try:
            await client.connect()
            missing = "The mail server offers no way to sign in with SMTP_USERNAME and SMTP_PASSWORD."
            if self._options.username and self._options.password is not None:
                await client.login(self._options.username, self._options.password.reveal())
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            plain = type(error) is aiosmtplib.SMTPException  # the library's, where an extension is absent
            return Postponed(missing if plain else _why_no_connection(error), all=True)
        return None


async def _send(client: "SMTP", message: EmailMessage) -> Outcome:
    import aiosmtplib  # noqa: PLC0415

    try:
        await client.send_message(message)
    except aiosmtplib.SMTPRecipientsRefused as error:
        return _weigh(error.recipients[0])
    except aiosmtplib.SMTPResponseException as error:
        return _weigh(error)
    except aiosmtplib.SMTPNotSupported:
        return Rejected("The mail server can't take an internationalised address (SMTPUTF8).")
    except (aiosmtplib.SMTPException, OSError) as error:
        return Postponed(f"The mail server didn't confirm the letter ({type(error).__name__}).", all=True)
    except ValueError:
        return Rejected("The address can't be said in SMTP.")
    return Delivered()


def _weigh(error: "SMTPResponseException") -> Outcome:
    """Whether a refusal is about the letter or about us, and whether it is for good."""
    import aiosmtplib  # noqa: PLC0415

    numbers = _numbers(error)
    about_us = isinstance(error, aiosmtplib.SMTPHeloError | aiosmtplib.SMTPSenderRefused)
    if about_us or error.code in _NOT_SIGNED_IN:
        return Postponed(f"The mail server takes no letters from MAIL_SENDER as we sign in ({numbers}).", all=True)
    if error.code not in _REFUSALS:  # neither yes nor no: what it says next can't be told apart either
        return Postponed(f"The mail server answered out of turn ({numbers}).", all=True)
    if error.code >= _PERMANENT and error.code not in _FULL_MAILBOX:
        return Rejected(f"The mail server refused the letter for good ({numbers}).")
    return Postponed(f"The mail server asks to try again later ({numbers}).", all=error.code == _CLOSING)


async def _quit(client: "SMTP") -> None:
    import aiosmtplib  # noqa: PLC0415

    try:
        await client.quit()
    except (aiosmtplib.SMTPException, OSError):
        return  # every letter has its answer already


def _hang_up(client: "SMTP") -> None:
    """At once: TLS would wait half a minute for the farewell of a server that is gone."""
    if isinstance(client.transport, asyncio.WriteTransport):
        client.transport.abort()
    client.close()


def _why_no_connection(error: Exception) -> str:
    import aiosmtplib  # noqa: PLC0415

    if isinstance(error.__cause__ or error, ssl.SSLCertVerificationError):
        return "The mail server's certificate isn't trusted here: is SMTP_SERVER its name, its CA in SSL_CERT_FILE?"
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return f"The mail server refused SMTP_USERNAME and SMTP_PASSWORD ({_numbers(error)})."
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return f"The mail server takes no letters from here now ({_numbers(error)})."
    if isinstance(error, TimeoutError):
        return "The mail server didn't answer in time."
    return f"The mail server can't be reached or won't talk ({type(error).__name__})."


def _numbers(error: "SMTPResponseException") -> str:
    """The status code, and the enhanced one where the server gave it (RFC 3463)."""
    enhanced = _ENHANCED.match(error.message)
    return f"{error.code} {enhanced[0]}" if enhanced else str(error.code)


def _ascii_domain(sender: str) -> str:
    """What the hub calls itself to the server (RFC 5321 section 4.1.1.1)."""
    domain = sender.rpartition("@")[2]
    return domain if domain.isascii() else "localhost"
