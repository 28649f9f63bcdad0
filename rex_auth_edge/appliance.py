"""The composition root: settings become parts, parts one program; read it top to bottom."""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from rex_auth_edge.control import ControlServer
from rex_auth_edge.domain.clock import SECOND, Clock
from rex_auth_edge.domain.entropy import Entropy
from rex_auth_edge.domain.register import LONGEST, Register
from rex_auth_edge.flows import health, signing, upkeep
from rex_auth_edge.flows.authenticate import Authenticator
from rex_auth_edge.flows.household.setup import SetupCodes
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.flows.people import People
from rex_auth_edge.keys.hashes import BearerMint, Pepper
from rex_auth_edge.keys.keyring import Keyring
from rex_auth_edge.keys.passwords import PasswordPool
from rex_auth_edge.keys.seal import Seal
from rex_auth_edge.keys.tokens import AccessTokens
from rex_auth_edge.machine import SystemClock, SystemEntropy, host_name
from rex_auth_edge.mail.carrier import Carrier
from rex_auth_edge.mail.console import Console
from rex_auth_edge.mail.drain import Drain
from rex_auth_edge.mail.post import Post
from rex_auth_edge.mail.smtp import Smtp
from rex_auth_edge.metrics import Metrics, metrics_app
from rex_auth_edge.server import HttpServer, bind, start_if_free
from rex_auth_edge.settings import NodeRole, Settings
from rex_auth_edge.storage import outbox, sessions, tenants
from rex_auth_edge.storage.lock import DataDirLock
from rex_auth_edge.storage.open import open_store
from rex_auth_edge.storage.store import Store
from rex_auth_edge.web.api.wellknown import Probes
from rex_auth_edge.web.app import litestar_app
from rex_auth_edge.web.bodies import Bodies
from rex_auth_edge.web.csrf import Csrf
from rex_auth_edge.web.desk import Desk
from rex_auth_edge.web.hotpath import HotPath
from rex_auth_edge.web.rates import Rates
from rex_auth_edge.web.shell import Shell

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Hub:
    """The program without its listeners: what a test starts, and what `serve` puts behind sockets."""

    app: Shell
    parts: Parts
    authenticator: Authenticator
    drain: Drain
    rates: Rates

    async def close(self) -> None:
        """Let go of threads and connections; the store is its opener's to close."""
        self.parts.passwords.close()
        await self.rates.close()


async def assemble(
    settings: Settings, store: Store, clock: Clock, entropy: Entropy, metrics: Metrics, carrier: Carrier | None
) -> Hub:
    """Put the parts together on an open database, and load what is decided from memory."""
    options = settings.keys
    pepper, seal = Pepper(options.secret_key), Seal(options.secret_key, entropy)
    keyring = Keyring(options, longest_life=options.access_seconds * SECOND)
    parts = Parts(
        store=store,
        clock=clock,
        entropy=entropy,
        passwords=PasswordPool(options.argon2),
        keyring=keyring,
        tokens=AccessTokens(options, keyring, entropy),
        bearers=BearerMint(pepper, entropy),
        pepper=pepper,
        seal=seal,
        post=Post(seal),
        register=await _register(store, clock),
        setup=SetupCodes(entropy),
        options=settings.flows,
        home=await _home(store, settings),
    )
    await signing.load(store, seal, keyring)
    authenticator = Authenticator(parts.tokens, parts.register, clock)
    drain = Drain(store, seal, carrier, clock, entropy, settings.mail.sender)
    parts.post.ring = drain.ring
    rates = Rates(settings.web, clock)
    people = People(store)
    desk = Desk(parts, people, authenticator, rates, Csrf(pepper.digest), settings.web)
    app = Bodies(litestar_app(desk, Probes(partial(health.failing, store, settings.data_dir))))
    shell = Shell(
        HotPath(app, authenticator, people), settings.web, frozenset({host_name()}), entropy, metrics.answered
    )
    return Hub(shell, parts, authenticator, drain, rates)


async def _register(store: Store, clock: Clock) -> Register:
    """Revocations whose access tokens may still be alive; known before the first request."""
    now, register = clock.now(), Register()
    for session_id in await store.read(lambda conn: sessions.ended_lately(conn, now.wall, LONGEST)):
        register.revoke(session_id, now.after(LONGEST))
    return register


