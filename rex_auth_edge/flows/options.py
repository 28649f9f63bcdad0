"""What can be set about accounts and their lives."""

from dataclasses import dataclass

from rex_auth_edge.domain.clock import DAY, MINUTE, SECOND
from rex_auth_edge.domain.roles import Registration
from rex_auth_edge.domain.secret import Secret


@dataclass(frozen=True, slots=True)
class Lives:
    """How long things live, in milliseconds.

    `session` is the absolute life of a session however often it is refreshed (RFC 9700 section 4.14.2).
    """

    access: int = 10 * MINUTE
    refresh: int = 7 * DAY
    session: int = 90 * DAY
    otp: int = 5 * MINUTE
    otp_cooldown: int = 120 * SECOND
    reset: int = 30 * MINUTE
    retry_window: int = 10 * SECOND
    fresh: int = 10 * MINUTE
    audit: int = 400 * DAY


@dataclass(frozen=True, slots=True)
class FlowOptions:
    """`registration` is the default household's starting policy; `frontend` is where links in letters lead.

    `label` is the secret on the hub's label where the factory has printed one.
    """

    frontend: str
    registration: Registration = Registration.INVITE
    lives: Lives = Lives()
    label: Secret | None = None
