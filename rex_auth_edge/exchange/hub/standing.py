"""How a household's synchronisation stands, out of its tables and of what its loop knows."""

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from rex_auth_edge.exchange.people.status import Status

if TYPE_CHECKING:
    from rex_auth_edge.exchange.hub.hubs import Running


def present(found: Status, running: "Running") -> Status:
    """With what is newer than the tables."""
    return replace(
        found,
        cloud=running.household.enrolment.url,
        reached_at=running.reached_at or found.reached_at,
        agreed_at=running.agreed_at or found.agreed_at,
        trouble=running.trouble,
        retry_at=running.loop.retry_at,
    )


def noted(running: "Running") -> dict[str, Any]:
    """What of it is written down."""
    reached = {"reached_at": running.reached_at} if running.reached_at else {}
    agreed = {"agreed_at": running.agreed_at} if running.agreed_at else {}
    return {"trouble": running.trouble, **reached, **agreed}
