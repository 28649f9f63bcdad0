"""A household that is recovered by its hub's label."""

from rex_auth_edge.domain.caller import Caller
from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.flows.household import presence
from tests.hub import Household


async def recovering(home: Household) -> None:
    """See that a recovery is under way."""
    secret = await presence.make_label(home.hub.parts, again=True)
    assert isinstance(secret, str)
    begun = await presence.start(home.hub.parts, secret, None, Caller("192.168.1.9", on_lan=True))
    assert not isinstance(begun, Refused) or begun.code is Code.RECOVERY_RUNNING
