"""Devices that ask to be let in, as people decide on them."""

from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from rex_auth_edge.flows.devices import deciding, window
from rex_auth_edge.flows.devices.deciding import NO_ASK
from rex_auth_edge.flows.devices.records import Change
from rex_auth_edge.web import limited
from rex_auth_edge.web.answers import rfc3339, unless_refused
from rex_auth_edge.web.api import pairing_messages as messages
from rex_auth_edge.web.api.household import actor, uuid_in
from rex_auth_edge.web.api.messages import Said
from rex_auth_edge.web.visit import Visit


class PairingWindow(Controller):
    """GET, POST and DELETE household/devices/window."""

    path = "/household/devices/window"

    @get()
    async def read(self, visit: NamedDependency[Visit]) -> messages.Window:
        """Whether devices may ask at present."""
        found = unless_refused(await window.seen(visit.desk.parts, actor(visit)))
        return shown(found)

    @post(status_code=200)
    async def open(self, data: JSONBody[messages.OpenWindow], visit: NamedDependency[Visit]) -> messages.Window:
        """Let devices ask for some minutes, 20 times at most."""
        return shown(unless_refused(await window.open_for(visit.desk.parts, actor(visit), data.open_for)))

    @delete(status_code=200)
    async def close(self, visit: NamedDependency[Visit]) -> Said:
        """Let no device ask any more, and refuse those that wait."""
        unless_refused(await window.close(visit.desk.parts, actor(visit)))
        return Said("Pairing is closed")


class Asks(Controller):
    """GET household/devices/asks; POST look, approve and deny."""

    path = "/household/devices/asks"

    @get()
    async def list(self, visit: NamedDependency[Visit]) -> messages.Asks:
        """Which devices ask, and from where; their codes are with them alone."""
        rows = unless_refused(await deciding.listed(visit.desk.parts, actor(visit)))
        return messages.Asks([told(row) for row in rows])

    @post("/look", status_code=200)
    async def look(self, data: JSONBody[messages.Typed], visit: NamedDependency[Visit]) -> messages.Ask:
        """Which device asks with this code: to be read before anybody lets it in."""
        return told(await limited.look_at_ask(visit, actor(visit), data.code))

    @post("/{name:str}/approve", status_code=200)
    async def approve(
        self, name: FromPath[str], data: JSONBody[messages.Approve], visit: NamedDependency[Visit]
    ) -> messages.Approved:
        """Let a device in, with its code; under another name, elsewhere, or with fewer scopes than it asks for."""
        who, ask_id = actor(visit), uuid_in(name, NO_ASK)
        wanted = Change(data.name, data.room, None if data.scopes is None else tuple(data.scopes.split()))
        found = await limited.approve_ask(visit, who, ask_id, data.code, wanted)
        return messages.Approved("The device is let in", told(found))

    @post("/{name:str}/deny", status_code=200)
    async def deny(self, name: FromPath[str], visit: NamedDependency[Visit]) -> Said:
        """Refuse a device that asks."""
        who = actor(visit)
        unless_refused(await deciding.deny(visit.desk.parts, who, uuid_in(name, NO_ASK)))
        return Said("The device is refused")


def shown(found: window.Window) -> messages.Window:
    """The window as people see it."""
    return messages.Window(
        "Devices may ask to be let in" if found.open else "Pairing is closed",
        found.open,
        rfc3339(found.closes_at) if found.closes_at is not None else None,
        found.tries,
        str(found.opened_by) if found.opened_by else None,
    )


def told(ask: deciding.Ask) -> messages.Ask:
    """A device that asks, as people see it."""
    return messages.Ask(
        str(ask.id), ask.way.value, ask.name, ask.kind, ask.room, list(ask.scopes), ask.asked_from, ask.at_home,
        rfc3339(ask.asked_at), rfc3339(ask.expires_at), list(ask.compare),
    )  # fmt: skip
