"""The outbox's rows, on both engines."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from rex_auth_edge.domain.clock import DAY, HOUR, MINUTE
from rex_auth_edge.keys.seal import SealBrokenError
from rex_auth_edge.mail import letters
from rex_auth_edge.mail.letters import Verification
from rex_auth_edge.mail.post import SEALED_FOR
from rex_auth_edge.storage import outbox
from rex_auth_edge.storage.store import Store
from rex_auth_edge.storage.tx import Tx
from tests.doubles import HandClock, SeededEntropy
from tests.mail.posting import HOME, OTHER_HOME, PostOffice


@pytest.fixture
async def office(store: Store, clock: HandClock, entropy: SeededEntropy) -> PostOffice:
    """An empty outbox; nobody delivers."""
    return PostOffice(store, clock, entropy)


async def eldest(office: PostOffice) -> list[UUID]:
    """The letters that may leave, in the order in which they are due."""
    return [row.id for row in await office.store.read(lambda conn: outbox.eldest(conn, 100))]


def ending(row: Any, state: str) -> Callable[[Tx], bool]:
    """A flow that ends a letter."""
    return lambda tx: outbox.end(tx, row, state, "because")


async def test_a_letter_lies_sealed_in_its_own_row(office: PostOffice) -> None:
    """Its content can't be read in the database, nor opened as another row's."""
    letter = Verification("Maya", "408112", 5)
    letter_id = await office.send("maya@example.org", letter)
    (row,) = await office.rows()
    assert b"408112" not in row.sealed
    assert b"Maya" not in row.sealed
    assert letters.decode(office.seal.open(SEALED_FOR, bytes(row.sealed), letter_id.bytes)) == letter
    with pytest.raises(SealBrokenError):
        office.seal.open(SEALED_FOR, bytes(row.sealed), UUID(int=9).bytes)


async def test_a_letter_is_posted_with_its_flow_or_not_at_all(office: PostOffice) -> None:
    """A flow that fails leaves no letter behind, and wakes nobody."""
    rung: list[str] = []
    office.post.ring = lambda: rung.append("ring")

    def failing(tx: Tx) -> None:
        office.post.send(tx, HOME, "maya@example.org", Verification("Maya", "408112", 5), life=HOUR)
        raise LookupError

    with pytest.raises(LookupError):
        await office.store.write(failing)
    assert (await office.rows(), rung) == ([], [])
    await office.send("maya@example.org")
    assert rung == ["ring"]


async def test_only_the_oldest_of_an_address_may_leave(office: PostOffice) -> None:
    """One that waits, or backs off, holds back the later ones to its address in any spelling, and no other's."""
    first = await office.send("maya@example.org")
    second = await office.send("MAYA@example.org", tenant=OTHER_HOME)
    other = await office.send("noor@example.org")
    assert await eldest(office) == [first, other]
    row = (await office.rows())[0]
    await office.store.write(lambda tx: outbox.retry(tx, row, tx.now.after(15 * MINUTE), "later"))
    assert await eldest(office) == [other, first]
    await office.store.write(ending(row, "sent"))
    assert await eldest(office) == [second, other]


@pytest.mark.parametrize("state", ["sent", "failed", "expired", "withdrawn"])
async def test_an_end_is_final_and_erases_the_content(office: PostOffice, state: str) -> None:
    """Whoever ends a letter first decides how; afterwards it can't be ended, retried or read."""
    await office.send("maya@example.org")
    (row,) = await office.rows()
    assert await office.store.write(ending(row, state))
    assert not await office.store.write(ending(row, "sent"))
    await office.store.write(lambda tx: outbox.retry(tx, row, tx.now.after(0), "again"))
    (ended,) = await office.rows()
    assert (ended.state, ended.sealed, ended.attempts, ended.last_error) == (state, None, 0, "because")
    assert ended.ended_at == office.clock.wall
    assert await eldest(office) == []


async def test_a_letter_to_nobody_is_written_and_never_leaves(office: PostOffice) -> None:
    """A row alike is made for nobody, so that what a flow writes doesn't tell who exists; it has no content."""
    await office.send(None)
    (row,) = await office.rows()
    assert (row.state, row.sealed) == ("withheld", None)
    assert await eldest(office) == []


async def test_counts_name_every_state(office: PostOffice) -> None:
    """A state without letters counts 0, so that a gauge falls when the outbox has emptied."""
    await office.send("maya@example.org")
    assert await office.store.read(outbox.counts) == dict.fromkeys(outbox.STATES, 0) | {"waiting": 1}
    await office.store.write(ending((await office.rows())[0], "sent"))
    assert await office.store.read(outbox.counts) == dict.fromkeys(outbox.STATES, 0) | {"sent": 1}


async def test_a_household_sees_its_own_letters(office: PostOffice) -> None:
    """A list is one household's, in the states asked for, the newest first and bounded."""
    mine = [await office.send(f"{name}@example.org") for name in ("a", "b", "c")]
    await office.send("d@example.org", tenant=OTHER_HOME)
    await office.store.write(ending((await office.rows())[0], "sent"))

    async def listed(*states: str, limit: int = 100) -> list[UUID]:
        return [row.id for row in await office.store.read(lambda conn: outbox.listed(conn, HOME, states, limit))]

    assert await listed("waiting") == [mine[2], mine[1]]
    assert await listed("waiting", "sent") == mine[::-1]
    assert await listed("waiting", "sent", limit=1) == [mine[2]]


async def test_ended_letters_are_forgotten_after_30_days(office: PostOffice) -> None:
    """Those that have ended go, a bounded number at a time; those that wait stay."""
    for number in range(3):
        await office.send(f"person{number}@example.org")
    first, second, _ = await office.rows()
    await office.store.write(ending(first, "sent"))
    office.clock.advance(DAY)
    await office.store.write(ending(second, "failed"))
    office.clock.advance(29 * DAY + 1)
    await office.store.write(outbox.purge)
    assert await office.states() == ["failed", "waiting"]
    office.clock.advance(DAY)
    await office.store.write(outbox.purge)
    assert await office.states() == ["waiting"]


async def test_a_purge_is_bounded(office: PostOffice) -> None:
    """A mountain of old letters doesn't hold up the writer: it goes in several purges."""

    def many(tx: Tx) -> None:
        for _ in range(60):
            office.post.send(tx, HOME, None, Verification("", "", 5), life=HOUR)

    await office.store.write(many)
    office.clock.advance(31 * DAY)
    assert await office.store.write(lambda tx: outbox.purge(tx, 50)) == 50
    assert len(await office.rows()) == 10
    assert await office.store.write(outbox.purge) == 10
    assert await office.rows() == []
