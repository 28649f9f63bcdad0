"""The composition root: settings become parts, parts one program; read it top to bottom."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from functools import partial
from typing import Any

from rex_auth_edge import doors
from rex_auth_edge.announcing import Announcing, announcer
from rex_auth_edge.assembly import Core, Hub, assemble, core
from rex_auth_edge.background import ended, every
from rex_auth_edge.control import ControlServer, Verb, socket_in
from rex_auth_edge.domain.clock import Clock
from rex_auth_edge.doors import Doors
from rex_auth_edge.exchange.cloud import claims, forgetting
from rex_auth_edge.exchange.oversight.measures import measured
from rex_auth_edge.exchange.stores.hub import enrolled
from rex_auth_edge.flows import health, timekeeping, upkeep
from rex_auth_edge.keeping import restore
from rex_auth_edge.machine import (
    ServerClock,
    SystemClock,
    SystemEntropy,
    addresses,
    environment,
    passed_sockets,
    settle_memory,
)
from rex_auth_edge.mail.carrier import Carrier
from rex_auth_edge.mail.console import Console
from rex_auth_edge.mail.smtp import Smtp
from rex_auth_edge.mdns import Announcer
from rex_auth_edge.metrics import Metrics, metrics_app
from rex_auth_edge.notify import Notifier
from rex_auth_edge.server import HttpServer, start_if_free
from rex_auth_edge.settings import NodeRole, Settings
from rex_auth_edge.storage import check, outbox, schema
from rex_auth_edge.storage.faults import Fault
from rex_auth_edge.storage.lock import DataDirLock
from rex_auth_edge.storage.open import found, open_current, open_store
from rex_auth_edge.storage.space import RESERVE
from rex_auth_edge.storage.store import Store
from rex_auth_edge.verbs import Reach, verbs

__all__ = ["Core", "Hub", "assemble", "offline", "serve", "upgrade"]

Say = Callable[[str], None]
_MEASURE = 60.0
"""Seconds between two looks at how synchronisation stands: what waits is counted for it."""


async def serve(settings: Settings, say: Say) -> None:
    """Run until SIGTERM or SIGINT. `say` tells the person at the console where the hub is reached."""
    os.umask(0o077)
    async with AsyncExitStack() as stack:
        await (_serve_cloud if settings.role is NodeRole.CLOUD else _serve_hub)(stack, settings, say)


async def _serve_hub(stack: AsyncExitStack, settings: Settings, say: Say) -> None:
    clock, entropy, metrics = SystemClock(), SystemEntropy(), Metrics()
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
    await hub.parts.setup.load(store)
    ca = await asyncio.to_thread(doors.open_ca, settings, clock, entropy, addresses)
    entrance = doors.hung(settings, hub.app, sockets, ca)
    voice = announcer(settings, ca, clock, entropy, _announcing(hub, entrance))
    control = ControlServer(socket_in(settings.data_dir), verbs(reach(settings, hub, running=True)))
    await control.start()
    stack.push_async_callback(control.stop)
    await _run(settings, hub, metrics, entrance, say, _background_of_hub(hub, metrics), voice)


async def _serve_cloud(stack: AsyncExitStack, settings: Settings, say: Say) -> None:
    """One of any number of processes, which keeps nothing outside the database and Redis."""
    from rex_auth_edge.cloud.proofs import SharedMemory  # noqa: PLC0415 - a hub does without Redis's client
    from rex_auth_edge.cloud.shared import Shared  # noqa: PLC0415
    from rex_auth_edge.cloud.watch import Watch  # noqa: PLC0415

    clock, entropy, metrics = ServerClock(), SystemEntropy(), Metrics()
    sockets = doors.bound(settings.listen, passed_sockets(environment()))
    settings = settings.bound_to(*sockets[doors.HTTPS][0].getsockname()[:2])
    store = await open_current(settings.database, clock, entropy)
    stack.push_async_callback(store.close)
    shared = Shared(settings.web.rate_storage or "", store.node.id.hex)
    stack.push_async_callback(shared.close)
    hub = await assemble(settings, store, clock, entropy, metrics, _carrier(settings), SharedMemory(shared))
    stack.push_async_callback(hub.close)
    watch = Watch(hub.parts, hub.people, hub.authenticator, shared, hub.waking)
    await watch.begin()
    if hub.cloud is not None:
        hub.cloud.hears = watch.news.hears
    entrance = doors.hung(settings, hub.app, sockets, None)
    turn = every(upkeep.SELDOM, lambda: upkeep.purge_in_turn(hub.parts, hub.authenticator))
    codes = every(upkeep.SELDOM, lambda: claims.forget(hub.parts))
    deleted = every(upkeep.SELDOM, lambda: forgetting.forget_in_turn(hub.parts))
    await _run(settings, hub, metrics, entrance, say, [watch.run(), watch.news.listen(), turn, codes, deleted])


def _carrier(settings: Settings) -> Carrier | None:
    if settings.mail.enabled:
        return Smtp(settings.mail)
    return Console() if settings.mail.console else None


def _announcing(hub: Hub, entrance: Doors) -> Announcing:
    parts = hub.parts
    unclaimed, pairing = lambda: parts.home in parts.setup.shown(), lambda: parts.openness.open
    return Announcing(addresses, entrance.renamed, unclaimed, pairing)


async def _run(
    settings: Settings,
    hub: Hub,
    metrics: Metrics,
    entrance: Doors,
    say: Say,
    more: list[Coroutine[Any, Any, None]],
    announcer: Announcer | None = None,
) -> None:
    stop, notifier = asyncio.Event(), Notifier(environment())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    watcher = HttpServer(metrics_app(metrics.registry), "127.0.0.1", settings.listen.metrics_port)
    async with AsyncExitStack() as stack:
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        if settings.listen.metrics_port and await start_if_free(watcher, "metrics"):
            stack.push_async_callback(watcher.stop)
        _show_disk(settings, hub, metrics)
        background = [tasks.create_task(work) for work in [*_background(hub, metrics, entrance), *more]]
        stack.push_async_callback(entrance.stop)
        await entrance.start()
        late = [notifier.keep_fed(partial(health.answers, hub.parts.store, settings.disk))]
        late += [announcer.run()] if announcer else []
        background += [tasks.create_task(work) for work in late]
        notifier.ready(f"Serving {settings.flows.frontend}")
        say(entrance.url)
        settle_memory()
        await stop.wait()
        notifier.stopping()
        if hub.cloud is not None:
            hub.cloud.stop()
        await entrance.stop()
        await ended(background)


def _background(hub: Hub, metrics: Metrics, entrance: Doors) -> list[Coroutine[Any, Any, None]]:
    return [
        hub.drain.run(),
        every(upkeep.OFTEN, lambda: upkeep.erase(hub.parts)),
        every(upkeep.OFTEN, lambda: _watch(hub, metrics)),
        every(doors.LOOK, entrance.keep),
    ]


def _background_of_hub(hub: Hub, metrics: Metrics) -> list[Coroutine[Any, Any, None]]:
    return [
        *(() if hub.sync is None else (hub.sync.runs.run(),)),
        every(upkeep.OFTEN, lambda: hub.parts.openness.look(hub.parts.clock.now())),
        every(_MEASURE, lambda: measure(hub, metrics)),
        every(upkeep.SELDOM, lambda: upkeep.purge(hub.parts, hub.authenticator)),
        every(timekeeping.OFTEN, lambda: timekeeping.keep(hub.parts.store)),
    ]


def _show_disk(settings: Settings, hub: Hub, metrics: Metrics) -> None:
    if settings.disk is None:
        metrics.registry.unregister(metrics.disk_free)
    else:
        metrics.disk_free.set_function(partial(health.free, settings.disk))
    for fault in Fault:
        metrics.storage_trouble.labels(fault).set_function(partial(health.suffers, hub.parts.store, fault))


async def measure(hub: Core, metrics: Metrics) -> None:
    """Show how synchronisation stands, on a hub whose households are enrolled."""
    if hub.sync is not None:
        stands = [await hub.sync.status(tenant_id) for tenant_id in await hub.parts.store.read(enrolled)]
        metrics.synchronised(measured(stands, hub.parts.clock.now().wall) if stands else None)


async def _watch(hub: Hub, metrics: Metrics) -> None:
    metrics.revoked_sessions.set(len(hub.parts.register))
    metrics.argon2_waiting.set(hub.parts.passwords.waiting)
    for state, count in (await hub.parts.store.read(outbox.counts)).items():
        metrics.outbox.labels(state).set(count)


def reach(settings: Settings, hub: Core, *, running: bool) -> Reach:
    """What the console's verbs can reach of this hub; `running` tells whether it serves."""
    carrier, started = _carrier(settings), hub.parts.clock.now()
    return Reach(settings, hub.parts, hub.people, hub.authenticator, hub.drain, carrier, started, running, hub.sync)


