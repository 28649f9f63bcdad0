"""What a hub's view is laid on, over SQL: the cloud's rows, and what the hub has written itself."""

from uuid import UUID

from rex_auth_edge.exchange.stores.entries import Entries
from rex_auth_edge.exchange.stores.rows import SqlRows
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.hub.store import Entry, Lost
from rex_auth_edge.sync.me import Me
from rex_auth_edge.sync.order import Tag
from rex_auth_edge.sync.state import Cell


class SqlBelow(SqlRows):
    """One household's cells on a hub. `moved` are those that have to be laid anew."""

    def __init__(self, tx: Tx, tenant_id: UUID, digest_key: bytes, me: Me) -> None:
        super().__init__(tx, tenant_id, digest_key)
        self._me = me
        self._entries = Entries(tx.conn, tenant_id)
        self.moved: set[Cell] = set()

    def me(self) -> Me:
        """Where the hub stands."""
        return self._me

    def put_me(self, me: Me) -> None:
        """Write it."""
        self._me = me

    def kept(self, by: Tag) -> bytes | None:
        """A verifier of one's own."""
        raise NotImplementedError

    def lost_of(self, cell: Cell) -> Lost | None:
        """What a restored cloud may have forgotten of the cell."""
        raise NotImplementedError

    def entry(self, cell: Cell, number: int) -> Entry | None:
        """That change."""
        return self._entries.get(cell, number)
