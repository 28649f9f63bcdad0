"""Forward-auth: whether the holder of a token may pass on to a service that asks the hub by way of its proxy.

Decided from memory, as every token is; nothing is renewed, and nothing is written.
"""

from dataclasses import dataclass
from uuid import UUID

from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.domain.roles import Role
from rex_auth_edge.flows.authenticate import Authenticator
from rex_auth_edge.flows.devices import tokens
from rex_auth_edge.flows.parts import Parts

NOT_FOR_YOU = Refused(Code.NOT_ALLOWED, "This service isn't for you: ask an owner of the household")
BOUND = Refused(
    Code.INVALID_TOKEN, "This token is bound to a key (RFC 9449): shown as Bearer it is worth nothing, whoever shows it"
)


@dataclass(frozen=True, slots=True)
class Demand:
    """Whom a service lets in: members of one household of at least this role (None: no people), devices and passes.

    A device or a guest's pass has to hold all of these scopes; where none is named, none gets through. A household of
    None is the hub's default one.
    """

    household: UUID | None = None
    role: Role | None = Role.GUEST
    scopes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Holder:
    """Who shows a good token: a person, or with `role` None what `group` says (device or pass)."""

    tenant_id: UUID
    subject: UUID
    group: str
    role: Role | None = None
    scopes: frozenset[str] = frozenset()


def person(authenticator: Authenticator, token: str) -> Holder | Refused:
    """Whose token it is, if it is a person's own; or why it is refused."""
    claims = authenticator.claims(token)
    if isinstance(claims, Refused):
        return claims
    role = Role(claims.roles[0])
    return Holder(claims.tenant_id, claims.user_id, role.value, role)


def holder(parts: Parts, authenticator: Authenticator, token: str) -> Holder | Refused:
    """Whose token it is: a person's, a guest's pass, or a device's that isn't bound to a key; or why it is refused."""
    found = person(authenticator, token)
    if not isinstance(found, Refused) or found.code is Code.TOKEN_EXPIRED:
        return found
    device = tokens.holder(parts, token)
    if isinstance(device, Refused):
        return device
    if device.cnf or device.act:
        return BOUND
    group = "device" if device.client_id else "pass"
    return Holder(device.tenant_id, device.sub, group, scopes=frozenset(device.scope.split()))


def barred(parts: Parts, demand: Demand, who: Holder) -> Refused | None:
    """Why somebody who is known may not pass; None if they may."""
    if who.tenant_id != (demand.household or parts.home):
        return NOT_FOR_YOU
    if who.role is None:
        passes = bool(demand.scopes) and demand.scopes <= who.scopes
    else:
        passes = demand.role is not None and not who.role.below(demand.role)
    return None if passes else NOT_FOR_YOU
