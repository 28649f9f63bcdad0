"""The drain's rounds: what is due, what is too late, what can't be written, and when it looks again."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from email.message import EmailMessage

import sqlalchemy as sa

from rex_auth_edge.domain.clock import HOUR, MINUTE, SECOND
from rex_auth_edge.domain.secret import Secret
from rex_auth_edge.keys.seal import Seal
from rex_auth_edge.mail.carrier import Delivered, Outcome, Postponed
from rex_auth_edge.mail.letters import Verification
from rex_auth_edge.storage import outbox
from rex_auth_edge.storage.tables import outbox as table
from tests.mail.doubles import Carrier
from tests.mail.posting import PostOffice, smtp
from tests.mail.servers import closed_port


async def test_a_late_letter_expires_unsent(office: PostOffice) -> None:
    """Past its life a letter isn't worth sending, whether it waited for the server or for its elder."""
    office.restart(smtp(await closed_port()))
    await office.send("a@test", Verification("A", "408112", 5), life=5 * MINUTE)
    await office.send("a@test", Verification("A", "551900", 5), life=5 * MINUTE)
    await office.send("a@test")
    await office.drain_all()
    office.restart(carrier := Carrier())
    await office.after_a_pause()
    assert await office.states() == ["expired", "expired", "sent"]
    assert carrier.took == ["a@test"]
    assert (await office.rows())[0].sealed is None


async def test_a_letter_lives_as_long_as_it_was_told_to(office: PostOffice) -> None:
    """Setting the wall clock neither ends a letter's life nor prolongs it."""
    await office.send("a@test", life=5 * MINUTE)
    office.clock.step(48 * HOUR)
    await office.drain_all()
    assert await office.states() == ["waiting"]
    office.clock.step(-96 * HOUR)
    office.clock.advance(5 * MINUTE)
    await office.drain_all()
    assert await office.states() == ["expired"]


async def test_a_letter_that_becomes_late_behind_a_slow_one_isnt_sent(office: PostOffice) -> None:
    """Its life is looked at when its turn comes, not when the connection was made."""
    carrier = Carrier(then=lambda _message: office.clock.advance(6 * MINUTE))
    office.restart(carrier)
    await office.send("a@test")
    await office.send("b@test", life=5 * MINUTE)
    await office.send("c@test")
    await office.drain_all()
    assert carrier.took == ["a@test", "c@test"]
    assert await office.states() == ["sent", "expired", "sent"]


async def test_without_a_mail_server_letters_wait(office: PostOffice) -> None:
    """They are there when one is set, unless they have expired by then."""
    await office.send("a@test", life=HOUR)
    await office.send("b@test", life=5 * MINUTE)
    await office.drain_all()
    assert await office.states() == ["waiting", "waiting"]
    office.clock.advance(10 * MINUTE)
    await office.drain_all()
    assert await office.states() == ["waiting", "expired"]
    office.restart(carrier := Carrier())
    await office.drain_all()
    assert carrier.took == ["a@test"]


async def test_a_withdrawn_letter_isnt_sent(office: PostOffice) -> None:
    """A code that was handed over otherwise doesn't come by mail as well."""
    office.restart(carrier := Carrier())
    await office.send("a@test")
    (row,) = await office.rows()
    await office.store.write(lambda tx: outbox.end(tx, row, "withdrawn"))
    await office.drain_all()
    assert carrier.took == []


async def test_a_mountain_goes_in_connections_of_20(office: PostOffice) -> None:
    """No connection is used without end."""
    office.restart(carrier := Carrier())
    for number in range(45):
        await office.send(f"p{number}@test")
    await office.drain_all()
    assert carrier.batches == [20, 20, 5]


async def test_letters_under_another_key_have_failed(office: PostOffice) -> None:
    """A changed SECRET_KEY can't open what lay sealed; what is posted from then on goes."""
    await office.send("a@test")
    office.seal = Seal(Secret("t" * 32), office.entropy)
    office.post = type(office.post)(office.seal)
    office.restart(carrier := Carrier())
    await office.send("a@test")
    await office.drain_all()
    assert await office.states() == ["failed", "sent"]
    assert "SECRET_KEY" in await office.reasons()
    assert carrier.took == ["a@test"]


async def test_a_letter_that_cant_be_written_holds_up_nobody(office: PostOffice) -> None:
    """One of a release that this one doesn't know, or to an address that no header holds, waits; the others go."""
    unknown, broken = await office.send("a@test"), await office.send("b@test")
    sealed = office.seal.seal("letter", b'{"letter":"greeting","name":"A"}', unknown.bytes)
    await office.store.write(
        lambda tx: tx.conn.execute(sa.update(table).where(table.c.id == unknown).values(sealed=sealed))
    )
    await office.store.write(
        lambda tx: tx.conn.execute(sa.update(table).where(table.c.id == broken).values(address="b@test\r\nBcc: c"))
    )
    await office.send("d@test")
    office.restart(carrier := Carrier())
    await office.drain_all()
    assert carrier.took == ["d@test"]
    assert await office.states() == ["waiting", "waiting", "sent"]
    assert "Bcc" not in await office.reasons()


async def test_pauses_grow_and_scatter(office: PostOffice) -> None:
    """Full jitter: each pause lies between a second and a bound that doubles from 5 seconds to 15 minutes."""
    office.restart(smtp(await closed_port()))
    await office.send("a@test", life=10**12)
    pauses = []
    for _ in range(40):
        await office.drain.once()
        (row,) = await office.rows()
        pauses.append(row.due_boot - office.clock.boot)
        office.clock.advance(pauses[-1])
    bounds = [SECOND + min(5 * SECOND * 2**number, 15 * MINUTE) for number in range(40)]
    assert all(SECOND <= pause < bound for pause, bound in zip(pauses, bounds, strict=True))
    assert max(pauses) > 10 * MINUTE
    assert len(set(pauses)) > 30


async def test_the_loop_wakes_when_a_letter_is_posted(office: PostOffice) -> None:
    """A letter leaves as soon as it is committed; the one after a failure in the loop leaves too."""

    def stumble(_message: EmailMessage) -> None:
        carrier.arrived.set()
        if len(carrier.took) == 1:
            raise LookupError

    carrier = Carrier(then=stumble)
    office.restart(carrier)
    async with asyncio.timeout(20):
        running = asyncio.create_task(office.drain.run())
        for address in ("a@test", "b@test"):
            await office.send(address)
            await carrier.arrived.wait()
            carrier.arrived.clear()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    await office.drain_all()
    assert set(carrier.took) == {"a@test", "b@test"}
    assert await office.states() == ["sent", "sent"]


async def test_the_loop_wakes_when_a_pause_is_over(office: PostOffice) -> None:
    """Nobody has to ring for a second try."""
    tries: list[str] = []

    class Hesitant(Carrier):
        async def deliver(self, messages: Sequence[EmailMessage]) -> AsyncIterator[Outcome]:
            for message in messages:
                tries.append(str(message["To"]))
                office.clock.advance(HOUR)
                if len(tries) == 1:
                    yield Postponed("Not now.")
                else:
                    self.arrived.set()
                    yield Delivered()
                office.clock.advance(HOUR)

    office.restart(carrier := Hesitant())
    await office.send("a@test")
    async with asyncio.timeout(20):
        running = asyncio.create_task(office.drain.run())
        await carrier.arrived.wait()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    assert tries == ["a@test", "a@test"]
