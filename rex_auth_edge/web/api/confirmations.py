"""What devices want to do for a person who is signed in, and may do only once they agree; and whether at all."""

from litestar import Controller, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from rex_auth_edge.domain.refusals import Code, Refused, RefusedError
from rex_auth_edge.flows.devices import agreeing
from rex_auth_edge.flows.devices.agreeing import NO_CONFIRMATION, Waiting
from rex_auth_edge.web.answers import rfc3339, unless_refused
from rex_auth_edge.web.api import confirmation_messages as messages
from rex_auth_edge.web.api.household import uuid_in
from rex_auth_edge.web.api.messages import Said
from rex_auth_edge.web.api.paths import paths
from rex_auth_edge.web.visit import Visit

_SWITCH = {"on": True, "off": False}
_BAD_SWITCH = Refused(Code.INVALID_FIELD, "voice is on or off", {"voice": "not one of these"})


class Confirmations(Controller):
    """GET confirmations; POST approve and deny of one; GET and PUT voice."""

    @get(paths("confirmations"))
    async def list(self, visit: NamedDependency[Visit]) -> messages.Confirmations:
        """What devices ask the caller to confirm, the oldest first."""
        found = await agreeing.listed(visit.desk.parts, visit.principal())
        return messages.Confirmations([shown(each) for each in found])

    @post(paths("confirmations/{name:str}/approve"), status_code=200)
    async def approve(self, name: FromPath[str], visit: NamedDependency[Visit]) -> Said:
        """Let the device do this, once; asks for a fresh sign-in."""
        who, confirmation_id = visit.principal(), uuid_in(name, NO_CONFIRMATION)
        unless_refused(await agreeing.approve(visit.desk.parts, who, confirmation_id, visit.caller))
        return Said("Confirmed")

    @post(paths("confirmations/{name:str}/deny"), status_code=200)
    async def deny(self, name: FromPath[str], visit: NamedDependency[Visit]) -> Said:
        """Refuse it; the device has to leave the caller alone for a while."""
        who, confirmation_id = visit.principal(), uuid_in(name, NO_CONFIRMATION)
        unless_refused(await agreeing.deny(visit.desk.parts, who, confirmation_id, visit.caller))
        return Said("Refused")

    @get(paths("voice"))
    async def voice(self, visit: NamedDependency[Visit]) -> messages.Voice:
        """Whether devices may act for the caller."""
        return messages.Voice("on" if await agreeing.may_act(visit.desk.parts, visit.principal()) else "off")

    @put(paths("voice"), status_code=200)
    async def set_voice(self, data: JSONBody[messages.SetVoice], visit: NamedDependency[Visit]) -> messages.Voice:
        """Let devices act for the caller (asks for a fresh sign-in), or not: then what they hold ends at once."""
        who, wanted = visit.principal(), _SWITCH.get(data.voice or "")
        if wanted is None:
            raise RefusedError(_BAD_SWITCH)
        unless_refused(await agreeing.let_act(visit.desk.parts, who, visit.caller, wanted=wanted))
        return messages.Voice("on" if wanted else "off")


def shown(each: Waiting) -> messages.Confirmation:
    """One as clients see it."""
    return messages.Confirmation(
        id=str(each.id),
        device=each.device,
        kind=each.kind,
        room=each.room,
        scopes=list(each.scopes),
        message=each.message,
        asked_from=each.asked_from,
        asked_at=rfc3339(each.asked_at),
        expires_at=rfc3339(each.expires_at),
    )
