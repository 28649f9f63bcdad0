"""Announcing the hub on the LAN (RFC 6762, RFC 6763): its services, its host's addresses, and nobody's name.

The library notices when an instance's name is taken, but not when the host's is: that is probed for and watched here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from rex_auth_edge.domain.clock import SECOND, Clock
from rex_auth_edge.domain.entropy import Entropy
from rex_auth_edge.domain.hub_names import NAMES, is_private

if TYPE_CHECKING:
    from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

SERVICES = ("_rex-auth._tcp.local.", "_https._tcp.local.")
LOOK = 2.0
"""Seconds between looks at addresses and facts."""
ASK = 60 * SECOND
"""How often the hub asks who else has its name: two parts of a LAN may have been joined."""
PROBE = 1_000
"""How long an owner of the host's name has to answer, in milliseconds (RFC 6762 section 8.1 asks for 750)."""
TRUCE = 10 * SECOND
"""A second conflict within this time gives the name up (RFC 6762 section 9)."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Subject:
    """What is announced. `addresses` and `facts` (the TXT record) are asked again and again; `renamed` is told."""

    label: str
    port: int
    addresses: Callable[[], frozenset[str]]
    facts: Callable[[], Mapping[str, str]]
    renamed: Callable[[str], None]


@dataclass(slots=True)
class _Announced:
    """What is on the air: through which sockets, for which addresses, under which name."""

    zeroconf: AsyncZeroconf
    addresses: frozenset[str]
    facts: dict[str, str]
    label: str
    infos: list[AsyncServiceInfo] = field(default_factory=list)


class Announcer:
    """Announces until it is cancelled, then says goodbye. Follows changes of addresses, interfaces and facts."""

    def __init__(self, subject: Subject, clock: Clock, entropy: Entropy) -> None:
        self._subject = subject
        self._clock = clock
        self._entropy = entropy
        self._announced: _Announced | None = None
        self._conflict = asyncio.Event()
        self._defended: int | None = None
        self._asked = 0

    async def run(self) -> None:
        """Stay on the air. What fails (no network yet, no multicast) is logged, and tried again."""
        failing = False
        try:
            while True:
                try:
                    await self._look()
                    failing = False
                except OSError as error:
                    if not failing:
                        _log.warning("The hub can't be announced on the LAN: %s. Trying again.", error)
                    failing = True
                await self._rest()
        finally:
            await self._withdraw()

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(LOOK):
                await self._conflict.wait()
        except TimeoutError:
            return

    async def _look(self) -> None:
        addresses, facts = self._subject.addresses(), dict(self._subject.facts())
        if self._conflict.is_set():
            self._conflict.clear()
            await self._settle()
        if self._announced is None or self._announced.addresses != addresses:
            await self._move(addresses, facts)
        elif self._announced.facts != facts:
            self._announced.facts = facts
            await self._publish(self._announced)
        else:
            self._ask_around(self._announced)

    async def _move(self, addresses: frozenset[str], facts: dict[str, str]) -> None:
        if self._announced is not None and not addresses:
            _log.info("No longer announced: there is no network.")
        await self._withdraw()
        if addresses:
            await self._announce(addresses, facts)

    def _ask_around(self, announced: _Announced) -> None:
        """Ask who has our name, now and then; whoever else answers is heard by the listener."""
        now = self._clock.now().boot
        if now - self._asked >= ASK:
            self._asked = now
            announced.zeroconf.zeroconf.async_send(_question(announced.label))

    async def _announce(self, addresses: frozenset[str], facts: dict[str, str]) -> None:
        zeroconf = _zeroconf(addresses)
        try:
            label = await self._free_label(zeroconf, addresses)
            announced = _Announced(zeroconf, addresses, facts, label)
            announced.infos = [_info(kind, announced, self._subject.port) for kind in SERVICES]
            for info in announced.infos:
                await (await zeroconf.async_register_service(info, allow_name_change=True))
        except BaseException:
            await zeroconf.async_close()
            raise
        zeroconf.zeroconf.add_listener(_watch(label, addresses, self._conflict), None)
        self._announced = announced
        _log.info("Announced as %s.local at %s.", label, ", ".join(sorted(addresses)))
        self._subject.renamed(label)

    async def _free_label(self, zeroconf: AsyncZeroconf, addresses: frozenset[str]) -> str:
        """The host's name, or the first of `-2` to `-9` that nobody answers to. Raises OSError where there is none."""
        for number in range(1, NAMES + 1):
            label = self._subject.label if number == 1 else f"{self._subject.label}-{number}"
            await asyncio.sleep(self._entropy.below(250) / SECOND)
            others = await _addresses_of(zeroconf, label) - addresses
            if not others:
                return label
            _log.warning("The name %s.local is taken by %s.", label, ", ".join(sorted(others)))
        message = f"every name from {self._subject.label}.local to -{NAMES} is taken"
        raise OSError(message)

    async def _settle(self) -> None:
        """Somebody else answers to the name: say once that it is ours; give it up if they insist."""
        now, announced = self._clock.now().boot, self._announced
        if announced is None:
            return
        insisted = self._defended is not None and now - self._defended < TRUCE
        self._defended = now
        if not insisted:
            await self._publish(announced)
            return
        _log.warning("Another device on the LAN insists on the name %s.local.", announced.label)
        await self._withdraw()

    async def _publish(self, announced: _Announced) -> None:
        """Say again what is announced, with the facts as they are now."""
        announced.infos = [_info(kind, announced, self._subject.port) for kind in SERVICES]
        for info in announced.infos:
            await (await announced.zeroconf.async_update_service(info))

    async def _withdraw(self) -> None:
        """Say goodbye, and close the sockets."""
        announced, self._announced = self._announced, None
        if announced is None:
            return
        try:
            await announced.zeroconf.async_unregister_all_services()
        except OSError:
            _log.info("No goodbye could be said: the network has gone first.")
        await announced.zeroconf.async_close()


