"""The household's devices: who they are, renamed, restricted, suspended, removed; in force at once."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain.asks import AskState, Way
from rex_auth_edge.domain.devices import DeviceState, wish
from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.domain.roles import Act
from rex_auth_edge.flows.devices import issuing
from rex_auth_edge.flows.devices.adding import awaited, client_hash
from rex_auth_edge.flows.household.actor import Actor, forbidden, note, refusal
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.storage import device_asks, devices, tenants
from rex_auth_edge.storage.tx import Tx

NO_DEVICE = Refused(Code.NOT_FOUND, "There is no such device")
_WIDER = Refused(
    Code.INVALID_FIELD, "A device can only lose scopes: add it anew to give it more", {"scopes": "more than it has"}
)


@dataclass(frozen=True, slots=True)
class Found:
    """The household's devices, and those that are to come."""

    devices: list[Any]
    awaited: list[Any]


@dataclass(frozen=True, slots=True)
class Change:
    """What is to change; None stays, an empty `room` is none."""

    name: str | None = None
    room: str | None = None
    scopes: tuple[str, ...] | None = None


def changed(row: Any, wanted: Change, wider: Refused) -> dict[str, str | None] | Refused:
    """What the row of a device, or of one that asks, is to say; `wider` where that is more scopes than it has."""
    had = set(row.scopes.split())
    scopes = had if wanted.scopes is None else set(wanted.scopes)
    if not scopes <= had:
        return wider
    room = row.room if wanted.room is None else wanted.room
    checked = wish(row.name if wanted.name is None else wanted.name, row.kind, room, scopes)
    if isinstance(checked, Refused):
        return checked
    return {"name": checked.name, "room": checked.room, "scopes": " ".join(checked.scopes)}


async def listed(parts: Parts, actor: Actor) -> Found | Refused:
    """All but removed ones."""

    def query(conn: sa.Connection) -> Found | Refused:
        refused = forbidden(conn, parts.clock.now(), actor, Act.DEVICES)
        return refused or Found(devices.every(conn, actor.tenant_id), awaited(conn, parts, actor.tenant_id))

    return await parts.store.read(query)


async def change(parts: Parts, actor: Actor, device_id: UUID, wanted: Change) -> Refused | None:
    """Rename a device, put it elsewhere, or take scopes from it; tokens of before with more are ended."""

    def work(tx: Tx) -> Refused | None:
        if (refused := refusal(tx, actor, Act.CHANGE_DEVICE, device_id)) is not None:
            return refused
        row = _present(tx, actor, device_id)
        return NO_DEVICE if row is None else _change(tx, parts, actor, row, wanted)

    return await parts.store.write(work)


def _change(tx: Tx, parts: Parts, actor: Actor, row: Any, wanted: Change) -> Refused | None:
    values = changed(row, wanted, _WIDER)
    if isinstance(values, Refused):
        return values
    devices.change(tx, actor.tenant_id, row.id, **values)
    if values["scopes"] != row.scopes:
        issuing.end_all(tx, parts, actor.tenant_id, row.id, "restricted")
    note(tx, actor, Act.CHANGE_DEVICE, row.id, detail=values)
    return None


async def suspend(parts: Parts, actor: Actor, device_id: UUID) -> Refused | None:
    """What it holds is refused from now on; it may be let go on."""
    return await _end(parts, actor, device_id, DeviceState.SUSPENDED)


async def remove(parts: Parts, actor: Actor, device_id: UUID) -> Refused | None:
    """For good. Something that is still to come is withdrawn."""
    return await _end(parts, actor, device_id, DeviceState.REMOVED)


async def _end(parts: Parts, actor: Actor, device_id: UUID, state: DeviceState) -> Refused | None:
    def work(tx: Tx) -> Refused | None:
        if (refused := refusal(tx, actor, Act.END_DEVICE, device_id)) is not None:
            return refused
        if state is DeviceState.REMOVED and _withdrawn(tx, actor, device_id):
            note(tx, actor, Act.END_DEVICE, device_id, detail={"state": "withdrawn"})
            return None
        if _present(tx, actor, device_id) is None:
            return NO_DEVICE
        gone = state is DeviceState.REMOVED
        values = {"ended_at": tx.now.wall, "thumbprint": None} if gone else {}
        devices.change(tx, actor.tenant_id, device_id, state=state.value, **values)
        issuing.end_all(tx, parts, actor.tenant_id, device_id, state.value)
        if gone:
            tenants.strike_from_directory(tx, client_hash(parts, device_id), actor.tenant_id)
        note(tx, actor, Act.END_DEVICE, device_id, detail={"state": state.value})
        return None

    return await parts.store.write(work, urgent=True)


def _withdrawn(tx: Tx, actor: Actor, ask_id: UUID) -> bool:
    """Make the code of something that is to come good for nothing; False where nothing with this id is."""
    row = device_asks.get(tx.conn, actor.tenant_id, ask_id)
    if row is None or (row.way, row.state) != (Way.SCAN, AskState.PENDING):
        return False
    return device_asks.move(tx, row, AskState.WITHDRAWN)


async def resume(parts: Parts, actor: Actor, device_id: UUID) -> Refused | None:
    """Let a suspended device go on."""

    def work(tx: Tx) -> Refused | None:
        if (refused := refusal(tx, actor, Act.CHANGE_DEVICE, device_id)) is not None:
            return refused
        if not devices.change(tx, actor.tenant_id, device_id, state=DeviceState.ACTIVE.value):
            return NO_DEVICE
        note(tx, actor, Act.CHANGE_DEVICE, device_id, detail={"state": "active"})
        return None

    return await parts.store.write(work)


def _present(tx: Tx, actor: Actor, device_id: UUID) -> Any:
    row = devices.get(tx.conn, actor.tenant_id, device_id)
    return None if row is None or row.state == DeviceState.REMOVED else row
