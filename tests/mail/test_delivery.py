"""From the outbox to a server, whatever the server, the disk or the process does meanwhile."""

import asyncio
import logging
import re
from contextlib import suppress
from email.message import EmailMessage

import pytest

from rex_auth_edge.mail.letters import Verification
from rex_auth_edge.storage.store import StorageUnavailableError
from tests.mail.doubles import Ailing, Carrier
from tests.mail.posting import PostOffice, smtp
from tests.mail.servers import CLOSE, Inbox, closed_port, real, scripted


async def test_letters_are_delivered_by_a_real_server(office: PostOffice) -> None:
    """What was posted arrives once, over one connection, and its content is erased."""
    async with real(Inbox()) as inbox:
        office.restart(smtp(inbox.port))
        await office.send("a@test")
        await office.send("b@test")
        await office.drain_all()
        await office.after_a_pause()
    assert inbox.addresses == ["a@test", "b@test"]
    assert len({id(session) for session in inbox.connections}) == 1
    assert [(row.state, row.sealed) for row in await office.rows()] == [("sent", None)] * 2


async def test_a_letters_code_is_the_first_number_that_a_server_sees(office: PostOffice) -> None:
    """No six digits precede it in the source either: the Message-ID is made of letters."""
    async with real(Inbox(refuse_data={"a@test": "451 later"})) as inbox:
        office.restart(smtp(inbox.port))
        letter_id = await office.send("a@test", Verification("A", "408112", 5))
        await office.drain_all()
        inbox.refuse_data.clear()
        await office.after_a_pause()
    ((_, source),) = inbox.taken
    assert re.findall(rb"\d{6}", source)[0] == b"408112"
    assert re.search(rb"Message-ID: <[a-p]{32}@hub\.local>", source)
    assert letter_id.hex.encode() not in source


async def test_a_greylisted_letter_is_tried_again(office: PostOffice) -> None:
    """Refused for now, it isn't tried before its pause is over, and arrives after it; nobody else waits."""
    async with real(Inbox(refuse_rcpt={"a@test": "451 4.7.1 come back"})) as inbox:
        office.restart(smtp(inbox.port))
        await office.send("a@test")
        await office.send("b@test")
        await office.drain_all()
        assert await office.states() == ["waiting", "sent"]
        inbox.refuse_rcpt.clear()
        await office.drain_all()
        assert await office.states() == ["waiting", "sent"]
        await office.after_a_pause()
    assert inbox.addresses == ["b@test", "a@test"]
    assert (await office.rows())[0].attempts == 1


@pytest.mark.parametrize("when", ["refuse_rcpt", "refuse_data"])
async def test_a_letter_refused_for_good_has_failed(office: PostOffice, when: str) -> None:
    """It is not tried again; the reason is kept without the address, and the next letter to it goes its way."""
    async with real(Inbox(**{when: {"a@test": "550 5.1.1 <a@test> is unknown"}})) as inbox:  # type: ignore[arg-type]
        office.restart(smtp(inbox.port))
        await office.send("a@test")
        await office.drain_all()
        inbox.refuse_rcpt.clear()
        inbox.refuse_data.clear()
        await office.send("a@test")
        await office.after_a_pause()
    assert await office.states() == ["failed", "sent"]
    assert await office.reasons() == "The mail server refused the letter for good (550 5.1.1). "


async def test_a_server_that_is_down_loses_nothing(office: PostOffice) -> None:
    """However often it is tried, letters wait; once the server is back they arrive, each once and in order."""
    port = await closed_port()
    office.restart(smtp(port))
    for address in ("a@test", "b@test", "a@test"):
        await office.send(address)
    for _ in range(10):
        await office.after_a_pause()
    assert await office.states() == ["waiting"] * 3
    assert {row.attempts for row in await office.rows()} == {0, 10}
    async with real(Inbox(), port=port) as inbox:
        await office.after_a_pause()
    assert sorted(inbox.addresses) == ["a@test", "a@test", "b@test"]
    assert await office.states() == ["sent"] * 3


