"""Whose an address is in all of the cloud: whoever proves it there goes before who has it by a hub's word."""

from uuid import UUID

from rex_auth_edge.flows.parts import NOBODY, Parts
from rex_auth_edge.storage import resets, tenants, users
from rex_auth_edge.storage.audit import Event, record
from rex_auth_edge.storage.tx import Tx, What


def proven(tx: Tx, parts: Parts, tenant_id: UUID, email_key: str) -> None:
    """Somebody of the household has just proven to this node that they read what is sent to the address.

    In the cloud, people of other households whose hubs have called it theirs lose it, and are told: else a hub could
    keep everybody's address from them.
    """
    hashed = parts.address_hash(email_key)
    others = tenants.list_as_proven(tx, hashed, tenant_id)
    for other in others if parts.home == NOBODY else ():
        tenants.strike_from_directory(tx, hashed, other)
        person = users.by_email(tx.conn, other, email_key)
        if person is not None:
            _unset(tx, parts, other, person.id)


def _unset(tx: Tx, parts: Parts, tenant_id: UUID, user_id: UUID) -> None:
    users.change(tx, tenant_id, user_id, email=None, email_key=None, email_proven=False)
    resets.void_all(tx, tenant_id, user_id)
    tx.touch(tenant_id, What.ADDRESS_LOST, user_id)
    tx.after_commit.append(parts.people.forget)
    record(tx, tenant_id, Event("address.lost", subject_id=user_id))
