"""Devices: let in by one node, they are in the household's list on all; a removed one is refused everywhere."""

import json
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from rex_auth_edge.client import jose
from rex_auth_edge.domain.devices import DeviceState
from rex_auth_edge.domain.devices import Kind as What
from rex_auth_edge.exchange.mirror.side import Side, Wish, id_of, number, text, uuid_of, value
from rex_auth_edge.flows.devices import issuing
from rex_auth_edge.flows.devices.adding import client_hash
from rex_auth_edge.flows.parts import NOBODY
from rex_auth_edge.storage import devices as rows
from rex_auth_edge.storage import tenants
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.house import House, closed
from rex_auth_edge.sync.kinds import ACTIVE, REVOKED, Kind
from rex_auth_edge.sync.state import Cell

_TRAVELS = {"name": 80, "room": 80, "kind": 16, "scopes": 400, "way": 12, "public_key": 4096}
"""The columns of a device that other nodes are told, and how many characters of each fit."""


def image(house: House, device: bytes) -> dict[str, Any]:
    """The columns of a device's row as the cells have them, while it isn't removed."""
    told, rung = house.state(Cell(Kind.DEVICE_PROFILE, device)), house.state(Cell(Kind.DEVICE, device))
    held = value(rung, "suspended") is True or closed(house, device)
    found = {name: text(value(told, name), most) for name, most in _TRAVELS.items()}
    return {
        **found,
        "kind": found["kind"] if found["kind"] in set(What) else What.OTHER.value,
        "scopes": found["scopes"] or "",
        "state": (DeviceState.SUSPENDED if held else DeviceState.ACTIVE).value,
        "added_by": uuid_of(value(told, "by")),
    }


def _step(house: House, device: bytes) -> int | None:
    rung = house.state(Cell(Kind.DEVICE, device)).rung
    return None if rung is None else rung.step


def wishes(side: Side, row: Any, actor: bytes | None) -> Iterator[Wish]:
    """What the device's row says and the cells don't; of what came and went unheard nobody hears."""
    device, step = row.id.bytes, _step(side.house, row.id.bytes)
    cell, gone = Cell(Kind.DEVICE, device), row.state == DeviceState.REMOVED
    if step == REVOKED or (gone and step is None):
        return
    if gone:
        yield Wish(cell, lambda pen: pen.climb(REVOKED, actor), actor)
        return
    if step is None:
        yield Wish(cell, lambda pen: pen.climb(ACTIVE, actor), actor)
    told, held = image(side.house, device), row.state == DeviceState.SUSPENDED
    if told["state"] != row.state:
        yield Wish(cell, lambda pen: pen.put(suspended=held), actor)
    fields = {name: getattr(row, name) for name in _TRAVELS if (getattr(row, name) or None) != (told[name] or None)}
    if row.added_by != told["added_by"]:
        fields["by"] = id_of(row.added_by)
    if fields:
        fields["created"] = row.created_at
        yield Wish(Cell(Kind.DEVICE_PROFILE, device), lambda pen: pen.put(**fields), actor)


def everything(side: Side) -> Iterator[Wish]:
    """All of the household's."""
    for row in rows.everything(side.conn, side.tenant_id):
        yield from wishes(side, row, None)


def adopt(tx: Tx, side: Side, devices: Iterable[bytes]) -> None:
    """Bring these devices' rows in line; what is removed, suspended or restricted elsewhere is refused at once."""
    with tx.quiet():
        for device_id in (UUID(bytes=each) for each in sorted(devices)):
            step, row = _step(side.house, device_id.bytes), rows.get(tx.conn, side.tenant_id, device_id)
            if row is not None and row.state == DeviceState.REMOVED:
                continue
            if step == ACTIVE and row is None:
                _list(tx, side, device_id)
            elif step == ACTIVE and row is not None:
                _change(tx, side, row)
            elif step == REVOKED and row is not None:
                _remove(tx, side, device_id)


def _list(tx: Tx, side: Side, device_id: UUID) -> None:
    """A device that another node has let in: known by its key here, never by the secret that it shares there."""
    told = image(side.house, device_id.bytes)
    if told["name"] is None or told["way"] is None:
        return
    thumbprint = _thumbprint(told["public_key"])
    if thumbprint is not None and rows.with_key(tx.conn, side.tenant_id, thumbprint) is not None:
        thumbprint = None
    made = number(value(side.house.state(Cell(Kind.DEVICE_PROFILE, device_id.bytes)), "created"))
    ids = {"tenant_id": side.tenant_id, "id": device_id, "thumbprint": thumbprint, "secret_hash": None}
    rows.add(tx, ids | told | {"seen_from": None}, since=made)
    rung = side.house.state(Cell(Kind.DEVICE, device_id.bytes)).rung
    by = (None if rung is None else uuid_of(rung.by.origin)) or NOBODY
    tenants.list_as_told(tx, client_hash(side.parts, device_id), side.tenant_id, by)


def _thumbprint(public_key: str | None) -> bytes | None:
    """RFC 7638's, of a key that can be read."""
    try:
        key = json.loads(public_key or "")
        return jose.unbase64(jose.thumbprint(key))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _change(tx: Tx, side: Side, row: Any) -> None:
    told = image(side.house, row.id.bytes)
    known = {name: wanted for name, wanted in told.items() if wanted is not None or name == "room"}
    columns = {name: wanted for name, wanted in known.items() if getattr(row, name) != wanted}
    if columns:
        rows.change(tx, side.tenant_id, row.id, **columns)
    if columns.get("state") == DeviceState.SUSPENDED:
        issuing.end_all(tx, side.parts, side.tenant_id, row.id, DeviceState.SUSPENDED.value)
    elif "scopes" in columns:
        issuing.end_all(tx, side.parts, side.tenant_id, row.id, "restricted")


def _remove(tx: Tx, side: Side, device_id: UUID) -> None:
    gone = DeviceState.REMOVED.value
    rows.change(tx, side.tenant_id, device_id, state=gone, ended_at=tx.now.wall, thumbprint=None)
    issuing.end_all(tx, side.parts, side.tenant_id, device_id, gone)
    tenants.strike_from_directory(tx, client_hash(side.parts, device_id), side.tenant_id)
