"""Prepared statements mean what SQLAlchemy's own do, on both engines."""

import sqlite3
from functools import partial
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from rex_auth_edge.storage.prepared import Prepared, Repeated
from rex_auth_edge.storage.store import Store
from rex_auth_edge.storage.tables import tenants
from rex_auth_edge.storage.tx import Tx

HERE, THERE = UUID(int=7), UUID(int=8)
HOUSE = {
    "name": "Home",
    "registration": "open",
    "password_rule": "composition",
    "is_default": True,
    "created_at": 1,
    "policy_version": 1,
}
_of = tenants.c.id == sa.bindparam("tenant")
add = Prepared(sa.insert(tenants))
get = Prepared(sa.select(tenants).where(_of).with_for_update())
rename = Prepared(sa.update(tenants).where(_of).values(name=sa.bindparam("called"), idle_life=7))
newest = Prepared(sa.select(tenants.c.id, tenants.c.slug).where(_of).order_by(tenants.c.id.desc()).limit(1))
drop = Prepared(sa.delete(tenants).where(_of))


@pytest.fixture
async def house(store: Store) -> Store:
    """A store with one household."""
    await store.write(lambda tx: add.change(tx.conn, id=HERE, slug="here", **HOUSE))
    return store


async def test_rows_are_sqlalchemys(house: Store) -> None:
    """The same names and the same types: ids, booleans, texts, what is absent."""

    def both(conn: sa.Connection) -> tuple[dict[str, Any], dict[str, Any]]:
        plain = conn.execute(sa.select(tenants)).one()
        return get.one(conn, tenant=HERE)._asdict(), plain._asdict()

    prepared, plain = await house.read(both)
    assert prepared == plain
    assert {name: type(value) for name, value in prepared.items()} == {n: type(value) for n, value in plain.items()}
    assert (prepared["id"], prepared["is_default"], prepared["idle_life"]) == (HERE, True, None)


async def test_what_isnt_there(house: Store) -> None:
    """No row is None, or an empty list, and a write that meets none says so."""
    assert await house.read(lambda conn: get.one(conn, tenant=THERE)) is None
    assert await house.read(lambda conn: get.all(conn, tenant=THERE)) == []
    assert await house.write(lambda tx: rename.change(tx.conn, tenant=THERE, called="Away")) == 0


async def test_writes(house: Store) -> None:
    """Values at the call, and those in the statement."""

    def flow(tx: Tx) -> tuple[int, Any, list[Any], int]:
        renamed = rename.change(tx.conn, tenant=HERE, called="Away")
        return (
            renamed,
            get.one(tx.conn, tenant=HERE),
            newest.all(tx.conn, tenant=HERE),
            drop.change(tx.conn, tenant=HERE),
        )

    renamed, row, found, dropped = await house.write(flow)
    assert (renamed, row.name, row.idle_life, dropped) == (1, "Away", 7, 1)
    assert [(one.id, one.slug) for one in found] == [(HERE, "here")]


async def test_other_values_than_before_are_an_error(sqlite_store: Store) -> None:
    """What was compiled for some names is not run with others: none is taken for NULL, none is ignored."""
    await sqlite_store.write(lambda tx: add.change(tx.conn, id=HERE, slug="here", **HOUSE))
    for values in ({}, {"slug": "there", "idle_life": 7} | HOUSE):
        with pytest.raises(TypeError, match="Compiled for other values"):
            await sqlite_store.write(partial(_add, values))


def _add(values: dict[str, Any], tx: Tx) -> int:
    return add.change(tx.conn, id=THERE, **values)


async def test_a_constraint_undoes_its_own_flow_only(house: Store) -> None:
    """The error is the driver's on SQLite, SQLAlchemy's around it elsewhere."""
    with pytest.raises((sqlite3.IntegrityError, sa.exc.IntegrityError)):
        await house.write(lambda tx: add.change(tx.conn, id=THERE, slug="here", **HOUSE))
    assert await house.read(lambda conn: len(conn.execute(sa.select(tenants)).all())) == 1


async def test_many_in_a_row(house: Store) -> None:
    """Tuples in the order in which the statement binds them, constants of its own besides; in another order, none."""
    here = tenants.c.id == sa.bindparam("tenant", type_=sa.BINARY(16))
    call = Repeated(sa.update(tenants).where(here).values(name=sa.bindparam("called")), "called", "tenant")
    first = Repeated(sa.select(tenants.c.name).where(here).limit(1), "tenant")

    def work(tx: Tx) -> list[Any]:
        call.each(tx.conn, [("One", HERE.bytes), ("Two", HERE.bytes)])
        call.each(tx.conn, [])
        return [tuple(row) for row in first.find(tx.conn, [(HERE.bytes,), (THERE.bytes,)])]

    assert await house.write(work) == [("Two",)]


async def test_the_order_has_to_be_the_statements(sqlite_store: Store) -> None:
    """Values would end up in others' places."""
    here = tenants.c.id == sa.bindparam("tenant", type_=sa.BINARY(16))
    wrong = Repeated(sa.update(tenants).where(here).values(name=sa.bindparam("called")), "tenant", "called")
    with pytest.raises(TypeError, match="It binds"):
        await sqlite_store.write(lambda tx: wrong.each(tx.conn, [(HERE.bytes, "One")]))
