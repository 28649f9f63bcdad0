"""Stores over SQL for the simulation's machines: each has a household of its own in one database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.exchange.stores.cloud import SqlCloud, share
from rex_auth_edge.exchange.stores.hub import SqlHub, enrol, enrolled
from rex_auth_edge.storage.columns import metadata
from rex_auth_edge.storage.sync_tables import sync_standings
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.hub.view import View
from rex_auth_edge.sync.kinds import lane_of
from rex_auth_edge.sync.me import Me
from rex_auth_edge.sync.order import Lane
from rex_auth_edge.sync.state import Cell
from rex_auth_edge.sync.store import EVERYTHING
from rex_auth_edge.sync.wire import pack_state
from tests.sync.disk import PowerCutError
from tests.sync.memory import KEY

_KEY = KEY.ljust(32, b"-")
_TABLES = [table for table in metadata.sorted_tables if table.name.startswith("sync_")]


class SqlDisk:
    """One machine's tables. `fuse` is how many writes a transaction may have until the power is cut."""

    def __init__(self, tx: Tx, tenant_id: UUID, machine: "Machine") -> None:
        self._tx, self._tenant_id, self._machine = tx, tenant_id, machine
        self.fuse: int | None = None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing."""
        run = self._tx.conn.exec_driver_sql
        self._machine.forget()
        run("SAVEPOINT machine")
        try:
            yield
            self._machine.finish()
            self._burn()
        except BaseException:
            run("ROLLBACK TO SAVEPOINT machine")
            raise
        finally:
            run("RELEASE SAVEPOINT machine")
            self._machine.forget()

    def _burn(self) -> None:
        """One write less; at the last the power is cut, after everything was written and before it was kept."""
        if self.fuse is not None:
            self.fuse -= 3
            if self.fuse < 0:
                self.fuse = None
                raise PowerCutError

    def lose(self, count: int) -> None:
        """These disks don't lie."""

    def copy(self) -> dict[str, Any]:
        """A backup."""
        held = {table.name: self._tx.conn.execute(self._of(sa.select(table), table)).all() for table in _TABLES}
        return {**held, **self._machine.facts()}

    @property
    def held(self) -> dict[str, Any]:
        """What there is."""
        return self.copy()

    def restore(self, backup: dict[str, Any]) -> None:
        """Become what the backup was."""
        for table in _TABLES:
            self._tx.conn.execute(self._of(sa.delete(table), table))
            rows = [{**row._asdict(), "tenant_id": self._tenant_id} for row in backup[table.name]]
            if rows:
                self._tx.conn.execute(sa.insert(table), rows)
        self._machine.forget()

    def _of(self, statement: Any, table: sa.Table) -> Any:
        return statement.where(table.c.tenant_id == self._tenant_id)


class Machine:
    """A store that is made anew for each transaction."""

    _made: Any = None

    def __init__(self, tx: Tx) -> None:
        self._tx, self._tenant_id = tx, tx.new_id()
        self.disk = SqlDisk(tx, self._tenant_id, self)

    def forget(self) -> None:
        """The transaction is over, or another begins."""
        self._made = None

    def finish(self) -> None:
        """Write what has been put, and look whether it is right."""
        if self._made is not None:
            self._made.flush()
            for lane in {lane_of(cell.kind) for cell in self._made.dirty}:
                assert self._made.recount(lane, 0, EVERYTHING) == (0, 0)

    def facts(self) -> dict[str, Any]:
        """What the simulation looks at in a backup."""
        rows = {row.cell: row for lane in Lane for row in self._store().rows(lane)}
        return {"rows": rows}

    def _store(self) -> Any:
        if self._made is None:
            self._made = self._make()
        return self._made

    def _make(self) -> Any:
        raise NotImplementedError

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store(), name)


class CloudStore(Machine):
    """A household in the cloud."""

    def __init__(self, tx: Tx) -> None:
        super().__init__(tx)
        share(tx, self._tenant_id)
        of = sync_standings.c.tenant_id == self._tenant_id
        tx.conn.execute(sa.update(sync_standings).where(of).values(digest_key=_KEY))

    def _make(self) -> SqlCloud:
        return SqlCloud(self._tx, self._tenant_id)

    def facts(self) -> dict[str, Any]:
        """The cloud's own, too."""
        return {**super().facts(), "facts": {"standing": self._store().standing()}}


class HubStore(Machine):
    """A household on a hub."""

    @property
    def enrolled(self) -> bool:
        """Whether it has begun."""
        return self._tenant_id in enrolled(self._tx.conn)

    def _make(self) -> SqlHub:
        return SqlHub(self._tx, self._tenant_id)

    def put_me(self, me: Me) -> None:
        """Write it, for the first time too."""
        if not self.enrolled:
            enrol(self._tx, self._tenant_id, me, _KEY, b"")
        self._store().put_me(me)

    def finish(self) -> None:
        """And what is shown is what would be made anew of everything."""
        super().finish()
        store = self._store()
        if not store.dirty:
            return
        anew = View(store)
        kinds = {cell.kind for cell in store.cells.changed} | store._every_kind()
        for kind in kinds:
            assert list(store.shown.subjects(kind)) == list(anew.subjects(kind)), kind
            for cell in (Cell(kind, subject) for subject in anew.subjects(kind)):
                assert pack_state(store.shown.state(cell)) == pack_state(anew.state(cell)), cell
