"""Who is asking: what a verified access token says."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Authority(StrEnum):
    """How the access token came; a cookie is sent by the browser unasked, so it needs CSRF protection."""

    BEARER = "bearer"
    COOKIE = "cookie"


@dataclass(frozen=True, slots=True)
class Principal:
    """A person's verified session. `expires_at` is in seconds since 1970 (the token's `exp`).

    `elsewhere`: the session is another node's, and so is the token.
    """

    tenant_id: UUID
    user_id: UUID
    session_id: UUID
    expires_at: int
    authority: Authority = Authority.BEARER
    elsewhere: bool = False

    @property
    def session(self) -> tuple[UUID, UUID]:
        """Which session it is: of which household, and its id there."""
        return self.tenant_id, self.session_id

    @property
    def account(self) -> str:
        """Whose it is, for what counts tries."""
        return f"{self.tenant_id} {self.user_id}"
