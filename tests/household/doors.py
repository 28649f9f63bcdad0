"""A door with a lock of its own, which knows the household by its keys and its list alone."""

from pathlib import Path

from rex_auth_edge.client.device import Reading
from rex_auth_edge.client.folder import Folder
from rex_auth_edge.client.known import Household as Known
from rex_auth_edge.client.known import Known as KnownHousehold
from rex_auth_edge.client.limits import limits_of
from rex_auth_edge.client.reasons import Reason, TokenRefusedError
from rex_auth_edge.client.verify import Holder, Verifier
from tests.devices.machines import ISSUER
from tests.hub import Household


class Door:
    """A lock in reach of nobody but who stands before it; `meet` is when it reaches the hub."""

    def __init__(self, home: Household, folder: Path) -> None:
        self._home = home
        tenant_id = str(home.hub.parts.home)
        uri = f"{ISSUER}/oauth/status/{tenant_id}"
        self._known = KnownHousehold(Folder(folder), Known(ISSUER, tenant_id, uri), self._read)
        self._verifier = Verifier(self._known, limits_of("lock"))

    def _read(self) -> Reading:
        clock = self._home.clock
        return Reading(clock.wall, clock.boot, clock.boot_id.hex())

    async def meet(self) -> None:
        """Fetch keys and list."""
        async with self._home.client("192.168.1.77") as line:
            listed = (await line.get(f"/oauth/status/{self._home.hub.parts.home}?kind=lock")).text
            self._known.adopt((await line.get("/.well-known/jwks.json")).json(), listed)

    def opens(self, token: str, scope: str = "door.open") -> Holder | Reason:
        """For whom, or why not."""
        try:
            return self._verifier.check(token, scope=scope)
        except TokenRefusedError as refused:
            return refused.reason
