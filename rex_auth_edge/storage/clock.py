"""What is on record of time (table `node_facts`): each boot with its running time, and how far the floor lies above it.

A node marks how far it has come now and then; a power cut costs what ran since. Several processes may share a database:
each boot has its own row.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
import sqlalchemy as sa

from rex_auth_edge.domain.clock import Boot, Moment, Past
from rex_auth_edge.storage.tables import node_facts
from rex_auth_edge.storage.tx import Tx

KEPT = 1000
"""How many boots stay on record; of what an older one has issued only a sure wall clock can tell."""

_BOOT, _LIFT = "boot.", "clock.lift"
_name, _value = node_facts.c.name, node_facts.c.value


class _Kept(msgspec.Struct, frozen=True):
    """Running time at the boot's beginning, the latest that is on record, and the wall clock at its beginning."""

    began: int
    mark: int
    anchor: int | None = None


_encode = msgspec.json.encode
_boot = msgspec.json.Decoder(_Kept).decode


def past(conn: sa.Connection, now: Moment, spare: bytes) -> Past:
    """What is on record, and the present boot's place in it; `spare` names that boot if its own name can't be right.

    A boot begins where the latest mark is. One whose boot clock lies before its own mark is another than it says.
    """
    kept = _boots(conn)
    mark = max((each.mark for each in kept.values()), default=now.running - now.boot)
    own, name = kept.get(now.boot_id), now.boot_id
    if own is None:
        own = _Kept(mark, mark)
    elif own.began + now.boot < own.mark:
        own, name = _Kept(mark - now.boot, mark), spare
    boots = {each: Boot(boot.began, boot.anchor) for each, boot in (kept | {name: own}).items()}
    return Past(name, boots, _lift(conn), first=len(boots) == 1)


def enter(tx: Tx) -> Past:
    """Put the present boot on record, and forget the oldest past `KEPT`."""
    here = past(tx.conn, tx.now, tx.entropy.token_bytes(16))
    _write(tx, here, here.present.anchor)
    kept = sorted(_boots(tx.conn).items(), key=lambda boot: boot[1].mark)
    for name, _ in kept[: max(0, len(kept) - KEPT)]:
        tx.conn.execute(sa.delete(node_facts).where(_name == _BOOT + name.hex()))
    return here


def mark(tx: Tx) -> None:
    """Put on record how far the present boot has come, and what NTP says of its beginning."""
    if tx.now.past is not None:
        _write(tx, tx.now.past, tx.now.anchor)


def set_lift(tx: Tx, here: Past) -> None:
    """Put on record how far the floor lies above running time, and the present boot as it is in `here`."""
    _put(tx, _LIFT, _encode(here.lift))
    _write(tx, here, here.present.anchor)


def _write(tx: Tx, here: Past, anchor: int | None) -> None:
    began = here.present.began
    _put(tx, _BOOT + here.boot_id.hex(), _encode(_Kept(began, began + tx.now.boot, anchor)))


def _boots(conn: sa.Connection) -> dict[bytes, _Kept]:
    rows: Iterable[Any] = conn.execute(sa.select(_name, _value).where(_name.startswith(_BOOT, autoescape=True)))
    return {bytes.fromhex(name.removeprefix(_BOOT)): _boot(value) for name, value in rows}


def _lift(conn: sa.Connection) -> int:
    found = conn.execute(sa.select(_value).where(_name == _LIFT)).scalar_one_or_none()
    return 0 if found is None else msgspec.json.decode(found, type=int)


def _put(tx: Tx, name: str, value: bytes) -> None:
    if tx.conn.execute(sa.update(node_facts).where(_name == name).values(value=value)).rowcount == 0:
        tx.conn.execute(sa.insert(node_facts).values(name=name, value=value))
