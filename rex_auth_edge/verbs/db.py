"""The database itself."""

from typing import Any

from rex_auth_edge.storage import check, tenants
from rex_auth_edge.verbs.reach import Reach, Verbs


async def _checked(reach: Reach) -> dict[str, Any]:
    """Read the whole file; as long as it takes, other reads and writes go on."""
    health = await reach.parts.store.read(check.whole)
    return {"problems": list(health.problems), "schema": health.found, "wanted": health.wanted}


async def _households(reach: Reach) -> list[str]:
    """The slugs of all households, whose audit logs belong to the check."""
    return [house.slug for house in await reach.parts.store.read(tenants.every)]


VERBS: Verbs = {"check": _checked, "households": _households}
