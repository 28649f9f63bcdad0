"""The composition root: settings become parts, parts one program; read it top to bottom."""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from rex_auth_edge import doors
from rex_auth_edge.announcing import Announcing, announcer, authority, invitation
from rex_auth_edge.control import ControlServer, Verb, socket_in
from rex_auth_edge.domain.clock import Clock
from rex_auth_edge.domain.entropy import Entropy
from rex_auth_edge.domain.register import LONGEST, Register
from rex_auth_edge.doors import Doors
from rex_auth_edge.flows import health, signing, timekeeping, upkeep
from rex_auth_edge.flows.authenticate import Authenticator
from rex_auth_edge.flows.devices import provider
from rex_auth_edge.flows.devices.openness import Openness
from rex_auth_edge.flows.devices.proving import Proofs
from rex_auth_edge.flows.household.setup import SetupCodes
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.flows.people import People
from rex_auth_edge.keeping import restore
from rex_auth_edge.keys.device_tokens import DeviceTokens
from rex_auth_edge.keys.hashes import BearerMint, Pepper
from rex_auth_edge.keys.keyring import Keyring
from rex_auth_edge.keys.passwords import PasswordPool
from rex_auth_edge.keys.seal import Seal
from rex_auth_edge.keys.tokens import AccessTokens
from rex_auth_edge.machine import SystemClock, SystemEntropy, addresses, environment, host_name, passed_sockets
from rex_auth_edge.mail.carrier import Carrier
from rex_auth_edge.mail.console import Console
from rex_auth_edge.mail.drain import Drain
from rex_auth_edge.mail.post import Post
from rex_auth_edge.mail.smtp import Smtp
from rex_auth_edge.mdns import Announcer
from rex_auth_edge.metrics import Metrics, metrics_app
from rex_auth_edge.notify import Notifier
from rex_auth_edge.server import HttpServer, start_if_free
from rex_auth_edge.settings import NodeRole, Settings
from rex_auth_edge.storage import check, device_grants, outbox, schema, sessions, tenants
from rex_auth_edge.storage.faults import Fault
from rex_auth_edge.storage.lock import DataDirLock
from rex_auth_edge.storage.open import open_store
from rex_auth_edge.storage.space import RESERVE
from rex_auth_edge.storage.store import Store
from rex_auth_edge.verbs import Reach, verbs
from rex_auth_edge.web.api.wellknown import Probes
from rex_auth_edge.web.app import litestar_app
from rex_auth_edge.web.bodies import Bodies
from rex_auth_edge.web.csrf import Csrf
from rex_auth_edge.web.desk import Desk
from rex_auth_edge.web.hotpath import RefreshPath, ahead_of
from rex_auth_edge.web.pages.door import Pages
from rex_auth_edge.web.rates import Rates
from rex_auth_edge.web.shell import Shell

_log = logging.getLogger(__name__)
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Core:
    """The program without its web: all that the console's verbs need."""

    parts: Parts
    people: People
    authenticator: Authenticator
    drain: Drain

    async def close(self) -> None:
        """Let go of threads and connections; the store is its opener's to close."""
        self.parts.passwords.close()


@dataclass(frozen=True, slots=True)
class Hub(Core):
    """The program without its listeners: what a test starts, and what `serve` puts behind sockets."""

    app: Shell
    rates: Rates

    async def close(self) -> None:
        """Let go of threads and connections; the store is its opener's to close."""
        await Core.close(self)
        await self.rates.close()


async def assemble(
    settings: Settings, store: Store, clock: Clock, entropy: Entropy, metrics: Metrics, carrier: Carrier | None
) -> Hub:
    """Put the whole together on an open database."""
    inside = await core(settings, store, clock, entropy, carrier)
    parts, people, authenticator, drain = inside.parts, inside.people, inside.authenticator, inside.drain
    rates, proofs = Rates(settings.web, clock), Proofs(parts.pepper, parts.device_tokens.issuer)
    desk = Desk(parts, people, authenticator, rates, Csrf(parts.pepper.digest), proofs, settings.web)
    framework = litestar_app(desk, Probes(partial(health.why_failing, store, settings.data_dir)))
    app = Bodies(Pages(RefreshPath(framework, desk), desk))
    shell = Shell(ahead_of(app, desk), settings.web, frozenset({host_name()}), entropy, metrics.answered)
    return Hub(parts, people, authenticator, drain, shell, rates)


