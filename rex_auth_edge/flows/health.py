"""Whether the hub can do its work: asked by whatever restarts it."""

import asyncio
import os
from pathlib import Path

import sqlalchemy as sa

from rex_auth_edge.storage.faults import Fault, probe
from rex_auth_edge.storage.space import LOW
from rex_auth_edge.storage.store import StorageUnavailableError, Store
from rex_auth_edge.storage.tx import Tx

PATIENCE = 1.5
"""How long, in seconds, the database may take to answer."""
LEAST_FREE = LOW
"""Bytes below which the disk counts as full."""


async def failing(store: Store, data_dir: Path | None) -> list[str]:
    """The parts that keep the hub from serving: `database`, `disk`; none when it is ready."""
    return list(await why_failing(store, data_dir))


async def why_failing(store: Store, data_dir: Path | None) -> dict[str, str]:
    """Those parts, each with what is wrong in a word. Without a data directory there is no disk to look at.

    The database is `silent`, `failing` (reads or writes do) or `damaged`; the disk `full`, `read_only` or `gone`.
    """
    answers = await _answers(store)
    trouble, parts = store.trouble, {}
    if trouble in {Fault.DAMAGED, Fault.FAILING}:
        parts["database"] = str(trouble)
    elif not answers:
        parts["database"] = "silent"
    disk = "full" if trouble is Fault.FULL else _disk(data_dir) if data_dir else None
    return parts | ({"disk": disk} if disk else {})


async def answers(store: Store, data_dir: Path | None) -> bool:
    """Whether the database answers at all, if only that its disk is full or broken: no restart would mend those."""
    return (await why_failing(store, data_dir)).get("database") != "silent"


async def _answers(store: Store) -> bool:
    """Whether a read and a write come back; after a fault the write is a real one, to see whether that is over."""
    try:
        async with asyncio.timeout(PATIENCE):
            await store.read(lambda conn: conn.execute(sa.text("SELECT 1")).scalar_one())
            await store.write(probe if store.trouble is Fault.FAILING else _nothing, urgent=True)
    except (StorageUnavailableError, TimeoutError):
        return False
    return True


def _nothing(tx: Tx) -> None:
    tx.conn.execute(sa.text("SELECT 1")).scalar_one()


def free(path: Path) -> int:
    """Bytes that may still be written there; 0 where nobody can tell."""
    try:
        disk = os.statvfs(path)
    except OSError:
        return 0
    return disk.f_bavail * disk.f_frsize


def suffers(store: Store, fault: Fault) -> int:
    """1 where this is what is wrong with the store, else 0."""
    return int(store.trouble is fault)


def _disk(path: Path) -> str | None:
    try:
        disk = os.statvfs(path)
    except OSError:
        return "gone"
    if disk.f_flag & os.ST_RDONLY:
        return "read_only"
    return "full" if free(path) < LEAST_FREE else None
