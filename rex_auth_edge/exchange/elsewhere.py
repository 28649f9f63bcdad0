"""People's tokens that another node of their household has issued: good here, for what is that household's.

A hub signs whatever its root likes, so of its word nothing is taken but that this session shows itself now. Whose it
is, and what they are here, the tables here say; and nothing is done by it that would outlast the hub: see `web.visit`.
"""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain.clock import MINUTE, SECOND, Moment
from rex_auth_edge.domain.register import LONGEST
from rex_auth_edge.domain.roles import SCOPES, Role
from rex_auth_edge.exchange.mirror.sessions import begun_by
from rex_auth_edge.exchange.stores.cloud import member_of
from rex_auth_edge.exchange.stores.shown import Shown
from rex_auth_edge.flows.authenticate import Authenticator, digest_of
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.keys import public_keys
from rex_auth_edge.keys.named import Named, named
from rex_auth_edge.keys.public_keys import PublicKey
from rex_auth_edge.keys.tokens import Claims, Payload, TokenInvalidError
from rex_auth_edge.storage import sessions, users
from rex_auth_edge.sync.house import session_lives
from rex_auth_edge.sync.rules.keys import key_of

_SKEW = MINUTE
"""By how much another node's clock may be ahead (RFC 7519 section 4.1.5)."""


class Elsewhere:
    """Finds out about a token before anybody asks the Authenticator. `cloud` says in which role this is."""

    def __init__(self, parts: Parts, authenticator: Authenticator, *, cloud: bool) -> None:
        self._parts = parts
        self._authenticator = authenticator
        self._cloud = cloud

    async def look(self, token: str) -> None:
        """Let the Authenticator know what there is to know. Raises StorageUnavailableError where that can't be."""
        tokens, vouched = self._parts.tokens, self._authenticator.vouched
        if not (self._cloud or tokens.shared) or tokens.own(token):
            return
        digest = digest_of(token)
        if vouched.sure(digest):
            return
        said, age = named(token), self._parts.people.age
        tenant_id = None if said is None else self._called(said.household)
        claims = None
        if said is not None and tenant_id is not None:
            found = await self._parts.store.read(lambda conn: self._standing(conn, tenant_id, said))
            claims = None if found is None else self._claims(token, *found)
        vouched.put(digest, claims, age)

    def _called(self, household: UUID) -> UUID | None:
        """What a household is called here that the token names as the cloud does."""
        if self._cloud:
            return household
        return next((own for own, shared in self._parts.tokens.shared.items() if shared == household), None)

    def _standing(self, conn: sa.Connection, tenant_id: UUID, said: Named) -> tuple[Any, PublicKey] | None:
        """Whose session it is, and the key of the hub that keeps it; None unless all of them are let in here."""
        row = sessions.get(conn, tenant_id, said.session_id)
        if row is None or row.revoked_at is not None or row.generation > sessions.ELSEWHERE:
            return None
        user, house, session = users.get(conn, tenant_id, row.user_id), Shown(conn, tenant_id), said.session_id.bytes
        hub = begun_by(house, session)
        if user is None or user.disabled or hub is None or not session_lives(house, session):
            return None
        told = key_of(house, hub, said.kid) if self._listens(conn, tenant_id, hub) else None
        key = None if told is None else public_keys.read(*told)
        return None if key is None else (user, key)

    def _listens(self, conn: sa.Connection, tenant_id: UUID, hub: bytes) -> bool:
        """Whether the cloud would listen to that hub now: of one that is there twice, a thief may have the keys."""
        if not self._cloud:
            return True
        member = member_of(conn, tenant_id, hub)
        return member is not None and not (member.locked or member.removed)

    def _claims(self, token: str, user: Any, key: PublicKey) -> Claims | None:
        try:
            said = self._parts.tokens.vouched(token, key)
        except TokenInvalidError:
            return None
        if said.sub != user.id or not _bounded(said, self._parts.clock.now()):
            return None
        role = Role(user.role)
        return Claims(
            tenant_id=user.tenant_id,
            user_id=user.id,
            session_id=said.session_id,
            roles=(role.value,),
            scopes=SCOPES[role],
            email_verified=bool(user.email_verified),
            not_before=said.nbf - _SKEW // SECOND,
            expires_at=said.exp,
            issued_at=said.iat,
            elsewhere=True,
        )


def _bounded(said: Payload, now: Moment) -> bool:
    """No token lives longer than revocations are remembered. Its boot is another machine's: here the wall counts."""
    return said.exp * SECOND <= now.wall + LONGEST + _SKEW