async def _home(store: Store, settings: Settings) -> UUID:
    """The default household, there from the first start."""
    present: UUID | None = await store.read(tenants.default)
    if present is not None:
        return present
    return await store.write(lambda tx: tenants.create_default(tx, settings.flows.registration))


async def serve(settings: Settings, say: Callable[[str], None]) -> None:
    """Run until SIGTERM or SIGINT. `say` tells the person at the console where the hub is reached."""
    os.umask(0o077)
    clock, entropy, metrics = SystemClock(), SystemEntropy(), Metrics()
    async with AsyncExitStack() as stack:
        stack.enter_context(DataDirLock(settings.data_dir))
        sockets = bind(settings.listen.host, settings.listen.port)
        settings = settings.at_port(sockets[0].getsockname()[1])
        store = await open_store(settings.database, settings.data_dir, clock, entropy)
        stack.push_async_callback(store.close)
        hub = await assemble(settings, store, clock, entropy, metrics, _carrier(settings))
        stack.push_async_callback(hub.close)
        if settings.role is NodeRole.HUB:
            await hub.parts.setup.load(store)
        await _run(settings, hub, metrics, sockets, say)


def _carrier(settings: Settings) -> Carrier | None:
    if settings.mail.enabled:
        return Smtp(settings.mail)
    return Console() if settings.mail.console else None


async def _run(
    settings: Settings, hub: Hub, metrics: Metrics, sockets: Sequence[socket.socket], say: Callable[[str], None]
) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    listen = settings.listen
    server = HttpServer(hub.app, listen.host, listen.port, tls=listen.tls, sockets=sockets)
    watcher = HttpServer(metrics_app(metrics.registry), "127.0.0.1", listen.metrics_port)
    control = ControlServer(control_socket(settings.data_dir), verbs(hub))
    async with AsyncExitStack() as stack:
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        await control.start()
        stack.push_async_callback(control.stop)
        if listen.metrics_port and await start_if_free(watcher, "metrics"):
            stack.push_async_callback(watcher.stop)
        background = [tasks.create_task(work) for work in _background(hub, metrics)]
        await server.start()
        say(server.url)
        await server.serve_until(stop)
        for task in background:
            task.cancel()


def _background(hub: Hub, metrics: Metrics) -> list[Coroutine[Any, Any, None]]:
    return [
        hub.drain.run(),
        _every(upkeep.OFTEN, lambda: upkeep.erase(hub.parts)),
        _every(upkeep.SELDOM, lambda: upkeep.purge(hub.parts, hub.authenticator)),
        _every(upkeep.OFTEN, lambda: _watch(hub, metrics)),
    ]


async def _every(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    """Do `work` now and again. A failure is logged, and the next time is another chance."""
    while True:
        try:
            await work()
        except Exception:  # noqa: BLE001  one failed round must not end the next
            _log.exception("Upkeep failed; trying again in %s seconds.", seconds)
        await asyncio.sleep(seconds)


async def _watch(hub: Hub, metrics: Metrics) -> None:
    metrics.revoked_sessions.set(len(hub.parts.register))
    metrics.argon2_waiting.set(hub.parts.passwords.waiting)
    for state, count in (await hub.parts.store.read(outbox.counts)).items():
        metrics.outbox.labels(state).set(count)


def verbs(hub: Hub) -> Mapping[str, Callable[..., Awaitable[Any]]]:
    """What the console may ask of a running hub."""

    async def rotate(*, now: bool = False) -> dict[str, Any]:
        made = await signing.rotate(hub.parts, at_once=now)
        hub.authenticator.forget()
        return {"kid": made.kid, "algorithm": made.algorithm.value, "signs_from": made.signs_from_at}

    return {"key.rotate": rotate}


async def offline(settings: Settings, verb: str, arguments: Mapping[str, Any]) -> Any:
    """Do a console's verb on the database itself, where no hub is running. Raises DataDirInUseError if one is."""
    os.umask(0o077)
    clock, entropy = SystemClock(), SystemEntropy()
    async with AsyncExitStack() as stack:
        stack.enter_context(DataDirLock(settings.data_dir))
        store = await open_store(settings.database, settings.data_dir, clock, entropy)
        stack.push_async_callback(store.close)
        hub = await assemble(settings, store, clock, entropy, Metrics(), None)
        stack.push_async_callback(hub.close)
        return await verbs(hub)[verb](**arguments)


def control_socket(data_dir: Path) -> Path:
    """Where the console finds a running hub."""
    return data_dir / "control.sock"
