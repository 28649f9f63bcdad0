"""Who of several processes does what one alone should do: the row of `node_facts` that it was first to change."""

import msgspec
import sqlalchemy as sa

from rex_auth_edge.domain.clock import Deadline
from rex_auth_edge.storage.tables import node_facts
from rex_auth_edge.storage.tx import Tx


class _Lease(msgspec.Struct, frozen=True):
    """Until when it is somebody's: the three parts of a deadline."""

    wall: int
    boot_id: bytes
    boot: int


_decode = msgspec.json.Decoder(_Lease).decode


def take(tx: Tx, name: str, life: int) -> bool:
    """Whether the caller may do `name` now; then nobody else may for `life` milliseconds, even if the caller dies."""
    mine = node_facts.c.name == f"lease.{name}"
    held = tx.conn.execute(sa.select(node_facts.c.value).where(mine).with_for_update()).scalar_one_or_none()
    if held is not None and not Deadline(*msgspec.structs.astuple(_decode(held))).passed(tx.now):
        return False
    until = tx.now.after(life)
    value = msgspec.json.encode(_Lease(until.wall, until.boot_id, until.boot))
    if held is not None:
        tx.conn.execute(sa.update(node_facts).where(mine).values(value=value))
    else:
        tx.conn.execute(sa.insert(node_facts).values(name=f"lease.{name}", value=value))
    return True
