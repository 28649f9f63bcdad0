"""Putting the program together on an open database, without its listeners: what a test starts, and a command."""

from dataclasses import dataclass
from functools import partial
from uuid import UUID

from rex_auth_edge.announcing import authority, invitation
from rex_auth_edge.domain.clock import Clock
from rex_auth_edge.domain.entropy import Entropy
from rex_auth_edge.domain.register import LONGEST, Register
from rex_auth_edge.exchange.cloud.desk import CloudDesk
from rex_auth_edge.exchange.elsewhere import Elsewhere
from rex_auth_edge.exchange.finish import Finish
from rex_auth_edge.exchange.hub.line import HttpLine
from rex_auth_edge.exchange.hub.synchronising import Synchronising
from rex_auth_edge.exchange.waking import Waking
from rex_auth_edge.flows import health, signing
from rex_auth_edge.flows.authenticate import Authenticator
from rex_auth_edge.flows.devices import provider
from rex_auth_edge.flows.devices.openness import Openness
from rex_auth_edge.flows.devices.proving import Memory, OwnMemory, Proofs
from rex_auth_edge.flows.household.setup import SetupCodes
from rex_auth_edge.flows.parts import NOBODY, Parts
from rex_auth_edge.flows.people import People
from rex_auth_edge.flows.vouched import Vouched
from rex_auth_edge.keys.device_tokens import DeviceTokens
from rex_auth_edge.keys.hashes import BearerMint, Pepper
from rex_auth_edge.keys.keyring import Keyring
from rex_auth_edge.keys.passwords import PasswordPool
from rex_auth_edge.keys.seal import Seal
from rex_auth_edge.keys.tokens import AccessTokens
from rex_auth_edge.machine import addresses, host_name
from rex_auth_edge.mail.carrier import Carrier
from rex_auth_edge.mail.drain import Drain
from rex_auth_edge.mail.post import Post
from rex_auth_edge.metrics import Metrics
from rex_auth_edge.settings import NodeRole, Settings
from rex_auth_edge.storage import device_grants, sessions, tenants
from rex_auth_edge.storage.store import Store
from rex_auth_edge.web.api.wellknown import Probes
from rex_auth_edge.web.app import litestar_app
from rex_auth_edge.web.asgi import App
from rex_auth_edge.web.bodies import Bodies
from rex_auth_edge.web.csrf import Csrf
from rex_auth_edge.web.desk import Desk
from rex_auth_edge.web.elsewhere import Introduced
from rex_auth_edge.web.hotpath import RefreshPath, ahead_of
from rex_auth_edge.web.pages.door import Pages
from rex_auth_edge.web.rates import Rates
from rex_auth_edge.web.shell import Shell
from rex_auth_edge.web.sync import SyncDoor


@dataclass(frozen=True, slots=True)
class Core:
    """The program without its web: all that the console's verbs need. `sync` is a hub's synchronisation."""

    parts: Parts
    people: People
    authenticator: Authenticator
    drain: Drain
    waking: Waking
    sync: Synchronising | None

    async def close(self) -> None:
        """Let go of threads and connections; the store is its opener's to close."""
        self.parts.passwords.close()


@dataclass(frozen=True, slots=True)
class Hub(Core):
    """The program without its listeners: what a test starts, and what `serve` puts behind sockets."""

    app: Shell
    rates: Rates
    cloud: CloudDesk | None = None

    async def close(self) -> None:
        """Let go of threads and connections; the store is its opener's to close."""
        await Core.close(self)
        await self.rates.close()


async def assemble(
    settings: Settings,
    store: Store,
    clock: Clock,
    entropy: Entropy,
    metrics: Metrics,
    carrier: Carrier | None,
    memory: Memory | None = None,
) -> Hub:
    """Put the whole together on an open database; `memory` is what used proofs are kept in, without one its own."""
    inside = await core(settings, store, clock, entropy, carrier)
    parts, people, authenticator, drain = inside.parts, inside.people, inside.authenticator, inside.drain
    rates, proofs = Rates(settings.web, clock), Proofs(parts.pepper, parts.device_tokens.issuer, memory or OwnMemory())
    in_cloud = settings.role is NodeRole.CLOUD
    csrf, elsewhere = Csrf(parts.pepper.digest), Elsewhere(parts, authenticator, cloud=in_cloud)
    desk = Desk(parts, people, authenticator, rates, csrf, proofs, settings.web, elsewhere, inside.sync)
    framework = litestar_app(desk, Probes(partial(health.why_failing, store, settings.disk)), cloud=in_cloud)
    app: App = ahead_of(Bodies(Pages(RefreshPath(framework, desk), desk)), desk)
    app = Introduced(app, elsewhere)
    cloud = CloudDesk(parts, memory or OwnMemory(), inside.waking) if in_cloud else None
    door = app if cloud is None else SyncDoor(app, cloud, desk)
    shell = Shell(door, settings.web, frozenset({host_name()}), entropy, metrics.answered)
    return Hub(parts, people, authenticator, drain, inside.waking, inside.sync, shell, rates, cloud)


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
        register=Register() if settings.role is NodeRole.CLOUD else await _register(store, clock),
        setup=SetupCodes(entropy),
        options=settings.flows,
        home=await _home(store, settings),
        invitation=partial(invitation, settings, addresses),
        url=settings.url,
        authority=partial(authority, settings),
        openness=Openness(store),
        people=People(store),
    )
    await signing.load(store, seal, keyring)
    authenticator = Authenticator(parts.tokens, parts.register, clock, Vouched(parts.people))
    keyring.told = authenticator.forget
    drain = Drain(store, seal, carrier, clock, entropy, settings.mail.sender)
    drain.shared = settings.role is NodeRole.CLOUD
    parts.post.ring = drain.ring
    waking, in_cloud = Waking(), settings.role is NodeRole.CLOUD
    store.finish = Finish(parts, waking, cloud=in_cloud)
    sync = None if in_cloud else Synchronising(parts, settings.data_dir, waking, partial(HttpLine, ca=settings.sync_ca))
    return Core(parts, parts.people, authenticator, drain, waking, sync)


async def _register(store: Store, clock: Clock) -> Register:
    """Revocations whose access tokens may still be alive; known before the first request."""
    now, register = clock.now(), Register()
    ended = await store.read(lambda conn: sessions.ended_lately(conn, now, LONGEST) + device_grants.all_ended(conn))
    for each in ended:
        register.revoke(each, now.after(LONGEST))
    return register


async def _home(store: Store, settings: Settings) -> UUID:
    """The default household, there from the first start; the cloud has none."""
    if settings.role is NodeRole.CLOUD:
        return NOBODY
    present: UUID | None = await store.read(tenants.default)
    if present is not None:
        return present
    return await store.write(lambda tx: tenants.create_default(tx, settings.flows.registration))
