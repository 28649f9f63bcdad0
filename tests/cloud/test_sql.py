"""Nothing is asked of the database that a cluster or a sharding engine would refuse: Galera, Vitess, TiDB."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.schema import CreateTable

from rex_auth_edge.storage.columns import metadata
from rex_auth_edge.storage.store import Store
from tests.cloud.settings import SETTINGS
from tests.doubles import HandClock
from tests.hub import household

WHOLE = {"tenants", "directory", "node_facts", "signing_keys"}
"""Tables that aren't a household's: small, or found by a hash; a sharding engine keeps them whole or splits by that."""
FORBIDDEN = re.compile(
    r"\b(AUTO_INCREMENT|RETURNING|LOCK TABLES|LOCK IN SHARE|FOR SHARE|SKIP LOCKED|NOWAIT|TRIGGER|PROCEDURE"
    r"|FOREIGN KEY|REFERENCES|LAST_INSERT_ID|GET_LOCK|HANDLER|XA|SAVEPOINT|WITH RECURSIVE|OVER \()",
    re.IGNORECASE,
)


@pytest.fixture
def said() -> Iterator[list[str]]:
    """Every statement that MariaDB is sent."""
    statements: list[str] = []

    def note(conn: sa.Connection, _cursor: object, statement: str, *_: object) -> None:
        if conn.dialect.name in {"mysql", "mariadb"}:
            statements.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    yield statements
    sa.event.remove(sa.Engine, "before_cursor_execute", note)


@pytest.mark.mariadb
async def test_statements(mariadb_store: Store, clock: HandClock, tmp_path: Path, said: list[str]) -> None:
    """No statement of the main roads and of upkeep is special to one server; each change names its household."""
    home = await household(mariadb_store, clock, tmp_path / "data", **SETTINGS)
    async with home.client() as client:
        await home.join(client, "maya@example.com", "maya")
        await home.login(client, "maya@example.com", "Wrong-Word-11!")
        await home.login(client, "maya@example.com")
        tokens = (await client.post("/auth/token/refresh")).json()
        mine = {"authorization": f"Bearer {tokens['access_token']}"}
        await client.patch("/auth/profile", json={"first_name": "Maya"}, headers=mine)
        await client.post("/household/invites", json={"role": "adult"}, headers=mine)
        token = await home.reset_token(client, "maya@example.com")
        await client.post("/auth/password/reset", json={"token": token, "password": "Harbour-Lamp-77?"})
        await home.login(client, "maya@example.com", "Harbour-Lamp-77?")
        flows = len(said)
    await home.keep_up()
    await home.hub.close()
    assert flows > 50
    assert [statement for statement in said if FORBIDDEN.search(statement)] == []
    changes = [one for one in said[:flows] if re.match(r"(UPDATE|DELETE FROM) (\w+)", one)]
    of_households = [one for one in changes if one.split()[2 if one.startswith("DELETE") else 1] not in WHOLE]
    assert of_households
    assert [one for one in of_households if "tenant_id = " not in one and "outbox" not in one] == []


def test_tables() -> None:
    """No table counts its keys or refers to another, and whatever is unique is so within a household."""
    for table in metadata.sorted_tables:
        made = str(CreateTable(table).compile(dialect=mysql.dialect()))
        assert FORBIDDEN.search(made) is None, made
        unique = [one for one in table.constraints if isinstance(one, sa.PrimaryKeyConstraint | sa.UniqueConstraint)]
        firsts = {next(iter(one.columns)).name for one in unique}
        assert table.name in WHOLE or firsts == {"tenant_id"}, table.name
