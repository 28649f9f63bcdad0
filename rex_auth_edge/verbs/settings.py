"""What the hub runs with."""

from dataclasses import asdict
from typing import Any

from rex_auth_edge.settings import describe
from rex_auth_edge.verbs.reach import Reach, Verbs


async def _shown(reach: Reach) -> list[dict[str, Any]]:
    """Every setting with its value, secrets masked, and who has set it."""
    return [asdict(row) for row in describe(reach.settings)]


VERBS: Verbs = {"show": _shown}
