"""Delivery over SMTP: what becomes of each letter, whatever the server does."""

from email.message import EmailMessage
from typing import Any

import pytest

from rex_auth_edge.domain.secret import Secret
from rex_auth_edge.mail.carrier import Delivered, Outcome, Postponed, Rejected
from rex_auth_edge.mail.smtp import Smtp
from tests.mail.conftest import Authority
from tests.mail.posting import SENDER, smtp
from tests.mail.servers import CLOSE, PASSWORD, SILENCE, USERNAME, Inbox, authenticate, closed_port, real, scripted

SHORT = 0.2
"""A timeout, in seconds, where a server is never going to answer."""


def letter(address: str) -> EmailMessage:
    """Something to send."""
    message = EmailMessage()
    message["From"] = SENDER
    message["To"] = address
    message["Subject"] = "Grüße"
    message.set_content("Hello ✓\n.\nbye\n")
    return message


async def outcomes(carrier: Smtp, *addresses: str) -> list[Outcome]:
    """What becomes of a letter to each address."""
    return [outcome async for outcome in carrier.deliver([letter(address) for address in addresses])]


async def test_several_letters_go_over_one_connection() -> None:
    """Each is delivered, in order and whole, and the server is taken leave of."""
    async with real(Inbox()) as inbox:
        assert await outcomes(smtp(inbox.port), "a@test", "b@test", "c@test") == [Delivered()] * 3
    assert inbox.addresses == ["a@test", "b@test", "c@test"]
    assert len({id(session) for session in inbox.connections}) == 1
    assert b"\r\n..\r\n" not in inbox.taken[0][1]


async def test_a_server_is_taken_leave_of() -> None:
    """QUIT ends a connection on which everything went well; the hub has called itself by its sender's domain."""
    async with scripted() as server:
        assert await outcomes(smtp(server.port), "a@test", "b@test") == [Delivered()] * 2
    assert server.heard[0] == "EHLO hub.local"
    assert server.heard[-1] == "QUIT"
    assert server.visits == 1


@pytest.mark.parametrize(
    ("verb", "reply", "outcome"),
    [
        ("RCPT", "550 5.1.1 <a@test> unknown", Rejected("The mail server refused the letter for good (550 5.1.1).")),
        ("END", "554 no spam, a@test", Rejected("The mail server refused the letter for good (554).")),
        ("DATA", "554 5.6.0 no", Rejected("The mail server refused the letter for good (554 5.6.0).")),
        ("RCPT", "451 4.7.1 greylisted", Postponed("The mail server asks to try again later (451 4.7.1).")),
        ("END", "451 later", Postponed("The mail server asks to try again later (451).")),
        ("RCPT", "452 4.2.2 full", Postponed("The mail server asks to try again later (452 4.2.2).")),
        ("END", "552 5.2.2 full", Postponed("The mail server asks to try again later (552 5.2.2).")),
    ],
)
async def test_a_refusal_is_one_letters(verb: str, reply: str, outcome: Outcome) -> None:
    """Permanent or not, it is told for each letter by numbers alone, over one connection that is reset in between."""
    async with scripted(**{verb: reply}) as server:
        assert await outcomes(smtp(server.port), "a@test", "b@test") == [outcome, outcome]
    assert server.visits == 1
    assert server.heard.count("RSET") == 2


async def test_refused_letters_dont_hurt_the_others() -> None:
    """Refused for good, refused for now, refused after their content: those in between arrive."""
    inbox = Inbox(refuse_rcpt={"b@test": "550 5.1.1 no", "d@test": "451 later"}, refuse_data={"e@test": "554 spam"})
    async with real(inbox):
        kinds = [type(outcome) for outcome in await outcomes(smtp(inbox.port), *(f"{name}@test" for name in "abcdef"))]
    assert kinds == [Delivered, Rejected, Delivered, Postponed, Rejected, Delivered]
    assert inbox.addresses == ["a@test", "c@test", "f@test"]


@pytest.mark.parametrize(
    ("verb", "reply"),
    [
        ("GREETING", "554 go away"),
        ("GREETING", "421 4.3.2 busy"),
        ("GREETING", CLOSE),
        ("GREETING", SILENCE),
        ("EHLO", SILENCE),
        ("EHLO", CLOSE),
        ("MAIL", "550 5.7.1 rex@hub.local isn't yours"),
        ("MAIL", "530 5.7.0 sign in first"),
        ("MAIL", "421 too many"),
        ("MAIL", "garbage"),
        ("RCPT", "530 5.7.0 sign in first"),
        ("RCPT", SILENCE),
        ("DATA", "250 what?"),
        ("DATA", CLOSE),
        ("END", CLOSE),
        ("END", SILENCE),
        ("END", "421 closing"),
    ],
)
async def test_a_fault_of_the_connection_loses_nothing(verb: str, reply: str) -> None:
    """It ends the attempt for all letters, each of which stays to be sent; no timeout is waited for twice."""
    async with scripted(**{verb: reply}) as server:
        (outcome,) = await outcomes(smtp(server.port, timeout=SHORT), "a@test", "b@test")
    assert isinstance(outcome, Postponed)
    assert outcome.all
    assert server.visits == 1
    assert "@" not in outcome.reason


async def test_a_server_that_knows_no_hello_loses_nothing() -> None:
    """A hub that isn't welcome, by EHLO nor HELO, keeps its letters."""
    async with scripted(EHLO="554 blocked", HELO="554 blocked") as server:
        (outcome,) = await outcomes(smtp(server.port), "a@test", "b@test")
    assert outcome == Postponed("The mail server takes no letters from MAIL_SENDER as we sign in (554).", all=True)


