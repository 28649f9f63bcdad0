"""Moving in from the original's database, a page of its people at a time."""

from typing import Any

import msgspec

from rex_auth_edge.flows import moving
from rex_auth_edge.flows.moving import Arrival, Where
from rex_auth_edge.verbs.reach import Reach, Verbs, console


async def _people(
    reach: Reach,
    *,
    source: str,
    people: list[dict[str, Any]],
    into: str | None = None,
    spoken_for: tuple[str, ...] = (),
    dry: bool = True,
) -> list[dict[str, Any]]:
    """Move a page in, or say what that would do; `spoken_for` are names that earlier pages of a dry run have given."""
    tenant_id = (await console(reach, into)).tenant_id if into else None
    arrivals = msgspec.convert(people, list[Arrival])
    where = Where(source, tenant_id, frozenset(spoken_for))
    return [msgspec.to_builtins(each) for each in await moving.move(reach.parts, arrivals, where, dry=dry)]


VERBS: Verbs = {"people": _people}
