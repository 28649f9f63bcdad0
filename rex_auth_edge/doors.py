"""The hub's doors: HTTPS, port 80 that leads there, and plain HTTP for a gateway on the same machine.

What may come in by which, and with which certificate; the certificate is kept good while the hub runs.
"""

import asyncio
import logging
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from rex_auth_edge.domain.clock import Clock
from rex_auth_edge.domain.entropy import Entropy
from rex_auth_edge.keys.tls import CaError, HouseholdCa, spelled
from rex_auth_edge.server import Bounds, HttpServer, LiveTls, bind
from rex_auth_edge.settings import Settings
from rex_auth_edge.settings.model import ListenOptions
from rex_auth_edge.web.doorway import Doorway
from rex_auth_edge.web.pages.trust import Household

HTTPS, HTTP, GATEWAY = "https", "http", "gateway"
"""The doors' names, as a socket unit's FileDescriptorName= has them; `https` is the hub's own without TLS too."""
LOOK = 5.0
"""Seconds between looks at addresses, files and the clock."""
_LOCAL = "127.0.0.1"
_OWN = Bounds(last_call_seconds=0.25)
"""Time for a TLS handshake, so that who came in last before a restart is heard; systemd keeps who comes later."""
_SMALL = replace(_OWN, header_bytes=8 * 1024, header_count=50, body_seconds=10.0, keep_alive_seconds=5, requests=64)

_log = logging.getLogger(__name__)

Sockets = Mapping[str, Sequence[socket.socket]]


def bound(listen: ListenOptions, passed: Mapping[str, Sequence[int]]) -> dict[str, list[socket.socket]]:
    """Sockets for every door that is wanted: systemd's, where it has passed any of that name. Raises ListenError."""
    wanted = {HTTPS: (listen.host, listen.port)}
    if listen.tls is not None and (listen.http_port or HTTP in passed):
        wanted[HTTP] = (listen.host, listen.http_port)
    if listen.gateway_port or GATEWAY in passed:
        wanted[GATEWAY] = (_LOCAL, listen.gateway_port)
    return {name: bind(host, port, passed.get(name, ())) for name, (host, port) in wanted.items()}


class Doors:
    """Every door; the first server is the hub's own. `ca` is None with files of the owner's, both without TLS."""

    def __init__(self, servers: list[HttpServer], tls: LiveTls | None, ca: HouseholdCa | None) -> None:
        self._servers = servers
        self._tls = tls
        self._ca = ca
        self._trouble = ""

    @property
    def url(self) -> str:
        """Where a program on this machine reaches the hub."""
        return self._servers[0].url

    async def start(self) -> None:
        """Return once every door is open. Raises ListenError."""
        for server in self._servers:
            await server.start()
        if self._ca is not None:
            name, told = self._ca.present_name, spelled(self._ca.fingerprint())
            _log.info("Reached as %s; the household's CA has the fingerprint (SHA-256) %s.", name, told)

    async def stop(self) -> None:
        """Close all of them at a time, and let running requests finish."""
        await asyncio.gather(*(server.stop() for server in self._servers))

    async def keep(self) -> None:
        """Keep the certificate good: renewed when due, and taken into use when its file has changed."""
        if self._tls is not None:
            await asyncio.to_thread(self._look, self._tls)

    def renamed(self, label: str) -> None:
        """The hub is called `label` on its LAN from now on (without `.local`)."""
        if self._ca is not None:
            self._ca.rename(label)

    def _look(self, tls: LiveTls) -> None:
        try:
            if self._ca is not None:
                self._ca.renew()
            self._trouble = ""
        except CaError as error:
            if str(error) != self._trouble:
                _log.warning("Going on with the old certificate. %s", error)
            self._trouble = str(error)
        tls.look()


def open_ca(
    settings: Settings, clock: Clock, entropy: Entropy, addresses: Callable[[], frozenset[str]]
) -> HouseholdCa | None:
    """The household's CA, where the hub's certificate is of its making. Raises CaError."""
    if not settings.listen.household_ca or settings.unit_id is None:
        return None
    ca = HouseholdCa(settings.data_dir, settings.unit_id, clock, entropy, addresses)
    ca.open()
    return ca


def hung(settings: Settings, app: Any, sockets: Sockets, ca: HouseholdCa | None) -> Doors:
    """The servers, not started yet. Raises ListenError."""
    listen = settings.listen
    tls = None if listen.tls is None else LiveTls(listen.tls)
    servers = [HttpServer(app, listen.host, listen.port, tls=tls, sockets=sockets[HTTPS], bounds=_OWN)]
    if HTTP in sockets:
        doorway = _doorway(settings, ca)
        servers.append(HttpServer(doorway, listen.host, listen.http_port, sockets=sockets[HTTP], bounds=_SMALL))
    if GATEWAY in sockets:
        servers.append(HttpServer(app, _LOCAL, listen.gateway_port, sockets=sockets[GATEWAY], bounds=_OWN))
    return Doors(servers, tls, ca)


def _doorway(settings: Settings, ca: HouseholdCa | None) -> Doorway:
    hosts = sorted({"localhost", *settings.web.allowed_hosts})
    if ca is None:
        return Doorway(hosts, lambda: settings.host, settings.listen.port, None)
    household = Household(ca.certificate(), spelled(ca.fingerprint()), f"rex-{settings.unit_id}")
    return Doorway(hosts, lambda: ca.present_name, settings.listen.port, household)
