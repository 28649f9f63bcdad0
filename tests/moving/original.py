"""The original's database, as its own models make it, on SQLite or on a MariaDB of the tests'."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from argon2 import PasswordHasher
from sqlalchemy.ext.asyncio import create_async_engine

from tests.mariadb import MariaServer

PASSWORD = "Old-Garden-17!"
HASHER = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
NOW = datetime.now(UTC).replace(tzinfo=None, microsecond=0)  # noqa: TID251  bans are measured against the real clock
STATUS = sa.Enum("ACTIVE", "TEMP_BANNED", "HARD_BANNED", name="userstatus")
REASON = sa.Enum("RESET", "USER_ACTION", "ADMIN", name="changereason")

metadata = sa.MetaData()


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, primary_key=True)


def _table(name: str, *columns: sa.Column[Any]) -> sa.Table:
    return sa.Table(name, metadata, _id(), *columns)


tenants = _table("tenants", sa.Column("name", sa.String(120), unique=True), sa.Column("created_at", sa.DateTime))
users = _table(
    "users",
    sa.Column("tenant_id", sa.ForeignKey("tenants.id")),
    sa.Column("username", sa.String(80)),
    sa.Column("email", sa.String(255)),
    sa.Column("password_hash", sa.String(255)),
    sa.Column("email_verified", sa.Boolean),
    sa.Column("status", STATUS),
    sa.Column("created_at", sa.DateTime),
    sa.Column("last_login_at", sa.DateTime, nullable=True),
)
attempts = _table(
    "login_attempts",
    sa.Column("email", sa.String(255)),
    sa.Column("tenant_id", sa.ForeignKey("tenants.id")),
    sa.Column("attempt_count", sa.Integer),
    sa.Column("ban_until", sa.DateTime, nullable=True),
    sa.Column("last_attempt_at", sa.DateTime),
)
changes = _table(
    "password_change_history",
    sa.Column("user_id", sa.ForeignKey("users.id")),
    sa.Column("changed_at", sa.DateTime),
    sa.Column("change_reason", REASON),
)


@dataclass
class Original:
    """A database that people are put into. `user` may read it, and nothing else, where the engine has users."""

    url: sa.URL
    people: list[dict[str, Any]] = field(default_factory=list)
    failures: list[dict[str, Any]] = field(default_factory=list)
    resets: list[dict[str, Any]] = field(default_factory=list)

    def add(self, username: str, email: str, tenant: int | None = None, **values: Any) -> int:
        """Somebody; their id. In a tenant of their own, unless one is named."""
        number = len(self.people) + 1
        person = {
            "id": number, "tenant_id": tenant or number, "username": username, "email": email,
            "password_hash": HASHER.hash(PASSWORD), "email_verified": True, "status": "ACTIVE",
            "created_at": NOW - timedelta(days=400), "last_login_at": NOW - timedelta(days=number),
        }  # fmt: skip
        self.people.append(person | values)
        return number

    def fail(self, person: int, count: int, ban: timedelta | None) -> None:
        """So many failed sign-ins, and a ban from now on."""
        of = self.people[person - 1]
        row = {"email": of["email"], "tenant_id": of["tenant_id"], "attempt_count": count, "last_attempt_at": NOW}
        self.failures.append(row | {"ban_until": NOW + ban if ban else None})

    def write(self) -> "Original":
        """Make the database."""
        asyncio.run(self._write())
        return self

    async def _write(self) -> None:
        driver = "mysql+asyncmy" if self.url.get_backend_name() == "mysql" else "sqlite+aiosqlite"
        engine = create_async_engine(self.url.set(drivername=driver), poolclass=sa.pool.NullPool)
        async with engine.begin() as connection:
            await connection.run_sync(self._fill)
        await engine.dispose()

    def _fill(self, conn: sa.Connection) -> None:
        metadata.create_all(conn)
        houses = dict.fromkeys(person["tenant_id"] for person in self.people)
        firsts = {each: next(person for person in self.people if person["tenant_id"] == each) for each in houses}
        named = {each: f"{first['email'].split('@')[0]}:{first['username']}" for each, first in firsts.items()}
        rows = [{"id": each, "name": name, "created_at": NOW - timedelta(days=500)} for each, name in named.items()]
        for table, values in ((tenants, rows), (users, self.people), (attempts, self.failures), (changes, self.resets)):
            if values:
                conn.execute(sa.insert(table), values)


def on_sqlite(folder: Path) -> Original:
    """A file of the original's."""
    return Original(sa.make_url(f"sqlite:///{folder / 'original.db'}"))


def on_mariadb(server: MariaServer) -> Original:
    """A database of its own on a server."""
    return Original(server.fresh())