async def test_a_server_that_is_down_is_called_once_for_all(office: PostOffice) -> None:
    """A failed connection puts off everything that is due, more than one connection's worth too."""
    async with scripted(GREETING="421 closed") as server:
        office.restart(smtp(server.port))
        for number in range(50):
            await office.send(f"p{number}@test")
        await office.drain_all()
        assert server.visits == 1
    assert {row.attempts for row in await office.rows()} == {1}


async def test_a_connection_that_breaks_in_mid_letter(office: PostOffice) -> None:
    """Without the server's word for it a letter isn't delivered: it is tried again."""
    async with scripted(END=CLOSE) as server:
        office.restart(smtp(server.port))
        await office.send("a@test")
        await office.drain_all()
    assert server.letters == 1
    assert await office.states() == ["waiting"]
    async with real(Inbox()) as inbox:
        office.restart(smtp(inbox.port))
        await office.after_a_pause()
    assert inbox.addresses == ["a@test"]


async def test_a_crash_doesnt_repeat_what_was_confirmed(office: PostOffice) -> None:
    """Each confirmation is on disk before the next letter leaves: a process that dies then has nothing to repeat."""

    def die(message: EmailMessage) -> None:
        if message["To"] == "b@test":
            raise asyncio.CancelledError

    carrier = Carrier(then=die)
    office.restart(carrier)
    for address in ("a@test", "b@test", "c@test"):
        await office.send(address)
    with suppress(asyncio.CancelledError):
        await office.drain.once()
    assert await office.states() == ["sent", "waiting", "waiting"]
    office.restart(after := Carrier())
    await office.drain_all()
    assert carrier.took == ["a@test", "b@test"]
    assert after.took == ["b@test", "c@test"]


async def test_a_full_disk_doesnt_repeat_what_was_confirmed(office: PostOffice) -> None:
    """A confirmation that can't be written down is remembered, and nothing is sent until it is."""
    ailing = Ailing(office.store)
    carrier = Carrier(then=lambda _message: setattr(ailing, "broken", True))
    office.store = ailing
    office.restart(carrier)
    await office.send("a@test")
    await office.send("b@test")
    for _ in range(3):
        with pytest.raises(StorageUnavailableError):
            await office.drain.once()
    ailing.broken = False
    carrier.then = lambda _message: None
    await office.drain_all()
    assert carrier.took == ["a@test", "b@test"]
    assert await office.states() == ["sent", "sent"]


async def test_no_connection_is_left_open(office: PostOffice) -> None:
    """When a confirmation can't be written down, the server isn't kept waiting for the next letter."""
    carrier = Carrier(then=lambda _message: setattr(ailing, "broken", True))
    office.store = ailing = Ailing(office.store)
    office.restart(carrier)
    await office.send("a@test")
    await office.send("b@test")
    with pytest.raises(StorageUnavailableError) as failure:
        await office.drain.once()
    assert not carrier.busy, failure


async def test_logs_name_no_person(office: PostOffice, caplog: pytest.LogCaptureFixture) -> None:
    """Letters are logged by kind and id; a server that echoes what it is told changes nothing about that."""
    caplog.set_level(logging.INFO)
    async with real(Inbox(refuse_rcpt={"maya@test": "550 maya@test unknown", "b@test": "451 b@test"})) as inbox:
        office.restart(smtp(inbox.port))
        ids = [await office.send(who, Verification("Maya", "408112", 5)) for who in ("maya@test", "b@test", "c@test")]
        await office.drain_all()
    said = "\n".join(str(vars(record)) for record in caplog.records if record.name.startswith("rex_auth_edge"))
    assert all(str(letter_id) in said for letter_id in ids)
    assert not [word for word in ("@test", "Maya", "408112") if word in said]
