"""The audit log: each node's rows on every node, in that node's own chain, which is checked as it grows here."""

import hashlib
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from rex_auth_edge.exchange.mirror.side import Side, Wish, id_of, uuid_of
from rex_auth_edge.flows.parts import NOBODY
from rex_auth_edge.storage import audit_elsewhere as rows
from rex_auth_edge.storage.audit import GENESIS, Event, chain, record
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.cloud.handed_on import HANDED_ON
from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.rules.record import record_id
from rex_auth_edge.sync.state import Cell, Held

MOST = 500
"""Rows that one transaction tells of; the rest waits for the next."""

_CHAINS = 1 << 24
"""Incarnations after which a node's ids would begin anew."""
_MOST_TOLD = 2000
"""Characters of each part of a row that was handed on."""

_log = logging.getLogger(__name__)
_IDS = ("actor_id", "subject_id", "session_id")
_TEXTS = {"clock": 12, "event": 40, "outcome": 40, "detail": 65_535}
_PERHAPS = {"ip_address": 64, "device": 255}
_PARTS = (*("named", "node_id", "incarnation", "seq", "hash", "at"), *_TEXTS, *_PERHAPS, *_IDS)
"""What a cell's `row` has, in this order."""


def cell_of(node_id: UUID, incarnation: int, seq: int) -> Cell:
    """The cell of one row. A chain's ids are in its order: databases keep what is written together side by side."""
    return Cell(Kind.AUDIT, record_id(node_id.bytes, (incarnation % _CHAINS).to_bytes(3) + seq.to_bytes(5)))


def wishes(side: Side, node_id: UUID) -> Iterator[Wish]:
    """What this node has put on record since others last heard, 500 rows at most; nothing where it stays at home."""
    listed = [] if "audit" in side.kept else rows.unheard(side.conn, side.tenant_id, node_id, MOST)
    last = {row.incarnation: row.seq for row in listed}
    for row in listed:
        wish = Wish(cell_of(row.node_id, row.incarnation, row.seq), partial(_put, _told(side.tenant_id, row)))
        if last[row.incarnation] == row.seq:
            then = partial(_heard, side.tenant_id, node_id, row.incarnation, row.seq)
            wish = Wish(wish.cell, wish.make, then=then)
        yield wish


def _put(told: list[Any], pen: Any) -> Any:
    return pen.put(row=told)


def _heard(tenant_id: UUID, node_id: UUID, incarnation: int, seq: int, tx: Tx, _tag: Any) -> None:
    rows.heard(tx, tenant_id, node_id, incarnation, seq)


def _told(tenant_id: UUID, row: Any) -> list[Any]:
    found = row._asdict() | {"named": tenant_id, "hash": bytes(row.hash)}
    return [id_of(each) if isinstance(each := found[name], UUID) else each for name in _PARTS]


def _read(told: Any) -> dict[str, Any] | None:
    """The row that another node tells of; None for what is none, or doesn't fit."""
    if not isinstance(told, list | tuple) or len(told) != len(_PARTS):
        return None
    row = dict(zip(_PARTS, told, strict=True))
    numbers = all(isinstance(row[name], int) and 0 <= row[name] < 1 << 62 for name in ("incarnation", "seq", "at"))
    texts = all(isinstance(row[name], str) and len(row[name]) <= most for name, most in _TEXTS.items())
    perhaps = all(row[name] is None or _fits(row[name], most) for name, most in _PERHAPS.items())
    hashed = isinstance(row["hash"], bytes) and len(row["hash"]) == hashlib.sha256().digest_size
    row |= {name: uuid_of(row[name]) for name in ("named", "node_id", *_IDS)}
    good = numbers and texts and perhaps and hashed and None not in {row["named"], row["node_id"]}
    return row if good else None


def _fits(found: Any, most: int) -> bool:
    return isinstance(found, str) and len(found) <= most


def adopt(tx: Tx, side: Side, cells: Iterable[bytes]) -> None:
    """Put other nodes' rows on record here; of this node's own what it has lost. Nobody speaks for another node.

    What a hub says that another node had on record, the cloud puts on its own record, as said by that hub.
    """
    chains: dict[tuple[UUID, int], dict[int, dict[str, Any]]] = {}
    for audited in cells:
        fields = side.house.state(Cell(Kind.AUDIT, audited)).fields
        held = fields.get("row")
        if side.parts.home == NOBODY and HANDED_ON in fields:
            _hand_on(tx, side, fields[HANDED_ON])
        row = None if held is None else _read(held.value)
        if row is None or held is None or held.by.origin != row["node_id"].bytes:
            continue
        if (row["node_id"], row["incarnation"]) != (tx.node.id, tx.node.incarnation):
            chains.setdefault((row["node_id"], row["incarnation"]), {})[row["seq"]] = row
    for (node_id, incarnation), told in sorted(chains.items(), key=lambda each: each[0]):
        _Following(tx, side.tenant_id, node_id, incarnation).take(told)


def _hand_on(tx: Tx, side: Side, held: Held) -> None:
    row = _read(held.value.get("row")) if isinstance(held.value, dict) else None
    if row is None or rows.present(tx.conn, side.tenant_id, row["node_id"], row["incarnation"], [row["seq"]]):
        return
    told = {
        name: str(row[name])[:_MOST_TOLD] for name in _PARTS if name not in {"named", "hash"} and row[name] is not None
    }
    record(tx, side.tenant_id, Event("audit.handed_on", detail={"by": held.by.origin.hex(), "told": told}))


@dataclass(slots=True)
class _Following:
    """One chain of another node's, from as far as it has been followed here."""

    tx: Tx
    tenant_id: UUID
    node_id: UUID
    incarnation: int
    seq: int = 0
    hash: bytes | None = None

    def take(self, told: dict[int, dict[str, Any]]) -> None:
        """Add the rows that aren't here, and go on from the chain's end. What doesn't follow from that isn't taken."""
        key = (self.tenant_id, self.node_id, self.incarnation)
        head = rows.head(self.tx.conn, *key)
        if head is not None:
            self.seq, self.hash = head.seq, bytes(head.hash)
        before, named = self.seq, next(iter(told.values()))["named"]
        for seq in sorted(told.keys() - rows.present(self.tx.conn, *key, told.keys())):
            if self._goes_on(told[seq]):
                row = {name: part for name, part in told[seq].items() if name != "named"}
                rows.add(self.tx, row | {"tenant_id": self.tenant_id})
        for row in rows.following(self.tx.conn, *key, self.seq):
            if not self._is_next(row._asdict() | {"named": named}):
                break
        if self.seq != before:
            there = None if named == self.tenant_id else named
            rows.move_head(self.tx, *key, {"seq": self.seq, "hash": self.hash, "named": there})

    def _goes_on(self, row: dict[str, Any]) -> bool:
        """Whether the row may be taken: one that is next has to follow, of others it is seen later."""
        if self.hash is not None and row["seq"] != self.seq + 1:
            return True
        return self._is_next(row)

    def _is_next(self, row: dict[str, Any]) -> bool:
        """Go one row further, where it follows; a chain counts from the first row that has come."""
        if self.hash is not None and row["seq"] != self.seq + 1:
            return False
        start = GENESIS if row["seq"] == 1 else self.hash
        if start is not None and chain(start, row["named"], row["seq"], row) != bytes(row["hash"]):
            _log.error("Row %d of node %s doesn't follow from the one before it.", row["seq"], self.node_id)
            return False
        self.seq, self.hash = row["seq"], bytes(row["hash"])
        return True
