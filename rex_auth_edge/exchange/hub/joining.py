"""A household of this hub joins its cloud, by a key that is made here and an owner's code; nobody has two accounts."""

import dataclasses
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain import names
from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.domain.roles import Role
from rex_auth_edge.exchange import enrolment as enrolments
from rex_auth_edge.exchange.enrolment import Enrolment
from rex_auth_edge.exchange.hub.becoming import become
from rex_auth_edge.exchange.messages import Enrolled, Offer, whose
from rex_auth_edge.exchange.proof import HubKey
from rex_auth_edge.exchange.stores.hub import SqlHub, enrol
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.storage import sync_enrolments, users
from rex_auth_edge.storage.audit import Event, record
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.hub.welcoming import enter_again
from rex_auth_edge.sync.me import HEADS, Me

_ANOTHER = Refused(
    Code.ALREADY_ENROLLED, "This household is enrolled in another cloud, or as another household: forget that first"
)
_ELSEWHERE = Refused(Code.CLOUD_REFUSED, "The cloud has let this hub into another household than it had said")
_NO_OWNER = Refused(Code.NOT_FOUND, "There is no owner of that name here", {"as": "unknown"})


@dataclass(frozen=True, slots=True)
class Wish:
    """To which cloud (its address in the form that is signed), with which code, and who here has made that.

    `household` is the one there that was agreed to; None where nobody was asked.
    """

    url: str
    code: str
    as_: str | None = None
    household: UUID | None = None

    def __repr__(self) -> str:
        return f"Wish({self.url})"


def owner_named(conn: sa.Connection, tenant_id: UUID, name: str) -> Any | Refused:
    """The owner of that username or address here."""
    found = users.by_email(conn, tenant_id, names.email_key(name)) if "@" in name else None
    found = found or users.by_username(conn, tenant_id, names.username_key(name))
    return found if found is not None and found.role == Role.OWNER and not found.disabled else _NO_OWNER


def refused_before(conn: sa.Connection, parts: Parts, tenant_id: UUID, wish: Wish) -> Refused | None:
    """Why the cloud needn't be asked."""
    if wish.household is not None and _is_shared_elsewhere(conn, parts, tenant_id, wish.household.bytes):
        return _ANOTHER
    if wish.as_ is None:
        return None
    found = owner_named(conn, tenant_id, wish.as_)
    return found if isinstance(found, Refused) else None


def _is_shared_elsewhere(conn: sa.Connection, parts: Parts, tenant_id: UUID, household: bytes) -> bool:
    """Whether it is another household of a cloud's by now, as far as its enrolment can be read."""
    row = sync_enrolments.get(conn, tenant_id)
    known = None if row is None else enrolments.readable(parts.seal, tenant_id, bytes(row.enrolment))
    return known is not None and known.household != household


@dataclass(frozen=True, slots=True)
class Prospect:
    """Where a code leads, to be agreed to before it is used: a household of the cloud's and the owner there who asks.

    `becomes` is who here would be the same person, with the cloud's password. `alike` is an owner here who gives the
    same address and hasn't proven it: they become nobody unless they are named. `again` where this household is
    enrolled already.
    """

    household: UUID
    name: str
    owner: str
    address: str
    becomes: str | None = None
    alike: str | None = None
    again: bool = False


def prospect(conn: sa.Connection, parts: Parts, tenant_id: UUID, wish: Wish, offer: Offer) -> Prospect | Refused:
    """What the cloud's offer means here."""
    if _is_shared_elsewhere(conn, parts, tenant_id, offer.household):
        return _ANOTHER
    again = sync_enrolments.get(conn, tenant_id) is not None
    shown = Prospect(UUID(bytes=offer.household), offer.name, offer.owner, offer.address, again=again)
    if wish.as_ is not None:
        named = owner_named(conn, tenant_id, wish.as_)
        return named if isinstance(named, Refused) else dataclasses.replace(shown, becomes=named.username)
    if again:
        return shown
    ruling = (users.get(conn, tenant_id, each) for each in users.owners(conn, tenant_id))
    same = next((row for row in ruling if row.email_key and whose(wish.code, row.email_key) == offer.whose), None)
    if same is None:
        return shown
    return dataclasses.replace(shown, **{"becomes" if same.email_proven else "alike": same.username})


def join(tx: Tx, parts: Parts, tenant_id: UUID, wish: Wish, key: HubKey, answer: Enrolled) -> Refused | None:
    """Take the cloud's answer: from here on what is done here waits to be sent."""
    if wish.household not in {None, UUID(bytes=answer.household)}:
        return _ELSEWHERE
    made = Enrolment(
        wish.url, answer.household, answer.name, answer.cloud, ((key.public, key.seed),), tx.now.wall
    )  # fmt: skip
    row = sync_enrolments.get(tx.conn, tenant_id)
    if row is None:
        refused = _begin(tx, parts, tenant_id, wish, made, answer)
    else:
        refused = _again(tx, parts, tenant_id, row, made, answer)
    if refused is None:
        detail = {"cloud": wish.url, "household": str(UUID(bytes=answer.household))}
        record(tx, tenant_id, Event("hub.enrolled", detail=detail))
    return refused


def _begin(tx: Tx, parts: Parts, tenant_id: UUID, wish: Wish, made: Enrolment, answer: Enrolled) -> Refused | None:
    owner = _owner_here(tx, tenant_id, wish, answer)
    if isinstance(owner, Refused):
        return owner
    if owner is not None:
        become(tx, parts, tenant_id, owner.id, UUID(bytes=answer.owner))
    me = Me(tx.node.id.bytes, answer.incarnation, 0, HEADS, answer.nonce, key=made.seeds[0][0], untold=True)
    enrol(tx, tenant_id, me, answer.digest_key, enrolments.sealed(parts.seal, tenant_id, made))
    return None


def _owner_here(tx: Tx, tenant_id: UUID, wish: Wish, answer: Enrolled) -> Any | Refused | None:
    """Who here is the owner that made the code: by name where one is given, else by a proven address."""
    if wish.as_ is not None:
        return owner_named(tx.conn, tenant_id, wish.as_)
    found = users.by_email(tx.conn, tenant_id, answer.owner_email_key) if answer.owner_email_key else None
    if found is None or not found.email_proven:
        return None
    return found if found.role == Role.OWNER and not found.disabled else None


def _again(tx: Tx, parts: Parts, tenant_id: UUID, row: Any, made: Enrolment, answer: Enrolled) -> Refused | None:
    """A hub that was locked out, or whose keys were lost, goes on with what it has."""
    if bytes(row.digest_key) != answer.digest_key:
        return _ANOTHER
    raw = enrolments.sealed(parts.seal, tenant_id, made)
    sync_enrolments.change(tx, tenant_id, enrolment=raw, paused=False, trouble=None)
    store = SqlHub(tx, tenant_id)
    enter_again(store, made.seeds[0][0], answer.nonce)
    store.flush()
    return None
