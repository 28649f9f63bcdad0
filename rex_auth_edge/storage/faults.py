"""What a disk does to a database: told from SQLite's own codes, said in sentences, asked about with a real write."""

import sqlite3
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from rex_auth_edge.storage.tables import node_facts
from rex_auth_edge.storage.tx import Tx

_PRIMARY = 0xFF
_NO_ROOM_FOR_INDEX = sqlite3.SQLITE_IOERR_SHMSIZE
_PROBE = "probe"


class Fault(StrEnum):
    """The disk is full, the file is damaged, or reading and writing fail (a dying or a read-only disk)."""

    FULL = "full"
    DAMAGED = "damaged"
    FAILING = "failing"


_FAULTS = {
    sqlite3.SQLITE_FULL: Fault.FULL,
    sqlite3.SQLITE_CORRUPT: Fault.DAMAGED,
    sqlite3.SQLITE_NOTADB: Fault.DAMAGED,
    sqlite3.SQLITE_IOERR: Fault.FAILING,
    sqlite3.SQLITE_READONLY: Fault.FAILING,
    sqlite3.SQLITE_CANTOPEN: Fault.FAILING,
}


def fault_of(error: BaseException) -> Fault | None:
    """What is wrong with the disk, None where this error doesn't tell."""
    code = getattr(_cause(error), "sqlite_errorcode", 0)
    return Fault.FULL if code == _NO_ROOM_FOR_INDEX else _FAULTS.get(code & _PRIMARY)


def of_the_disk(error: BaseException) -> bool:
    """Whether the database failed, rather than refused (a constraint) or the flow was wrong (a bad statement)."""
    cause = _cause(error)
    wrong = sqlite3.IntegrityError | sqlite3.ProgrammingError | sqlite3.DataError | sqlite3.InterfaceError
    return isinstance(cause, sqlite3.Error) and not isinstance(cause, wrong)


def reason(error: BaseException) -> str:
    """A sentence for whoever runs the hub."""
    said = f"The database can't be used: {_cause(error)}."
    match fault_of(error):
        case Fault.FULL:
            return f"{said} Make room on the disk."
        case Fault.DAMAGED:
            return f"{said} Stop the hub, keep the file, and put back a copy: the next start says how."
        case _:
            return f"{said} Check the disk's space and health, and the file's permissions."


def probe(tx: Tx) -> None:
    """A write that is really one: after a fault it tells whether the disk takes writes again."""
    tx.conn.execute(sa.delete(node_facts).where(node_facts.c.name == _PROBE))
    tx.conn.execute(sa.insert(node_facts).values(name=_PROBE, value=str(tx.now.wall).encode()))


def _cause(error: BaseException) -> Any:
    return getattr(error, "orig", None) or error