async def core(settings: Settings, store: Store, clock: Clock, entropy: Entropy, carrier: Carrier | None) -> Core:
    """Put the parts together, and load what is decided from memory."""
    options = settings.keys
    pepper, seal = Pepper(options.secret_key), Seal(options.secret_key, entropy)
    keyring = Keyring(options, longest_life=LONGEST)
    issuer = await provider.issuer(store, settings.url, keep=not settings.development)
    parts = Parts(
        store=store,
        clock=clock,
        entropy=entropy,
        passwords=PasswordPool(options.argon2),
        keyring=keyring,
        tokens=AccessTokens(options, keyring, entropy),
        device_tokens=DeviceTokens(issuer, keyring, entropy),
        bearers=BearerMint(pepper, entropy),
        pepper=pepper,
        seal=seal,
        post=Post(seal),
        register=await _register(store, clock),
        setup=SetupCodes(entropy),
        options=settings.flows,
        home=await _home(store, settings),
        invitation=partial(invitation, settings, addresses),
        url=settings.url,
        authority=partial(authority, settings),
        openness=Openness(store),
    )
    await signing.load(store, seal, keyring)
    authenticator = Authenticator(parts.tokens, parts.register, clock)
    drain = Drain(store, seal, carrier, clock, entropy, settings.mail.sender)
    parts.post.ring = drain.ring
    return Core(parts, People(store), authenticator, drain)


async def _register(store: Store, clock: Clock) -> Register:
    """Revocations whose access tokens may still be alive; known before the first request."""
    now, register = clock.now(), Register()
    ended = await store.read(lambda conn: sessions.ended_lately(conn, now, LONGEST) + device_grants.all_ended(conn))
    for each in ended:
        register.revoke(each, now.after(LONGEST))
    return register


async def _home(store: Store, settings: Settings) -> UUID:
    """The default household, there from the first start."""
    present: UUID | None = await store.read(tenants.default)
    if present is not None:
        return present
    return await store.write(lambda tx: tenants.create_default(tx, settings.flows.registration))


async def serve(settings: Settings, say: Say) -> None:
    """Run until SIGTERM or SIGINT. `say` tells the person at the console where the hub is reached."""
    os.umask(0o077)
    clock, entropy, metrics = SystemClock(), SystemEntropy(), Metrics()
    async with AsyncExitStack() as stack:
        stack.enter_context(DataDirLock(settings.data_dir))
        restore.unless_interrupted(settings.data_dir)
        sockets = doors.bound(settings.listen, passed_sockets(environment()))
        settings = settings.bound_to(*sockets[doors.HTTPS][0].getsockname()[:2])
        store = await open_store(settings.database, settings.data_dir, clock, entropy, reserve=RESERVE)
        stack.push_async_callback(store.close)
        await timekeeping.begin(store, clock)
        stack.push_async_callback(timekeeping.keep, store)
        hub = await assemble(settings, store, clock, entropy, metrics, _carrier(settings))
        stack.push_async_callback(hub.close)
        if settings.role is NodeRole.HUB:
            await hub.parts.setup.load(store)
        ca = await asyncio.to_thread(doors.open_ca, settings, clock, entropy, addresses)
        entrance = doors.hung(settings, hub.app, sockets, ca)
        voice = announcer(settings, ca, clock, entropy, _announcing(hub, entrance))
        await _run(settings, hub, metrics, entrance, voice, say)


def _carrier(settings: Settings) -> Carrier | None:
    if settings.mail.enabled:
        return Smtp(settings.mail)
    return Console() if settings.mail.console else None


def _announcing(hub: Hub, entrance: Doors) -> Announcing:
    parts = hub.parts
    unclaimed, pairing = lambda: parts.home in parts.setup.shown(), lambda: parts.openness.open
    return Announcing(addresses, entrance.renamed, unclaimed, pairing)


