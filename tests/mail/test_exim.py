"""From the outbox into mailboxes, through a mail server as people run them."""

import re
from collections.abc import Iterator

import pytest

from rex_auth_edge import machine
from rex_auth_edge.domain.secret import Secret
from rex_auth_edge.mail.letters import Verification
from tests.mail import exim
from tests.mail.conftest import Authority
from tests.mail.posting import PostOffice, smtp
from tests.mail.servers import PASSWORD, USERNAME


@pytest.fixture(scope="module")
def server(authority: Authority) -> Iterator[exim.Exim]:
    """A real server, started for the first test that asks."""
    if not exim.PROGRAM.exists():
        said = "exim4 isn't installed. On Debian: apt install exim4-daemon-light"
        pytest.fail(said) if machine.environment().get("CI") == "true" else pytest.skip(said)
    with exim.running(authority) as running:
        yield running


async def test_letters_reach_their_mailboxes(office: PostOffice, server: exim.Exim, trusted: Authority) -> None:
    """Over STARTTLS and signed in: what is taken arrives once, what is refused ends or waits, nobody hurts another."""
    office.restart(smtp(server.port, use_tls=True, username=USERNAME, password=Secret(PASSWORD)))
    for name in ("stranger", "maya", "greylisted", "noor"):
        await office.send(f"{name}@test.example", Verification("Zoë 123456", "408112", 5))
    await office.drain_all()
    assert await office.states() == ["failed", "sent", "waiting", "sent"]
    (letter,) = server.delivered("maya@test.example")
    text = letter.get_body(("plain",))
    assert text is not None
    assert re.findall(r"\d{6}", str(text.get_content())) == ["408112", "123456"]
    assert "Zoë" in str(text.get_content())
    assert not letter.defects
    assert len(server.delivered("noor@test.example")) == 1
    assert server.delivered("greylisted@test.example") == []
    assert "@" not in await office.reasons()


async def test_a_wrong_password_loses_nothing(office: PostOffice, server: exim.Exim, trusted: Authority) -> None:
    """Letters wait until the settings are right, and then arrive."""
    office.restart(smtp(server.port, use_tls=True, username=USERNAME, password=Secret("Wrong-Otter-17")))
    await office.send("ines@test.example")
    await office.drain_all()
    assert await office.states() == ["waiting"]
    office.restart(smtp(server.port, use_tls=True, username=USERNAME, password=Secret(PASSWORD)))
    await office.after_a_pause()
    assert await office.states() == ["sent"]
    assert len(server.delivered("ines@test.example")) == 1
