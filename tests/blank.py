"""Databases as a first start leaves them, without going through the whole history of the schema each time."""

import functools
import tempfile
from pathlib import Path

import sqlalchemy as sa

from rex_auth_edge.storage import schema, sqlite


def put(path: Path) -> None:
    """Make an empty database of the newest schema there, with its folder; one that is there is left alone."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        path.touch(mode=0o600)
        path.write_bytes(_content())


@functools.cache
def _content() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hub.db"
        engine = sa.create_engine(sa.URL.create("sqlite", database=str(path)), poolclass=sa.pool.NullPool)
        sa.event.listen(engine, "connect", sqlite.configure)
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            schema.upgrade(connection, lambda _found, _wanted: None)
            connection.commit()
        engine.dispose()
        return path.read_bytes()