@asynccontextmanager
async def offline(settings: Settings) -> AsyncIterator[Mapping[str, Verb]]:
    """The console's verbs on the database itself, where no hub is running. Raises DataDirInUseError if one is.

    In the cloud others serve meanwhile, and are told what is done here. Letters are left in the outbox.
    """
    os.umask(0o077)
    entropy = SystemEntropy()
    async with AsyncExitStack() as stack:
        store, clock = await _opened(stack, settings)
        hub = await core(settings, store, clock, entropy, None)
        stack.push_async_callback(hub.close)
        if settings.role is NodeRole.CLOUD:
            _watching(stack, settings, hub)
        yield verbs(reach(settings, hub, running=False))


def _watching(stack: AsyncExitStack, settings: Settings, hub: Core) -> None:
    """From now on the processes that serve are told of each commit."""
    from rex_auth_edge.cloud.shared import Shared  # noqa: PLC0415
    from rex_auth_edge.cloud.watch import Watch  # noqa: PLC0415

    shared = Shared(settings.web.rate_storage or "", hub.parts.store.node.id.hex)
    stack.push_async_callback(shared.close)
    Watch(hub.parts, hub.people, hub.authenticator, shared, hub.waking)


async def _opened(stack: AsyncExitStack, settings: Settings) -> tuple[Store, Clock]:
    entropy = SystemEntropy()
    if settings.role is NodeRole.CLOUD:
        store, server = await open_current(settings.database, ServerClock(), entropy), ServerClock()
        stack.push_async_callback(store.close)
        return store, server
    clock = SystemClock()
    stack.enter_context(DataDirLock(settings.data_dir))
    check.unless_current(settings.database)
    store = await open_store(settings.database, settings.data_dir, clock, entropy)
    stack.push_async_callback(store.close)
    await timekeeping.begin(store, clock)
    return store, clock


async def upgrade(settings: Settings) -> tuple[str | None, str | None]:
    """Bring the database to this program's schema, where no hub is running; the revisions before and after.

    A copy is kept in the data directory; in the cloud, where none is, back it up first. Raises DataDirInUseError,
    SchemaError.
    """
    os.umask(0o077)
    cloud = settings.role is NodeRole.CLOUD
    with nullcontext() if cloud else DataDirLock(settings.data_dir):
        before = await found(settings.database) if cloud else check.revision(settings.database)
        store = await open_store(settings.database, settings.data_dir, SystemClock(), SystemEntropy())
        try:
            return before, await store.read(schema.present)
        finally:
            await store.close()