def announced(found: frozenset[str], host: str) -> frozenset[str]:
    """Which of a machine's addresses a listener at `host` is reached at from the LAN; none at loopback.

    `::` stands for every address, as Linux and systemd have it, and `0.0.0.0` for those of IPv4.
    """
    private = {text for text in found if is_private(address := ip_address(text)) and not address.is_loopback}
    lasting = {text for text in private if not (_six(text) and ip_address(text).is_link_local)}
    return frozenset(text for text in lasting if host in {text, "::"} or (host == "0.0.0.0" and not _six(text)))  # noqa: S104  compared with


def _six(address: str) -> bool:
    return ip_address(address).version == 6  # noqa: PLR2004  the number of the protocol


def _zeroconf(addresses: frozenset[str]) -> AsyncZeroconf:
    """Sockets on the interfaces that have these addresses; without IPv6 where none of them is."""
    from zeroconf import IPVersion  # noqa: PLC0415 - 20 MiB that a cloud role does without
    from zeroconf.asyncio import AsyncZeroconf  # noqa: PLC0415

    six = any(_six(address) for address in addresses)
    return AsyncZeroconf(interfaces=sorted(addresses), ip_version=IPVersion.All if six else IPVersion.V4Only)


def _info(kind: str, announced: _Announced, port: int) -> AsyncServiceInfo:
    from zeroconf.asyncio import AsyncServiceInfo  # noqa: PLC0415

    return AsyncServiceInfo(
        kind,
        f"{announced.label}.{kind}",
        port=port,
        properties=announced.facts,
        server=f"{announced.label}.local.",
        parsed_addresses=sorted(announced.addresses),
    )


async def _addresses_of(zeroconf: AsyncZeroconf, label: str) -> frozenset[str]:
    """Who answers to a host's name."""
    from zeroconf import AddressResolver  # type: ignore[attr-defined]  # noqa: PLC0415 - its __all__ forgets it

    resolver = AddressResolver(f"{label}.local.")
    await resolver.async_request(zeroconf.zeroconf, PROBE)
    return frozenset(resolver.parsed_addresses())


def _question(label: str) -> Any:
    """Which addresses a host has: asked of everybody."""
    from zeroconf import (  # type: ignore[attr-defined]  # noqa: PLC0415
        DNSOutgoing,
        DNSQuestion,
        const,
    )

    question = DNSOutgoing(const._FLAGS_QR_QUERY)  # noqa: SLF001 - the library's own constants have no other name
    for kind in (const._TYPE_A, const._TYPE_AAAA):  # noqa: SLF001
        question.add_question(DNSQuestion(f"{label}.local.", kind, const._CLASS_IN))  # noqa: SLF001
    return question


def _watch(label: str, own: frozenset[str], conflict: asyncio.Event) -> Any:
    """A listener that tells when others claim the host's name."""
    from zeroconf import DNSAddress, RecordUpdateListener  # type: ignore[attr-defined]  # noqa: PLC0415

    host = f"{label}.local."

    class Watch(RecordUpdateListener):
        def async_update_records(self, _: Any, __: float, records: list[Any]) -> None:
            for update in records:
                record = update.new
                claimed = isinstance(record, DNSAddress) and record.name.lower() == host and record.ttl
                if claimed and str(ip_address(record.address)) not in own:
                    conflict.set()

    return Watch()