async def _run(
    settings: Settings, hub: Hub, metrics: Metrics, entrance: Doors, announcer: Announcer | None, say: Say
) -> None:
    stop, notifier = asyncio.Event(), Notifier(environment())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    watcher = HttpServer(metrics_app(metrics.registry), "127.0.0.1", settings.listen.metrics_port)
    control = ControlServer(socket_in(settings.data_dir), verbs(reach(settings, hub, running=True)))
    async with AsyncExitStack() as stack:
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        await control.start()
        stack.push_async_callback(control.stop)
        if settings.listen.metrics_port and await start_if_free(watcher, "metrics"):
            stack.push_async_callback(watcher.stop)
        _show_disk(settings, hub, metrics)
        background = [tasks.create_task(work) for work in _background(hub, metrics, entrance)]
        stack.push_async_callback(entrance.stop)
        await entrance.start()
        late = [notifier.keep_fed(partial(health.answers, hub.parts.store, settings.data_dir))]
        late += [announcer.run()] if announcer else []
        background += [tasks.create_task(work) for work in late]
        notifier.ready(f"Serving {settings.flows.frontend}")
        say(entrance.url)
        await stop.wait()
        notifier.stopping()
        await entrance.stop()
        for task in background:
            task.cancel()


def _background(hub: Hub, metrics: Metrics, entrance: Doors) -> list[Coroutine[Any, Any, None]]:
    return [
        hub.drain.run(),
        _every(upkeep.OFTEN, lambda: upkeep.erase(hub.parts)),
        _every(upkeep.OFTEN, lambda: hub.parts.openness.look(hub.parts.clock.now())),
        _every(upkeep.SELDOM, lambda: upkeep.purge(hub.parts, hub.authenticator)),
        _every(upkeep.OFTEN, lambda: _watch(hub, metrics)),
        _every(doors.LOOK, entrance.keep),
        _every(timekeeping.OFTEN, lambda: timekeeping.keep(hub.parts.store)),
    ]


async def _every(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    """Do `work` now and again. A failure is logged, and the next time is another chance."""
    while True:
        try:
            await work()
        except Exception:  # noqa: BLE001  one failed round must not end the next
            _log.exception("Upkeep failed; trying again in %s seconds.", seconds)
        await asyncio.sleep(seconds)


def _show_disk(settings: Settings, hub: Hub, metrics: Metrics) -> None:
    metrics.disk_free.set_function(partial(health.free, settings.data_dir))
    for fault in Fault:
        metrics.storage_trouble.labels(fault).set_function(partial(health.suffers, hub.parts.store, fault))


async def _watch(hub: Hub, metrics: Metrics) -> None:
    metrics.revoked_sessions.set(len(hub.parts.register))
    metrics.argon2_waiting.set(hub.parts.passwords.waiting)
    for state, count in (await hub.parts.store.read(outbox.counts)).items():
        metrics.outbox.labels(state).set(count)


def reach(settings: Settings, hub: Core, *, running: bool) -> Reach:
    """What the console's verbs can reach of this hub; `running` tells whether it serves."""
    carrier, started = _carrier(settings), hub.parts.clock.now()
    return Reach(settings, hub.parts, hub.people, hub.authenticator, hub.drain, carrier, started, running)


@asynccontextmanager
async def offline(settings: Settings) -> AsyncIterator[Mapping[str, Verb]]:
    """The console's verbs on the database itself, where no hub is running. Raises DataDirInUseError if one is.

    Letters are left in the outbox, where the hub finds them.
    """
    os.umask(0o077)
    clock, entropy = SystemClock(), SystemEntropy()
    async with AsyncExitStack() as stack:
        stack.enter_context(DataDirLock(settings.data_dir))
        check.unless_current(settings.database)
        store = await open_store(settings.database, settings.data_dir, clock, entropy)
        stack.push_async_callback(store.close)
        await timekeeping.begin(store, clock)
        hub = await core(settings, store, clock, entropy, None)
        stack.push_async_callback(hub.close)
        yield verbs(reach(settings, hub, running=False))


async def upgrade(settings: Settings) -> tuple[str | None, str | None]:
    """Bring the database to this program's schema, where no hub is running; the revisions before and after.

    A copy is kept in the data directory. Raises DataDirInUseError, SchemaError.
    """
    os.umask(0o077)
    with DataDirLock(settings.data_dir):
        before = check.revision(settings.database)
        store = await open_store(settings.database, settings.data_dir, SystemClock(), SystemEntropy())
        try:
            return before, await store.read(schema.present)
        finally:
            await store.close()