async def test_nobody_listens() -> None:
    """A server that is down is noted once, for all letters."""
    (outcome,) = await outcomes(smtp(await closed_port()), "a@test", "b@test")
    assert outcome == Postponed("The mail server can't be reached or won't talk (SMTPConnectError).", all=True)


async def test_a_server_that_hangs_up_after_a_refusal_is_called_again() -> None:
    """What wasn't tried has no outcome: it isn't the worse for somebody else's refusal."""
    async with scripted(RCPT="550 no", RSET=CLOSE) as server:
        (outcome,) = await outcomes(smtp(server.port), "a@test", "b@test")
    assert isinstance(outcome, Rejected)


async def test_a_leave_that_isnt_answered_harms_nothing() -> None:
    """A letter that was confirmed stays so, whatever comes after."""
    async with scripted(QUIT=SILENCE) as server:
        assert await outcomes(smtp(server.port, timeout=SHORT), "a@test") == [Delivered()]
    async with scripted(QUIT="500 never") as server:
        assert await outcomes(smtp(server.port), "a@test") == [Delivered()]


async def test_starttls_with_sign_in(trusted: Authority) -> None:
    """With TLS set the connection is upgraded before the account's password is said."""
    how: dict[str, Any] = {"tls_context": trusted.server, "require_starttls": True, "auth_required": True}
    async with real(Inbox(), authenticator=authenticate, **how) as inbox:
        carrier = smtp(inbox.port, use_tls=True, username=USERNAME, password=Secret(PASSWORD))
        assert await outcomes(carrier, "a@test", "b@test") == [Delivered()] * 2
    assert inbox.encrypted == [True, True]


async def test_implicit_tls(trusted: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """On port 465 TLS begins with the first byte; any free port stands for it here."""
    async with real(Inbox(), implicit=trusted.server) as inbox:
        monkeypatch.setattr("rex_auth_edge.mail.smtp.IMPLICIT_TLS_PORT", inbox.port)
        assert await outcomes(smtp(inbox.port, use_tls=True), "a@test") == [Delivered()]
    assert inbox.encrypted == [True]


async def test_a_wrong_password_loses_nothing(trusted: Authority) -> None:
    """It is told by the settings' names, without the password; the letters stay."""
    async with real(Inbox(), authenticator=authenticate, tls_context=trusted.server, auth_required=True) as inbox:
        carrier = smtp(inbox.port, use_tls=True, username=USERNAME, password=Secret("Wrong-Otter-17"))
        (outcome,) = await outcomes(carrier, "a@test", "b@test")
    assert outcome == Postponed("The mail server refused SMTP_USERNAME and SMTP_PASSWORD (535 5.7.8).", all=True)
    assert inbox.taken == []


async def test_no_way_to_sign_in_loses_nothing() -> None:
    """A server without AUTH gets no letter that was to be sent signed in."""
    async with scripted() as server:
        (outcome,) = await outcomes(smtp(server.port, username=USERNAME, password=Secret(PASSWORD)), "a@test")
    assert isinstance(outcome, Postponed)
    assert "offers no way to sign in" in outcome.reason
    assert server.letters == 0


async def test_tls_is_demanded() -> None:
    """A server that doesn't offer STARTTLS, or somebody in between who hides the offer, sees no letter."""
    async with scripted(EHLO="250 mail.test") as server:
        (outcome,) = await outcomes(smtp(server.port, use_tls=True), "a@test")
    assert outcome == Postponed("The mail server offers no STARTTLS, which SMTP_USE_TLS=true insists on.", all=True)
    assert not {"MAIL", "AUTH"} & {line.split()[0] for line in server.heard}


@pytest.mark.parametrize("implicit", [False, True])
async def test_an_unknown_certificate_is_refused(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, *, implicit: bool
) -> None:
    """Without its authority in SSL_CERT_FILE a server's certificate isn't believed, however TLS begins."""
    how: dict[str, Any] = {"implicit": authority.server} if implicit else {"tls_context": authority.server}
    async with real(Inbox(), **how) as inbox:
        monkeypatch.setattr("rex_auth_edge.mail.smtp.IMPLICIT_TLS_PORT", inbox.port if implicit else 465)
        (outcome,) = await outcomes(smtp(inbox.port, use_tls=True), "a@test")
    assert isinstance(outcome, Postponed)
    assert "certificate isn't trusted" in outcome.reason
    assert inbox.taken == []


async def test_another_name_than_the_certificates_is_refused(trusted: Authority) -> None:
    """A certificate is good for the names in it only: 127.0.0.1, not localhost."""
    async with real(Inbox(), tls_context=trusted.server) as inbox:
        (outcome,) = await outcomes(smtp(inbox.port, server="localhost", use_tls=True), "a@test")
    assert isinstance(outcome, Postponed)
    assert "certificate isn't trusted" in outcome.reason


async def test_internationalised_addresses() -> None:
    """They go to a server that takes them (SMTPUTF8, RFC 6531); by another one they are refused for good, alone."""
    async with real(Inbox(), enable_SMTPUTF8=True) as inbox:
        assert await outcomes(smtp(inbox.port), "jörg@exämple.test") == [Delivered()]
    assert inbox.addresses == ["jörg@exämple.test"]
    async with real(Inbox()) as inbox:
        refused, delivered = await outcomes(smtp(inbox.port), "jörg@exämple.test", "a@test")
    assert isinstance(refused, Rejected)
    assert delivered == Delivered()
