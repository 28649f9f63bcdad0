"""With which cloud a household is enrolled, and under which keys: sealed in the database and in its copy."""

from contextlib import suppress
from uuid import UUID

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from rex_auth_edge.exchange.proof import HubKey, Signer, hub_name
from rex_auth_edge.exchange.trouble import LASTING
from rex_auth_edge.keys.seal import Seal, SealBrokenError
from rex_auth_edge.storage import sync_enrolments
from rex_auth_edge.storage.tx import Tx

_PURPOSE = "sync enrolment"


class Enrolment(Struct, frozen=True):
    """`household` is what the cloud calls it; `seeds` are the hub's private keys by their public halves.

    The newest comes first, made at `since` (milliseconds since 1970 by the hub's clock); beside it the one before.
    `paused_at` is when it was paused, by the same clock, where it is.
    """

    url: str
    household: bytes
    name: str
    cloud: bytes
    seeds: tuple[tuple[bytes, bytes], ...]
    since: int
    paused_at: int | None = None

    def __repr__(self) -> str:
        return f"Enrolment({self.url})"

    def signer(self, hub: bytes, public: bytes) -> Signer:
        """Who signs, with the key of this public half; the newest one where that is unknown."""
        seed = dict(self.seeds).get(public) or self.seeds[0][1]
        return Signer(HubKey(seed), hub_name(UUID(bytes=self.household), hub))

    def other(self, public: bytes) -> bytes:
        """The other key's public half, where there are two: a restored cloud may know only that one."""
        return next((each for each, _ in self.seeds if each != public), public)

    def with_key(self, key: HubKey, present: bytes, now: int) -> "Enrolment":
        """With another key beside the present one."""
        kept = tuple(each for each in self.seeds if each[0] == present)
        return replace(self, seeds=((key.public, key.seed), *kept), since=now)


def pause(tx: Tx, seal: Seal, tenant_id: UUID, *, paused: bool) -> None:
    """Have the household paused, or go on. What has to be done about it stays told of, other trouble doesn't."""
    row = sync_enrolments.get(tx.conn, tenant_id)
    if row is None or row.paused == paused:
        return
    values = {"paused": paused, "trouble": row.trouble if row.trouble in LASTING else None}
    with suppress(SealBrokenError):  # then nobody knows since when
        changed = replace(opened(seal, tenant_id, bytes(row.enrolment)), paused_at=tx.now.wall if paused else None)
        values["enrolment"] = sealed(seal, tenant_id, changed)
    sync_enrolments.change(tx, tenant_id, **values)


def sealed(seal: Seal, tenant_id: UUID, enrolment: Enrolment) -> bytes:
    """For the database, and the copy beside it."""
    return seal.seal(_PURPOSE, msgspec.msgpack.encode(enrolment), tenant_id.bytes)


def opened(seal: Seal, tenant_id: UUID, raw: bytes) -> Enrolment:
    """What was sealed. Raises SealBrokenError, under another SECRET_KEY."""
    return msgspec.msgpack.decode(seal.open(_PURPOSE, raw, tenant_id.bytes), type=Enrolment)


def readable(seal: Seal, tenant_id: UUID, raw: bytes) -> Enrolment | None:
    """The same; None where SECRET_KEY isn't the one any more under which it was sealed."""
    try:
        return opened(seal, tenant_id, raw)
    except SealBrokenError:
        return None
