"""A device asks to be let in (RFC 8628 section 3.1), while its household's window is open."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from rex_auth_edge.client import jose
from rex_auth_edge.domain import asks, words
from rex_auth_edge.domain.asks import AskState, Way
from rex_auth_edge.domain.caller import Caller
from rex_auth_edge.domain.clock import MINUTE, SECOND
from rex_auth_edge.domain.devices import Wish
from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.flows.devices import window
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.keys.hashes import digest_of
from rex_auth_edge.storage import device_asks, pairing_windows, tenants
from rex_auth_edge.storage.audit import Event, record
from rex_auth_edge.storage.tx import Tx

DEVICE_CODE = "device-ask"
_SPOKEN = 4
_FULL = Refused(
    Code.PAIRING_FULL, f"{asks.OPEN} devices are waiting already; ask again when one of them has been decided on"
)
_FULL_FROM_ONE = Refused(
    Code.PAIRING_FULL, f"Too much has been asked from this address; ask again in {asks.LIFE // MINUTE} minutes"
)
_NO_KEY = Refused(Code.INVALID_DPOP_PROOF, "Words are compared for the device's key: send a DPoP proof by that key")


@dataclass(frozen=True, slots=True, repr=False)
class Asked:
    """What the device is told. `code` is its own secret; `user_code` and `words` are for people, and mean the same."""

    code: str
    user_code: str | None
    words: tuple[str, ...]
    nonce: str | None
    life: int = asks.LIFE // SECOND
    pace: int = asks.PACE


async def ask(
    parts: Parts, tenant: str | None, way: Way, wish: Wish, key: dict[str, str] | None, caller: Caller
) -> Asked | Refused:
    """Wait for a person, under codes that are told this once; `tenant` is a household's slug or id.

    A key that asked before asks anew: its former asking is over.
    """
    if way is Way.WINDOW and key is None:
        return _NO_KEY

    def work(tx: Tx) -> Asked | Refused:
        tenant_id = tenants.find(tx.conn, tenant) if tenant else parts.home
        if tenant_id is None:
            return window.CLOSED
        pairing_windows.hold(tx, tenant_id)
        if not window.present(tx.conn, tenant_id, tx.now).open:
            return window.CLOSED
        thumbprint = jose.unbase64(jose.thumbprint(key)) if key else None
        if (refused := _crowded(tx, tenant_id, thumbprint, caller.ip_address)) is not None:
            return refused
        if not pairing_windows.use(tx, tenant_id):
            return window.CLOSED
        values = {
            "tenant_id": tenant_id, "way": way.value, "name": wish.name, "room": wish.room, "kind": wish.kind,
            "scopes": " ".join(wish.scopes), "thumbprint": thumbprint, "asked_from": caller.ip_address,
            "public_key": json.dumps(key, sort_keys=True) if key else None, "pace": asks.PACE,
        }  # fmt: skip
        return _add(tx, parts, values, caller)

    return await parts.store.write(work)


def _crowded(tx: Tx, tenant_id: UUID, thumbprint: bytes | None, address: str) -> Refused | None:
    """Why there is no room for another; a former ask of the same key takes none, and waits no longer."""
    rows = device_asks.pending(tx.conn, tenant_id, tx.now, Way.GRANT, Way.WINDOW)
    mine = [row for row in rows if thumbprint is not None and row.thumbprint == thumbprint]
    others = [row for row in rows if row not in mine]
    if len(others) >= asks.OPEN:
        return _FULL
    near = [row for row in others if row.asked_from == address]
    lately = device_asks.alive_from(tx.conn, tenant_id, tx.now, address)
    if len(near) >= asks.OPEN_FROM_ONE or lately >= asks.TRIES_FROM_ONE:
        return _FULL_FROM_ONE
    for row in mine:
        device_asks.move(tx, row, AskState.WITHDRAWN)
    return None


def _add(tx: Tx, parts: Parts, values: dict[str, Any], caller: Caller) -> Asked:
    ask_id, tenant_id, grant = tx.new_id(), values["tenant_id"], values["way"] == Way.GRANT
    device_code = parts.bearers.mint(DEVICE_CODE, tenant_id, ask_id)
    user_code = asks.user_code(tx.entropy) if grant else None
    hashed = code_hash(parts, user_code) if user_code else None
    secret = {"id": ask_id, "code_hash": hashed, "secret_hash": digest_of(device_code)}
    device_asks.add(tx, values | secret, tx.now.after(asks.LIFE))
    detail = {name: values[name] for name in ("way", "name", "kind", "scopes")}
    record(tx, tenant_id, Event("devices.asked", subject_id=ask_id, caller=caller, detail=detail))
    return Asked(
        device_code, user_code, spoken(parts, hashed) if hashed else (), None if grant else nonce(parts, ask_id)
    )


def code_hash(parts: Parts, typed: str) -> bytes:
    """The keyed hash under which a user code is kept."""
    return parts.pepper.digest("user code", asks.letters(typed))


def spoken(parts: Parts, hashed: bytes) -> tuple[str, ...]:
    """The four words of an ask, made of its code's hash: whoever has the database alone can't tell them."""
    return words.spelled(parts.pepper.digest("spoken code", hashed), _SPOKEN)


def nonce(parts: Parts, ask_id: UUID) -> str:
    """What makes the six words of one asking differ from those of any other."""
    return parts.pepper.digest("pairing nonce", ask_id.bytes).hex()[:32]


def compared(parts: Parts, row: Any) -> tuple[str, ...]:
    """The six words of an ask that people compare; none of one that has a code."""
    if row.way != Way.WINDOW:
        return ()
    return words.compared(parts.authority(), jose.text(bytes(row.thumbprint)), nonce(parts, row.id))


def means(parts: Parts, row: Any, typed: str) -> bool:
    """Whether somebody has typed or said this ask's code: letters, four words, or the six that were compared."""
    said = asks.letters(typed).encode("utf-8", "replace")
    if row.way == Way.WINDOW:
        return parts.pepper.same(said, "".join(compared(parts, row)).encode())
    hashed = bytes(row.code_hash)
    by_letters = parts.pepper.same(code_hash(parts, typed), hashed)
    return parts.pepper.same(said, "".join(spoken(parts, hashed)).encode()) or by_letters
