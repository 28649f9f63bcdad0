"""Letters of the cloud's to people whose account a hub has changed: whoever holds its key may have."""

from collections.abc import Iterable, Iterator
from typing import Any

from rex_auth_edge.domain.clock import DAY
from rex_auth_edge.domain.roles import Role
from rex_auth_edge.exchange.mirror import passwords
from rex_auth_edge.exchange.mirror.side import Side
from rex_auth_edge.flows.login import moment_text
from rex_auth_edge.flows.parts import NOBODY
from rex_auth_edge.mail.letters import ChangedByHub
from rex_auth_edge.storage import tenants
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.cloud.alerts import ADDRESS, OWNER, PASSWORD, UNSEATED
from rex_auth_edge.sync.house import field
from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.rules.notices import BY_HUB
from rex_auth_edge.sync.state import Cell

_LIFE = 7 * DAY


def warn(tx: Tx, side: Side, row: Any, columns: dict[str, Any], told: Iterable[bytes]) -> None:
    """In the cloud, write to the address of before what a hub has changed about the person, where it was proven there.

    By a hub's word alone anybody's address would be, and what its people are called anything: letters go to none such.

    `row` is the one of before, `told` the notices that come with the change. What the cloud has decided or done itself
    is told by whatever did it.
    """
    if side.parts.home != NOBODY or not row.email_proven or "@" not in (row.email_key or ""):
        return
    for what, by in _news(side, row, columns, told):
        if by is not None and by != side.node and _proven_here(side, row):
            hub = field(side.house, Cell(Kind.HUB, by), "name")
            letter = ChangedByHub(
                name=row.username,
                household=tenants.get(tx.conn, side.tenant_id).name,
                hub=hub if isinstance(hub, str) else "",
                what=what,
                when=moment_text(tx.now.wall),
            )
            side.parts.post.send(tx, side.tenant_id, row.email, letter, life=_LIFE)


def _proven_here(side: Side, row: Any) -> bool:
    return tenants.has_proven(side.conn, side.parts.address_hash(row.email_key), side.tenant_id)


def _news(side: Side, row: Any, columns: dict[str, Any], told: Iterable[bytes]) -> Iterator[tuple[str, bytes | None]]:
    """What has changed, and by which node."""
    user = row.id.bytes
    if columns.get("email_key", row.email_key) != row.email_key:
        yield "address", _told_by(side, user, told, ADDRESS)
    if "password_tag" in columns:
        secret = passwords.good(side.house, user)
        what = "shared" if passwords.is_same(side, row) else "password"
        yield what, _told_by(side, user, told, PASSWORD) if secret is None else secret.by.origin
    if columns.get("role") == Role.OWNER:
        yield "owner", _told_by(side, user, told, OWNER)
    if row.role == Role.OWNER:
        yield "unseated", _told_by(side, user, told, UNSEATED)


def _told_by(side: Side, user: bytes, told: Iterable[bytes], code: str) -> bytes | None:
    """Which hub has done it, where the cells don't say: a role it may have given, or lifted what stood.

    Of notices those count that the cloud itself has written.
    """
    for notice in (Cell(Kind.NOTICE, each) for each in told):
        by = side.house.state(notice).fields.get(BY_HUB)
        if by is None or by.by.origin != side.node:
            continue
        if field(side.house, notice, "about") == user and field(side.house, notice, "code") == code:
            return bytes(by.value)
    return None
