"""What tests do with two processes: people who join by the one, and are known to the other."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa

from rex_auth_edge.domain.secret import Secret
from rex_auth_edge.keys.seal import Seal
from rex_auth_edge.machine import SystemEntropy
from rex_auth_edge.mail import letters
from rex_auth_edge.mail.post import SEALED_FOR
from tests.mariadb import MariaServer
from tests.processes import Process, run, serving
from tests.redis_server import RedisServer

PASSWORD = "Zebra-River-42!"


@dataclass
class Pair:
    """Two processes of one deployment, and what they stand on."""

    one: Process
    other: Process
    mariadb: MariaServer
    redis: RedisServer
    settings: dict[str, str]

    def sql(self, statement: str) -> str:
        """Rows of their database."""
        return self.mariadb.sql(f"USE {sa.make_url(self.settings['DATABASE_URL']).database}; {statement}")

    def letter(self, address: str) -> Any:
        """The latest letter to somebody, opened with the deployment's key."""
        row = self.sql(
            f"SELECT HEX(id), HEX(sealed) FROM outbox WHERE address = '{address}' AND sealed IS NOT NULL "  # noqa: S608
            "ORDER BY id DESC LIMIT 1"
        ).split()
        seal = Seal(Secret(self.settings["SECRET_KEY"]), SystemEntropy())
        return letters.decode(seal.open(SEALED_FOR, bytes.fromhex(row[1]), bytes.fromhex(row[0])))

    def begin(self, process: Process, email: str, username: str) -> dict[str, str]:
        """Begin to register; what the verification has to bear."""
        body = {"email": email, "password": PASSWORD, "username": username}
        with process.client() as client:
            answer = client.post("/auth/register/initiate", json=body)
        assert answer.status_code == 200, answer.text
        return {"email": email, "otp": self.letter(email).code, "temp_token": answer.json()["temp_token"]}

    def join(self, process: Process, email: str, username: str) -> dict[str, Any]:
        """Register; the tokens."""
        proof = self.begin(process, email, username)
        with process.client() as client:
            answer = client.post("/auth/register/verify", json=proof)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


@contextmanager
def two(mariadb_server: MariaServer, redis: RedisServer, folder: Path, **more: str) -> Iterator[Pair]:
    """Two processes, their database brought up to date by a command as an operator does it."""
    url = mariadb_server.fresh().set(username="cloud", password="a-password")
    mariadb_server.sql(f"GRANT ALL ON {url.database}.* TO 'cloud'@'127.0.0.1' IDENTIFIED BY 'a-password'")
    settings = {
        "REX_ROLE": "cloud",
        "REX_HOST": "127.0.0.1",
        "REX_REGISTRATION": "open",
        "SECRET_KEY": "a key of the tests' cloud, 32 bytes",
        "DATABASE_URL": url.render_as_string(hide_password=False),
        "RATELIMIT_STORAGE_URI": redis.url,
        "REX_ARGON2_MEMORY_KIB": "19456",
        "REX_ARGON2_PASSES": "2",
        **more,
    }
    upgraded = run(folder / "none", "db", "upgrade", **settings)
    assert (upgraded.returncode, upgraded.stderr) == (0, "")
    with ExitStack() as stack:
        one, other = (stack.enter_context(serving(Path("/nonexistent"), "--json", **settings)) for _ in range(2))
        yield Pair(one, other, mariadb_server, redis, settings)


def bearer(tokens: dict[str, Any]) -> dict[str, str]:
    """The header that a client sends."""
    return {"authorization": f"Bearer {tokens['access_token']}"}


def validated(process: Process, tokens: dict[str, Any]) -> httpx.Response:
    """What a process says of an access token."""
    with process.client() as client:
        return client.get("/auth/token/validate", headers=bearer(tokens))
