"""What tables are made of, for SQLite and MariaDB alike."""

import uuid
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.ext.compiler import compiles

from rex_auth_edge.domain.clock import Deadline

T = TypeVar("T")

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


@compiles(sa.PrimaryKeyConstraint, "mysql", "mariadb")
def _nameless(constraint: sa.PrimaryKeyConstraint, compiler: Any, **options: Any) -> str:
    """MariaDB calls every primary key PRIMARY, and warns of each other name that it ignores."""
    said: str = compiler.visit_primary_key_constraint(constraint, **options)
    return said[said.index("PRIMARY KEY") :]


class Id(sa.types.TypeDecorator[uuid.UUID]):
    """A UUID kept as its 16 bytes, which sort by time for version 7."""

    impl = sa.BINARY(16)
    cache_ok = True

    def process_bind_param(self, value: uuid.UUID | None, dialect: sa.Dialect) -> bytes | None:
        """To the database."""
        return None if value is None else value.bytes

    def process_result_value(self, value: bytes | None, dialect: sa.Dialect) -> uuid.UUID | None:
        """From the database."""
        return None if value is None else uuid.UUID(bytes=bytes(value))


def exact(length: int) -> sa.types.TypeEngine[str]:
    """Text that MariaDB compares byte by byte, as SQLite does."""
    return sa.String(length).with_variant(
        mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb"
    )


def text() -> sa.types.TypeEngine[str]:
    """Text of any length, compared as `exact` is."""
    return sa.Text().with_variant(mysql.TEXT(charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb")


def column(name: str, kind: Any, *, null: bool = False, default: Any = None) -> sa.Column[Any]:
    """A column that holds something in every row, unless `null`."""
    return sa.Column(name, kind, nullable=null, server_default=default)


def key(name: str, kind: Any = None) -> sa.Column[Any]:
    """A part of the primary key, an id where no kind is named."""
    return sa.Column(name, kind if kind is not None else Id(), primary_key=True, autoincrement=False)


def deadline(name: str, *, null: bool = False) -> tuple[sa.Column[Any], ...]:
    """The three columns of a deadline."""
    return (
        column(f"{name}_at", sa.BigInteger, null=null),
        column(f"{name}_boot_id", sa.BINARY(16), null=null),
        column(f"{name}_boot", sa.BigInteger, null=null),
    )


def deadline_values(name: str, deadline: Deadline | None) -> dict[str, Any]:
    """A deadline as its three columns."""
    if deadline is None:
        return {f"{name}_at": None, f"{name}_boot_id": None, f"{name}_boot": None}
    return {f"{name}_at": deadline.wall, f"{name}_boot_id": deadline.boot_id, f"{name}_boot": deadline.boot}


def deadline_of(row: Any, name: str) -> Deadline | None:
    """A row's three columns as a deadline."""
    wall = getattr(row, f"{name}_at")
    if wall is None:
        return None
    return Deadline(wall, bytes(getattr(row, f"{name}_boot_id")), getattr(row, f"{name}_boot"))


def table(name: str, *parts: Any, rowid: bool = False) -> sa.Table:
    """Clustered by its key on both engines, as InnoDB always is; `rowid` for rows too large for that on SQLite."""
    return sa.Table(name, metadata, *parts, sqlite_with_rowid=rowid, mysql_engine="InnoDB", mysql_charset="utf8mb4")


def portions(items: Iterable[T], size: int = 500) -> Iterator[list[T]]:
    """The items in lists that one query can take."""
    rest = iter(items)
    while portion := list(islice(rest, size)):
        yield portion
