"""Setup codes: what proves, on a household that nobody owns yet, that one stands at the hub's console."""

import hmac
import logging
import threading
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain import codes
from rex_auth_edge.domain.entropy import Entropy
from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.storage import tenants, users
from rex_auth_edge.storage.store import Store
from rex_auth_edge.storage.tx import Tx

MISSES = 20
"""So many wrong codes bring a new one: 40 bits are never worn down."""
_CHARACTERS = 8

WRONG = Refused(
    Code.INVALID_SETUP_CODE,
    "Wrong setup code; the hub's console shows it (rex-auth-edge setup-code)",
    {"setup_code": "wrong"},
)
CLAIMED = Refused(
    Code.INVALID_SETUP_CODE,
    "This household has an owner already; ask them for an invitation",
    {"setup_code": "not needed any more"},
)

_log = logging.getLogger(__name__)


@dataclass(slots=True, repr=False)
class _Setup:
    slug: str
    code: str
    misses: int = 0


class SetupCodes:
    """One code for each household without an owner: in memory only, new at each start and after 20 misses.

    Without `load` there are none: a console on the database of a hub that isn't running has nobody to tell them to.

    A code is the one secret that is logged: it is meant for whoever can read the hub's console or journal.
    """

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy
        self._setups: dict[UUID, _Setup] = {}
        self._counting = threading.Lock()
        self._serving = False

    async def load(self, store: Store) -> None:
        """Make a code for every household that nobody owns, and show it."""
        self._serving = True
        for house in await store.read(unclaimed):
            self.open(house.id, house.slug)

    def open(self, tenant_id: UUID, slug: str) -> None:
        """A fresh code for the household, shown in the log."""
        if not self._serving:
            return
        setup = _Setup(slug, codes.code(self._entropy, _CHARACTERS))
        self._setups[tenant_id] = setup
        _log.warning("Nobody owns the household %s yet. Its setup code: %s", slug, setup.code)

    def settle(self, tx: Tx, tenant_id: UUID) -> None:
        """Once this is committed, forget the code if the household has an owner by then, however they came."""
        if tenant_id in self._setups and users.owners(tx.conn, tenant_id):
            tx.after_commit.append(partial(self._forget, tenant_id))

    def _forget(self, tenant_id: UUID) -> None:
        self._setups.pop(tenant_id, None)

    def shown(self) -> dict[UUID, str]:
        """The present codes, for the console."""
        return {tenant_id: setup.code for tenant_id, setup in self._setups.items()}

    def wrong(self, tenant_id: UUID, text: str) -> Refused | None:
        """Why this isn't the household's setup code, or None; a miss is counted."""
        setup = self._setups.get(tenant_id)
        if setup is None:
            return CLAIMED
        if hmac.compare_digest(codes.as_meant(text).encode(), codes.as_meant(setup.code).encode()):
            return None
        with self._counting:
            setup.misses += 1
            if setup.misses == MISSES:
                self.open(tenant_id, setup.slug)
        return WRONG


def unclaimed(conn: sa.Connection) -> list[sa.Row[tuple[object, ...]]]:
    """The households that nobody owns."""
    return [house for house in tenants.every(conn) if not users.owners(conn, house.id)]
