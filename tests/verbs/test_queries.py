"""What the verbs ask of a database, on both engines."""

from functools import partial
from uuid import UUID

import pytest
import sqlalchemy as sa

from rex_auth_edge.domain.clock import DAY, MINUTE
from rex_auth_edge.domain.roles import Registration
from rex_auth_edge.storage import chains, check, figures, outbox, schema, tenants
from rex_auth_edge.storage.audit import Event, Wanted, record, search
from rex_auth_edge.storage.chains import Chain, Followed, Place
from rex_auth_edge.storage.store import Store
from rex_auth_edge.storage.tables import audit
from rex_auth_edge.storage.tx import Tx
from tests.doubles import HandClock


@pytest.fixture
async def house(store: Store) -> UUID:
    """A household."""
    return await store.write(lambda tx: tenants.create(tx, slug="home", name="Home", registration=Registration.OPEN))


async def happened(store: Store, house: UUID, *events: Event) -> None:
    """Put these on record, one transaction each."""
    for event in events:
        await store.write(partial(_record, house, event))


def _record(house: UUID, event: Event, tx: Tx) -> None:
    record(tx, house, event)


async def followed(store: Store, which: Chain, place: Place, limit: int) -> Followed:
    """One page of a chain."""
    page = await store.read(lambda conn: chains.rows(conn, which, place.seq, limit))
    return chains.follow(which, place, page, done=len(page) < limit)


async def test_a_chain_is_followed_page_by_page(store: Store, house: UUID) -> None:
    """Each page goes on where the last one ended; what is written meanwhile is left for the next time."""
    await happened(store, house, *[Event("login")] * 5)
    (which,) = await store.read(lambda conn: chains.every(conn, house))
    await happened(store, house, Event("logout"))
    first = await followed(store, which, Place(), 3)
    assert (first.rows, first.place.seq, first.done, first.broken) == (3, 3, False, None)
    last = await followed(store, which, first.place, 3)
    assert (last.rows, last.place.seq, last.done, last.broken) == (2, 5, True, None)


def _forge(tx: Tx) -> None:
    tx.conn.execute(sa.update(audit).where(audit.c.seq == 4).values(event="logout"))


async def test_a_changed_row_breaks_the_chain(store: Store, house: UUID) -> None:
    """The row itself, on whichever page it lies."""
    await happened(store, house, *[Event("login")] * 5)
    (which,) = await store.read(lambda conn: chains.every(conn, house))
    await store.write(_forge)
    first = await followed(store, which, Place(), 3)
    assert (await followed(store, which, first.place, 3)).broken == 4


async def test_search(store: Store, house: UUID, clock: HandClock) -> None:
    """By event with what lies under it, outcome, person and time; the newest first."""
    maya, noor = UUID(int=1), UUID(int=2)
    await happened(store, house, Event("login", actor_id=maya), Event("login.new_device", subject_id=noor))
    clock.advance(MINUTE)
    await happened(store, house, Event("login_x", "refused"))
    between = clock.wall - 1
    for wanted, names in (
        (Wanted(), ["login_x", "login.new_device", "login"]),
        (Wanted(event="login"), ["login.new_device", "login"]),
        (Wanted(outcome="refused"), ["login_x"]),
        (Wanted(person=maya), ["login"]),
        (Wanted(person=noor), ["login.new_device"]),
        (Wanted(since=between), ["login_x"]),
        (Wanted(until=between), ["login.new_device", "login"]),
    ):
        found = await store.read(partial(search, tenant_id=house, wanted=wanted, limit=10))
        assert [row.event for row in found] == names


def letter(tx: Tx, house: UUID, address: str) -> UUID:
    """A letter that waits."""
    letter_id = tx.new_id()
    outbox.add(tx, house, letter_id, letter="welcome", address=address, sealed=b"x", expires=tx.now.after(DAY))
    return letter_id


async def test_letters_are_hastened(store: Store, house: UUID, clock: HandClock) -> None:
    """All, a household's, or one; the eldest is known by its age."""
    assert await store.read(figures.eldest_letter) is None
    first = await store.write(lambda tx: letter(tx, house, "maya@example.com"))
    clock.advance(MINUTE)
    await store.write(lambda tx: letter(tx, house, "noor@example.com"))
    eldest = await store.read(figures.eldest_letter)
    assert eldest is not None
    assert eldest.id == first
    assert await store.write(lambda tx: outbox.hasten(tx, house, first)) == 1
    assert await store.write(lambda tx: outbox.hasten(tx, UUID(int=1), first)) == 0
    clock.advance(MINUTE)
    assert await store.write(outbox.hasten) == 2
    assert len(await store.read(lambda conn: outbox.listed(conn, None, ["waiting"]))) == 2
    assert await store.read(lambda conn: outbox.find(conn, first, UUID(int=1))) is None


async def test_counts_of_an_empty_house(store: Store) -> None:
    """Nobody, nothing."""
    assert await store.read(figures.members) == {}
    assert await store.read(lambda conn: figures.sessions(conn, HandClock().now())) == {}


@pytest.mark.usefixtures("house")
async def test_a_whole_database(store: Store) -> None:
    """Nothing to say of it."""
    health = await store.read(check.whole)
    assert (health.problems, health.found) == ((), schema.revisions()[-1])
