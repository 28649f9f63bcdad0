"""Verifiers of a hub's own passwords, which the cloud may not have, over SQL: by whose change each password is."""

from collections.abc import Collection
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.storage.prepared import Prepared
from rex_auth_edge.storage.sync_tables import sync_kept
from rex_auth_edge.sync.order import Tag

_of = (
    (sync_kept.c.tenant_id == sa.bindparam("tenant"))
    & (sync_kept.c.origin == sa.bindparam("node"))
    & (sync_kept.c.incarnation == sa.bindparam("life"))
    & (sync_kept.c.number == sa.bindparam("which"))
)
_get = Prepared(sa.select(sync_kept.c.verifier).where(_of))
_keep = Prepared(sa.insert(sync_kept))
_drop = Prepared(sa.delete(sync_kept).where(_of))
_all = Prepared(
    sa.select(sync_kept.c.origin, sync_kept.c.incarnation, sync_kept.c.number).where(
        sync_kept.c.tenant_id == sa.bindparam("tenant")
    )
)


class Verifiers:
    """A household's, whoever asks for them; written at once."""

    def __init__(self, conn: sa.Connection, tenant_id: UUID) -> None:
        self._conn, self._tenant_id = conn, tenant_id

    def get(self, by: Tag) -> bytes | None:
        """The one of this change; None where there is none."""
        found = _get.one(self._conn, **self._of(by))
        return None if found is None else bytes(found.verifier)

    def keep(self, by: Tag, verifier: bytes) -> None:
        """Keep it, unless it is kept."""
        if self.get(by) is None:
            ids = {"origin": by.origin, "incarnation": by.incarnation, "number": by.number}
            _keep.change(self._conn, tenant_id=self._tenant_id, **ids, verifier=verifier)

    def forget_all_but(self, wanted: Collection[Tag]) -> int:
        """Forget all others; how many."""
        found = [Tag(*row) for row in _all.all(self._conn, tenant=self._tenant_id)]
        over = [by for by in found if by not in wanted]
        for by in over:
            _drop.change(self._conn, **self._of(by))
        return len(over)

    def _of(self, by: Tag) -> dict[str, object]:
        return {"tenant": self._tenant_id, "node": by.origin, "life": by.incarnation, "which": by.number}
