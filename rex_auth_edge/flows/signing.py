"""The keyring's rows: loaded at start, made at the first, rotated when due or asked."""

from collections.abc import Iterable
from functools import partial
from typing import Any

import sqlalchemy as sa

from rex_auth_edge.domain.caller import Caller
from rex_auth_edge.flows.parts import NOBODY, Parts
from rex_auth_edge.keys.keyring import Keyring, SigningKey
from rex_auth_edge.keys.options import Algorithm
from rex_auth_edge.keys.seal import Seal
from rex_auth_edge.storage import keys, tenants
from rex_auth_edge.storage.audit import Event, record
from rex_auth_edge.storage.store import Store
from rex_auth_edge.storage.tx import Tx, What


async def load(store: Store, seal: Seal, keyring: Keyring) -> None:
    """Fill the keyring from the database; where it has no key of the wanted algorithm, make one that signs at once."""
    rows = await store.read(keys.every)
    keyring.replace([_opened(row, seal) for row in rows])
    if keyring.missing():
        await store.write(lambda tx: _begin(tx, seal, keyring))
        keyring.replace([_opened(row, seal) for row in await store.read(keys.every)])


async def reload(store: Store, seal: Seal, keyring: Keyring) -> bool:
    """Take over what another process has made of the keys; whether there was anything."""
    rows = await store.read(keys.every)
    if {row.kid for row in rows} == keyring.kids:
        return False
    keyring.replace([_opened(row, seal) for row in rows])
    return True


def _begin(tx: Tx, seal: Seal, keyring: Keyring) -> None:
    """The first key, unless another process was first."""
    keys.hold(tx)
    fresh = keyring.next(tx.now, at_once=True)
    if all(row.algorithm != fresh.algorithm for row in keys.every(tx.conn)):
        _add(tx, seal, fresh)


async def rotate(parts: Parts, *, at_once: bool = False, leaked: bool = False, caller: Caller = Caller()) -> SigningKey:
    """Make the next key and publish it now; it signs after the overlap in which verifiers learn of it, or at once.

    Where a key has `leaked`, those of before go at once, with all that they have signed. Without a `caller` the hub
    does it by itself. Raises RefusedError where there are no keys to rotate (HS256).
    """

    def work(tx: Tx) -> SigningKey:
        fresh = parts.keyring.next(tx.now, at_once=at_once or leaked)
        gone = sorted(parts.keyring.kids) if leaked else parts.keyring.dead(tx.now)
        keys.remove(tx, gone)
        _add(tx, parts.seal, fresh)
        _touch(tx, parts)
        detail = {"kid": fresh.kid, "at_once": at_once or leaked} | ({"leaked": gone} if leaked else {})
        record(tx, parts.home, Event("key.rotate", caller=caller, detail=detail))
        tx.after_commit.append(parts.keyring.told)
        return fresh

    made = await parts.store.write(work, urgent=leaked)
    await _replace(parts)
    return made


async def drop_dead(parts: Parts) -> None:
    """Delete the keys whose last token has died, so that nobody else takes them for good either."""
    if not parts.keyring.dead(parts.clock.now()):
        return

    def work(tx: Tx) -> None:
        keys.remove(tx, parts.keyring.dead(tx.now))
        _touch(tx, parts)
        tx.after_commit.append(parts.keyring.told)

    await parts.store.write(work, urgent=True)
    await _replace(parts)


def _touch(tx: Tx, parts: Parts) -> None:
    """A hub's keys sign for each of its households; the cloud's are told to nobody."""
    if parts.home != NOBODY:
        for house in tenants.every(tx.conn):
            tx.touch(house.id, What.KEYS, house.id)


async def _replace(parts: Parts) -> None:
    rows: Iterable[sa.Row[Any]] = await parts.store.read(keys.every)
    parts.keyring.replace([_opened(row, parts.seal) for row in rows])


def begin_anew(tx: Tx, parts: Parts) -> None:
    """From the commit on nothing is good that was signed before; where HS256 signs, that can't be told apart."""
    if not parts.keyring.rotates:
        return
    fresh = parts.keyring.next(tx.now, at_once=True)
    keys.remove(tx, sorted(parts.keyring.kids))
    _add(tx, parts.seal, fresh)
    tx.after_commit += [partial(parts.keyring.replace, [fresh]), parts.keyring.told]


def _add(tx: Tx, seal: Seal, key: SigningKey) -> None:
    keys.add(tx, {
        "kid": key.kid,
        "algorithm": key.algorithm.value,
        "created_at": key.created_at,
        "signs_from_at": key.signs_from_at,
        "public_pem": key.public_pem,
        "sealed": seal.seal("signing-key", key.to_private_bytes(), key.kid.encode()),
    })  # fmt: skip


def _opened(row: Any, seal: Seal) -> SigningKey:
    private = seal.open("signing-key", bytes(row.sealed), row.kid.encode())
    return SigningKey.from_private_bytes(
        private, algorithm=Algorithm(row.algorithm), created_at=row.created_at, signs_from_at=row.signs_from_at
    )
