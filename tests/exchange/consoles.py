"""The verbs of a hub's console and of its cloud's."""

from dataclasses import replace
from typing import Any

from rex_auth_edge.appliance import reach
from rex_auth_edge.control import done
from rex_auth_edge.verbs import verbs
from tests.exchange.conftest import Street
from tests.exchange.street import Hub
from tests.hub import Household, settings_for


class Console:
    """One side's verbs."""

    def __init__(self, home: Household, sync: Any, street: Street) -> None:
        core = reach(settings_for(street.folder / "data"), home.hub, running=True)
        self._verbs = verbs(replace(core, sync=sync))

    async def do(self, verb: str, **arguments: Any) -> Any:
        """What the verb answers. Raises ControlRefusedError."""
        return await done(self._verbs[verb](**arguments))


def at(hub: Hub, street: Street) -> Console:
    """The hub's."""
    return Console(hub.home, hub.sync, street)


def cloud(street: Street) -> Console:
    """The cloud's."""
    return Console(street.cloud.home, None, street)
