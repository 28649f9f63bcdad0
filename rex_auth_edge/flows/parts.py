"""What flows are made of: everything they need of the rooms below, handed in once by the composition root."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from rex_auth_edge.domain.clock import Clock
from rex_auth_edge.domain.entropy import Entropy
from rex_auth_edge.domain.register import Register
from rex_auth_edge.flows.devices.openness import Openness
from rex_auth_edge.flows.household.setup import SetupCodes
from rex_auth_edge.flows.options import FlowOptions
from rex_auth_edge.flows.people import People
from rex_auth_edge.keys.device_tokens import DeviceTokens
from rex_auth_edge.keys.hashes import BearerMint, Pepper
from rex_auth_edge.keys.keyring import Keyring
from rex_auth_edge.keys.passwords import PasswordPool
from rex_auth_edge.keys.seal import Seal
from rex_auth_edge.keys.tokens import AccessTokens
from rex_auth_edge.mail.post import Post
from rex_auth_edge.storage.store import Store

NOBODY = UUID(int=0)
"""Stands where an account that doesn't exist would have an id, so that both cases cost the same."""


@dataclass(frozen=True, slots=True)
class Parts:
    """`home` is the household that people without an invitation or a `tenant` field mean, NOBODY's in the cloud.

    `invitation` makes of a device's code what the device's camera reads; `url` is where the hub is reached, and
    `authority` the SHA-256 of the CA that it is known by.
    """

    store: Store
    clock: Clock
    entropy: Entropy
    passwords: PasswordPool
    keyring: Keyring
    tokens: AccessTokens
    device_tokens: DeviceTokens
    bearers: BearerMint
    pepper: Pepper
    seal: Seal
    post: Post
    register: Register
    setup: SetupCodes
    options: FlowOptions
    home: UUID
    invitation: Callable[[str], str]
    url: str
    authority: Callable[[], bytes]
    openness: Openness
    people: People

    def address_hash(self, email_key: str) -> bytes:
        """The directory's keyed hash of an address."""
        return self.pepper.digest("directory", email_key)

    def account(self, tenant_id: UUID, user_id: UUID) -> bytes:
        """What a person's failed sign-ins are counted under."""
        return self.pepper.digest("account", tenant_id.bytes, user_id.bytes)

    def naming(self, tenant_id: UUID) -> bytes:
        """The key under which the cloud names what it tells a household's people."""
        return self.pepper.digest("naming", tenant_id.bytes)
