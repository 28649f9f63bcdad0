"""Adding a device by an owner's code: shown as QR code or typed, good once and for minutes."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.client import jose
from rex_auth_edge.domain import codes, durations
from rex_auth_edge.domain.asks import AskState, Way
from rex_auth_edge.domain.caller import Caller
from rex_auth_edge.domain.clock import HOUR, MINUTE
from rex_auth_edge.domain.devices import Wish
from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.domain.roles import Act
from rex_auth_edge.flows.devices import issuing
from rex_auth_edge.flows.devices.issuing import Issued
from rex_auth_edge.flows.household.actor import Actor, note, refusal, still_may
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.keys.hashes import digest_of
from rex_auth_edge.storage import device_asks, devices, tenants
from rex_auth_edge.storage.audit import Event, record
from rex_auth_edge.storage.columns import deadline_of
from rex_auth_edge.storage.tx import Tx

LIFE = 10 * MINUTE
_CHARACTERS = 12
"""60 bits: at 30 wrong codes a minute from an address, nobody finds one that lives for an hour at most."""
_SECRET = "device-secret"  # noqa: S105  a purpose's name

_BAD_LIFE = Refused(
    Code.INVALID_FIELD, "code_life is a length of time from 1m to 1h, such as 10m", {"code_life": "not good"}
)
SAME_KEY = Refused(Code.INVALID_GRANT, "A device with this key is in the household already")


@dataclass(frozen=True, slots=True, repr=False)
class Awaited:
    """A device that is to come. Its code is told this once."""

    id: UUID
    code: str
    expires_at: int


async def add(parts: Parts, actor: Actor, wish: Wish, code_life: str | None = None) -> Awaited | Refused:
    """Let a device in that will show the code."""
    life = durations.milliseconds(code_life) if code_life else LIFE
    if life is None or not MINUTE <= life <= HOUR:
        return _BAD_LIFE

    def work(tx: Tx) -> Awaited | Refused:
        if (refused := refusal(tx, actor, Act.ADD_DEVICE)) is not None:
            return refused
        code, ask_id, expires = codes.code(tx.entropy, _CHARACTERS), tx.new_id(), tx.now.after(life)
        hashed = code_hash(parts, code)
        device_asks.add(tx, {
            "tenant_id": actor.tenant_id, "id": ask_id, "way": Way.SCAN.value, "code_hash": hashed, "name": wish.name,
            "room": wish.room, "kind": wish.kind, "scopes": " ".join(wish.scopes), "made_by": actor.user_id,
        }, expires)  # fmt: skip
        tenants.list_in_directory(tx, hashed, actor.tenant_id)
        note(tx, actor, Act.ADD_DEVICE, detail={"name": wish.name, "kind": wish.kind, "scopes": list(wish.scopes)})
        return Awaited(ask_id, code, expires.wall)

    return await parts.store.write(work)


def code_hash(parts: Parts, code: str) -> bytes:
    """The keyed hash under which a device's code is kept and found."""
    return parts.pepper.digest("device code", codes.as_meant(code))


async def redeem(parts: Parts, code: str, key: dict[str, str] | None, caller: Caller) -> Issued | Refused:
    """The device that shows the code is let in, with its key, or with a secret that it is told this once."""
    hashed = code_hash(parts, code)

    def work(tx: Tx) -> Issued | Refused:
        for tenant_id in tenants.whereabouts(tx.conn, hashed):
            row = device_asks.by_code(tx.conn, tenant_id, hashed)
            if row is None or issuing.passed(deadline_of(row, "expires"), tx):
                continue
            return let_in(tx, parts, row, key, caller) if row.state == "pending" else again(tx, parts, row, key)
        return issuing.NOT_GRANTED

    return await parts.store.write(work)


def again(tx: Tx, parts: Parts, ask: Any, key: dict[str, str] | None) -> Issued | Refused:
    """The answer was lost on the way: the same key gets one again while the code would have lived."""
    device = devices.get(tx.conn, ask.tenant_id, ask.device_id) if ask.device_id else None
    if device is None or device.state != "active" or not same_key(parts, device, key):
        return issuing.NOT_GRANTED
    return issuing.begin(tx, parts, device)


def same_key(parts: Parts, device: Any, key: dict[str, str] | None) -> bool:
    """Whether this is the device's own key."""
    if key is None or device.thumbprint is None:
        return False
    return parts.pepper.same(bytes(device.thumbprint), jose.unbase64(jose.thumbprint(key)))


def let_in(tx: Tx, parts: Parts, ask: Any, key: dict[str, str] | None, caller: Caller) -> Issued | Refused:
    """The device of an ask is in the household from now on; of several at a time one is let in.

    None is by somebody's leave who is no owner any more: else who is put out could come back as a device.
    """
    sponsor = ask.made_by or ask.decided_by
    if not still_may(tx.conn, ask.tenant_id, sponsor, Act.ADD_DEVICE):
        return issuing.NOT_GRANTED
    thumbprint = jose.unbase64(jose.thumbprint(key)) if key else None
    if thumbprint and devices.with_key(tx.conn, ask.tenant_id, thumbprint) is not None:
        return SAME_KEY
    device_id = tx.new_id()
    if not device_asks.move(tx, ask, AskState.REDEEMED, device_id=device_id):
        return issuing.NOT_GRANTED
    secret = None if key else parts.bearers.mint(_SECRET, ask.tenant_id, device_id)
    kept = json.dumps(key, sort_keys=True) if key else None
    devices.add(tx, {
        "tenant_id": ask.tenant_id, "id": device_id, "name": ask.name, "room": ask.room, "kind": ask.kind,
        "scopes": ask.scopes, "way": ask.way, "public_key": kept, "thumbprint": thumbprint,
        "secret_hash": digest_of(secret) if secret else None, "added_by": sponsor,
        "seen_from": caller.ip_address,
    })  # fmt: skip
    tenants.list_in_directory(tx, client_hash(parts, device_id), ask.tenant_id)
    detail = {"name": ask.name, "kind": ask.kind, "way": ask.way}
    record(tx, ask.tenant_id, Event("device.joined", subject_id=device_id, caller=caller, detail=detail))
    issued = issuing.begin(tx, parts, devices.get(tx.conn, ask.tenant_id, device_id))
    return Issued(issued.chain, issued.refresh_token, secret)


def client_hash(parts: Parts, device_id: UUID) -> bytes:
    """The keyed hash by which a device's household is found from its id."""
    return parts.pepper.digest("device", device_id.bytes)


def awaited(conn: sa.Connection, parts: Parts, tenant_id: UUID) -> list[Any]:
    """Devices that are to come and still may."""
    return device_asks.pending(conn, tenant_id, parts.clock.now(), Way.SCAN)
