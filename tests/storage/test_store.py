"""Writes and reads as every room sees them, on both engines."""

import asyncio
import threading
from functools import partial

import pytest
import sqlalchemy as sa

from rex_auth_edge.storage.store import StorageUnavailableError, Store
from rex_auth_edge.storage.tables import node_facts
from rex_auth_edge.storage.tx import Tx
from tests.doubles import HandClock
from tests.storage.rows import add, kept, names


def set_if(before: bytes, after: bytes, name: str = "seat") -> sa.Update:
    """Compare and set in one statement, as flows do it."""
    return sa.update(node_facts).where((node_facts.c.name == name) & (node_facts.c.value == before)).values(value=after)


async def test_a_write_is_there_when_it_answers(store: Store) -> None:
    """The result of a flow comes back once its rows can be read, whatever their bytes and letters are."""
    assert await store.write(add("Zoë-🤖", bytes(range(256)))) == "Zoë-🤖"
    assert await store.read(
        lambda conn: conn.execute(sa.select(node_facts.c.value).where(node_facts.c.name == "Zoë-🤖")).scalar()
    ) == (bytes(range(256)))


async def test_names_are_compared_exactly(store: Store) -> None:
    """Case and accents keep names apart on both engines."""
    for name in ("maya", "Maya", "mayá"):
        await store.write(add(name))
    assert await kept(store) == {"maya", "Maya", "mayá"}


async def test_a_failing_flow_undoes_itself_alone(store: Store) -> None:
    """What a flow raises comes to its own caller; its rows go, its neighbours' stay."""
    followed: list[str] = []

    def fails(tx: Tx) -> None:
        add("half", then=lambda: followed.append("half"))(tx)
        raise LookupError("no such person")

    flows = [store.write(add("left")), store.write(fails), store.write(add("right"))]
    left, failed, right = await asyncio.gather(*flows, return_exceptions=True)
    assert (left, right) == ("left", "right")
    assert isinstance(failed, LookupError)
    assert await kept(store) == {"left", "right"}
    assert followed == []


async def test_a_constraint_reaches_the_flow_as_it_is(store: Store) -> None:
    """A duplicate key is the flow's to judge: it may catch it, write something else, and be committed."""

    def flow(tx: Tx) -> str:
        try:
            with tx.conn.begin_nested():
                add("taken")(tx)
        except sa.exc.IntegrityError:
            return add("other")(tx)
        return "taken"

    assert [await store.write(flow) for _ in range(2)] == ["taken", "other"]
    with pytest.raises(sa.exc.IntegrityError):
        await store.write(add("taken"))


def broken() -> None:
    """Fail."""
    raise ZeroDivisionError


async def test_after_commit_comes_between_commit_and_answer(store: Store) -> None:
    """Callbacks run in order, when the rows are durable and nobody is answered yet; one that fails stops no other."""
    order: list[str] = []

    def flow(tx: Tx) -> None:
        add("row")(tx)
        tx.after_commit += [lambda: order.append("first"), broken, lambda: order.append("second")]

    await store.write(flow)
    order.append("answered")
    assert order == ["first", "second", "answered"]


async def test_a_failing_callback_is_logged(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    """What follows a commit and fails is on record, though the commit stands."""
    assert await store.write(add("row", then=broken)) == "row"
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ZeroDivisionError]


async def test_compare_and_set_has_one_winner(store: Store) -> None:
    """Of 24 flows that want the same seat at once exactly one gets it."""
    await store.write(add("seat", b"free"))

    def take(tx: Tx, who: int) -> int:
        return tx.conn.execute(set_if(b"free", str(who).encode())).rowcount

    won = await asyncio.gather(*(store.write(partial(take, who=who)) for who in range(24)))
    assert sorted(won) == [0] * 23 + [1]
    seat = await store.read(
        lambda conn: conn.execute(sa.select(node_facts.c.value).where(node_facts.c.name == "seat")).scalar()
    )
    assert seat == str(won.index(1)).encode()


async def test_read_modify_write_loses_no_update(store: Store) -> None:
    """Flows that read a row for update and write it back count every one of themselves."""
    await store.write(add("count", b"0"))
    seen = sa.select(node_facts.c.value).where(node_facts.c.name == "count").with_for_update()

    def more(tx: Tx) -> None:
        count = int(tx.conn.execute(seen).scalar_one())
        tx.conn.execute(set_if(str(count).encode(), str(count + 1).encode(), "count"))

    await asyncio.gather(*(store.write(more) for _ in range(20)))
    assert await store.read(lambda conn: conn.execute(seen).scalar_one()) == b"20"


async def test_a_read_sees_one_instant(store: Store) -> None:
    """What is committed while a query runs shows in the next one, not in the middle of this."""
    loop = asyncio.get_running_loop()

    def query(conn: sa.Connection) -> list[set[str]]:
        first = names(conn)
        if threading.current_thread() is threading.main_thread():  # MariaDB's queries run on the loop's own thread
            sa.util.await_only(store.write(add("late")))
        else:
            asyncio.run_coroutine_threadsafe(store.write(add("late")), loop).result(30)
        return [first, names(conn)]

    assert await store.read(query) == [set(), set()]
    assert await kept(store) == {"late"}


async def test_a_flow_sees_one_instant_of_the_clock(store: Store, clock: HandClock) -> None:
    """`now` stands still for the length of a flow, and the next flow has its own."""

    def flow(tx: Tx) -> list[int]:
        first = tx.now.wall
        clock.advance(1_000)
        return [first, tx.now.wall]

    first, second = [await store.write(flow) for _ in range(2)]
    assert first[0] == first[1] == second[0] - 1_000


async def test_work_outlives_its_caller(store: Store) -> None:
    """A caller that goes away undoes nothing: the rows are stored, and what follows the commit happens."""
    followed: list[str] = []
    writing = asyncio.create_task(store.write(add("kept", then=lambda: followed.append("kept"))))
    await asyncio.sleep(0)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    await store.close()
    assert followed == ["kept"]


async def test_readers_that_go_away_leave_the_pool_whole(store: Store) -> None:
    """Reads that are cancelled in the middle give their connections back."""
    for _ in range(5):
        reads = [asyncio.create_task(store.read(names)) for _ in range(12)]
        await asyncio.sleep(0)
        for read in reads:
            read.cancel()
        await asyncio.gather(*reads, return_exceptions=True)
    assert await asyncio.wait_for(kept(store), 30) == set()


async def test_close_finishes_what_was_accepted(store: Store) -> None:
    """Writes that wait when the store is closed are done and answered; later ones are refused."""
    writes = [asyncio.create_task(store.write(add(f"row{one}"))) for one in range(20)]
    await asyncio.sleep(0)
    await store.close()
    assert await asyncio.gather(*writes) == [f"row{one}" for one in range(20)]
    with pytest.raises(StorageUnavailableError, match="closed"):
        await asyncio.wait_for(store.write(add("late")), 30)
