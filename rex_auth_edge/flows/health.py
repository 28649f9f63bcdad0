"""Whether the hub can do its work: asked by whatever restarts it."""

import asyncio
import shutil
from pathlib import Path

import sqlalchemy as sa

from rex_auth_edge.storage.store import StorageUnavailableError, Store

PATIENCE = 1.5
"""How long, in seconds, the database may take to answer."""
LEAST_FREE = 8 * 1024 * 1024
"""Bytes below which the disk counts as full."""


async def failing(store: Store, data_dir: Path) -> list[str]:
    """The parts that keep the hub from serving: `database`, `disk`; none when it is ready."""
    parts = []
    if not await _answers(store):
        parts.append("database")
    try:
        if shutil.disk_usage(data_dir).free < LEAST_FREE:
            parts.append("disk")
    except OSError:
        parts.append("disk")
    return parts


async def _answers(store: Store) -> bool:
    try:
        async with asyncio.timeout(PATIENCE):
            await store.read(lambda conn: conn.execute(sa.text("SELECT 1")).scalar_one())
            await store.write(lambda tx: tx.conn.execute(sa.text("SELECT 1")).scalar_one())
    except (StorageUnavailableError, TimeoutError):
        return False
    return True
