"""What a database forgets when a hub is made again from a backup: all that only the hub of before could vouch for."""

from collections.abc import Callable

import msgspec
import sqlalchemy as sa

from rex_auth_edge.domain.register import Ended
from rex_auth_edge.storage import device_grants, tenants
from rex_auth_edge.storage.audit import Event, record
from rex_auth_edge.storage.device_tables import device_asks, devices, pairing_windows
from rex_auth_edge.storage.device_tables import device_grants as device_grants_table
from rex_auth_edge.storage.guest_tables import child_requests, recoveries
from rex_auth_edge.storage.sessions import ELSEWHERE
from rex_auth_edge.storage.tables import (
    auth_sessions,
    directory,
    invitations,
    known_devices,
    login_attempts,
    node_facts,
    otp_sessions,
    outbox,
    password_reset_tokens,
    signing_keys,
    users,
)
from rex_auth_edge.storage.tx import Node, Tx


def begin_again(tx: Tx) -> None:
    """End all that `lapse` ends; the new incarnation signs with new keys."""
    lapse(tx)
    tx.conn.execute(sa.delete(signing_keys))


def lapse(tx: Tx) -> list[Ended]:
    """End sessions, codes, resets, invitations, passes, letters and asks; go on as another incarnation.

    Whose access tokens are to be refused from now on: sessions and passes. All at once, however many:
    none of them may be good any more once the hub goes by another incarnation.
    """
    return _end_all(tx, Node(tx.node.id, tx.node.incarnation + 1), "hub.restored")


def become_another(tx: Tx) -> list[Ended]:
    """The same, and go on under another id, as a hub does whose former one was removed. What has failed counts on.

    The audit log goes on in a chain of that id; the former one's stays as it is.
    """
    former = tx.node.id
    ended = _end_all(tx, Node(tx.new_id(), tx.node.incarnation + 1), "hub.renamed")
    own = login_attempts.c.node_id == former
    tx.conn.execute(sa.update(login_attempts).where(own).values(node_id=tx.node.id))
    return ended


def _end_all(tx: Tx, reborn: Node, event: str) -> list[Ended]:
    now, former = tx.now.wall, tx.node
    ended = _end_sessions(tx)
    _end(tx, password_reset_tokens, password_reset_tokens.c.used_at, {"used_at": now})
    _uninvite(tx)
    _let_nobody_in(tx)
    ended += _end_passes(tx)
    letters = {"state": "withdrawn", "ended_at": now, "sealed": None}
    tx.conn.execute(sa.update(outbox).where(outbox.c.state == "waiting").values(letters))
    for table in (otp_sessions, child_requests, recoveries):
        tx.conn.execute(sa.delete(table))
    tx.node = reborn
    tx.conn.execute(sa.update(node_facts).where(node_facts.c.name == "node").values(value=msgspec.json.encode(reborn)))
    for house in tenants.every(tx.conn):
        device_grants.raise_version(tx, house.id)
        renamed = {"former": str(former.id)} if former.id != reborn.id else {}
        record(tx, house.id, Event(event, detail={"incarnation": reborn.incarnation} | renamed))
    return ended


def _end(tx: Tx, table: sa.Table, column: sa.Column[int], values: dict[str, object]) -> None:
    tx.conn.execute(sa.update(table).where(column.is_(None)).values(values))


def _end_sessions(tx: Tx) -> list[Ended]:
    """Those that this hub keeps: another node's go on."""
    own = auth_sessions.c.revoked_at.is_(None) & (auth_sessions.c.generation > ELSEWHERE)
    found = [
        Ended(*row) for row in tx.conn.execute(sa.select(auth_sessions.c.tenant_id, auth_sessions.c.id).where(own))
    ]
    ended = {"revoked_at": tx.now.wall, "revoked_for": "restored"}
    tx.conn.execute(sa.update(auth_sessions).where(own).values(ended))
    return found


def _end_passes(tx: Tx) -> list[Ended]:
    passes = (device_grants_table.c.kind == "guest") & device_grants_table.c.ended_at.is_(None)
    columns = sa.select(device_grants_table.c.tenant_id, device_grants_table.c.id)
    found = [Ended(*row) for row in tx.conn.execute(columns.where(passes))]
    over = {"ended_at": tx.now.wall, "ended_for": "restored"}
    tx.conn.execute(sa.update(device_grants_table).where(passes).values(over))
    return found


def _uninvite(tx: Tx) -> None:
    pending = invitations.c.used_at.is_(None) & invitations.c.revoked_at.is_(None)
    for row in tx.conn.execute(sa.select(invitations).where(pending)).all():
        tenants.strike_from_directory(tx, bytes(row.code_hash), row.tenant_id)
    tx.conn.execute(sa.update(invitations).where(pending).values(revoked_at=tx.now.wall))


def _let_nobody_in(tx: Tx) -> None:
    """Codes of devices that are to come, devices that ask, and windows: over."""
    codes = sa.select(device_asks.c.tenant_id, device_asks.c.code_hash).where(device_asks.c.code_hash.is_not(None))
    for row in tx.conn.execute(codes).all():
        tenants.strike_from_directory(tx, bytes(row.code_hash), row.tenant_id)
    for table in (device_asks, pairing_windows):
        tx.conn.execute(sa.delete(table))


def take_new_secret(tx: Tx, address_hash: Callable[[str], bytes]) -> None:
    """Make keyed hashes of addresses anew under another SECRET_KEY; browsers and failures are forgotten.

    Devices are removed: they insist on the CA of before, and whoever has the hub of before could pose as it to them.
    """
    gone = {"state": "removed", "thumbprint": None, "ended_at": tx.now.wall}
    tx.conn.execute(sa.update(devices).where(devices.c.state != "removed").values(gone))
    ended = {"ended_at": tx.now.wall, "ended_for": "stolen"}
    _end(tx, device_grants_table, device_grants_table.c.ended_at, ended)
    for table in (directory, known_devices, login_attempts):
        tx.conn.execute(sa.delete(table))
    people = tx.conn.execute(sa.select(users.c.tenant_id, users.c.email_key).where(users.c.email_key.is_not(None)))
    for row in people.all():
        tenants.list_in_directory(tx, address_hash(row.email_key), row.tenant_id)
