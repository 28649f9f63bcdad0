"""The setup code, which makes the first owner."""

from typing import Any

from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.flows.parts import NOBODY
from rex_auth_edge.storage import tenants
from rex_auth_edge.verbs.reach import Reach, Verbs, console

_NO_HUB = Refused(Code.BAD_REQUEST, "A setup code is made anew whenever the hub starts: start it, then ask again.")
_NONE = Refused(
    Code.BAD_REQUEST,
    "There are no setup codes in the cloud: `rex-auth-edge invite create --household SLUG --role owner`.",
)
_CLAIMED = Refused(Code.BAD_REQUEST, "This household has an owner: there is nothing to set up.")


async def _shown(reach: Reach, *, household: str | None = None) -> dict[str, Any] | Refused:
    """The code of a household that nobody owns yet."""
    actor = await console(reach, household)
    if reach.parts.home == NOBODY:
        return _NONE
    if not reach.running:
        return _NO_HUB
    code = reach.parts.setup.shown().get(actor.tenant_id)
    if code is None:
        return _CLAIMED
    house = await reach.parts.store.read(lambda conn: tenants.get(conn, actor.tenant_id))
    return {"household": house.slug, "setup_code": code}


VERBS: Verbs = {"show": _shown}
