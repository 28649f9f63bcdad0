"""Galera, three nodes: the one that takes the writes fails under load, and nothing that was acknowledged is lost.

`make galera` runs it; elsewhere it is left out, since starting the nodes takes a quarter of a minute.
"""

import asyncio
import base64
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from rex_auth_edge import machine
from tests.cloud import galera
from tests.cloud.galera import Cluster, Node
from tests.cloud.pair import PASSWORD, Pair, bearer
from tests.processes import run, serving
from tests.redis_server import RedisServer

pytestmark = pytest.mark.skipif("REX_GALERA" not in machine.environment(), reason="`make galera` runs it")

PEOPLE = 6
BEFORE, AFTER = 3.0, 8.0
"""Seconds of load before a node is killed, and after that."""


@dataclass
class Kept:
    """What was acknowledged: people, sessions, ended ones with their tokens, each person's latest name."""

    people: set[str] = field(default_factory=set)
    sessions: set[str] = field(default_factory=set)
    ended: dict[str, dict[str, Any]] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)

    def heard(self, what: str, answer: httpx.Response) -> bool:
        """Note an answer; whether it acknowledges."""
        self.answers[f"{what} {answer.status_code}"] += 1
        if answer.status_code == 200:
            self.times.append(time.monotonic())
        return answer.status_code == 200


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """Three nodes and their proxy."""
    if not galera.installed():
        pytest.fail("Galera or HAProxy isn't installed. On Debian: apt install mariadb-server galera-4 rsync haproxy")
    with galera.running() as nodes:
        yield nodes


@pytest.fixture
def pair(cluster: Cluster, redis: RedisServer, tmp_path: Path) -> Iterator[Pair]:
    """One process of the cloud role on the cluster, behind both names."""
    cluster.nodes[0].sql("CREATE DATABASE rex")
    url = sa.URL.create("mysql", "root", host="127.0.0.1", port=cluster.port, database="rex")
    settings = {
        "REX_ROLE": "cloud",
        "REX_REGISTRATION": "open",
        "SECRET_KEY": "a key of the tests' cloud, 32 bytes",
        "DATABASE_URL": url.render_as_string(hide_password=False),
        "RATELIMIT_STORAGE_URI": redis.url,
        "RATE_LIMIT_ENABLED": "false",
        "REX_ARGON2_MEMORY_KIB": "19456",
        "REX_ARGON2_PASSES": "2",
    }
    upgraded = run(tmp_path / "none", "db", "upgrade", **settings)
    assert (upgraded.returncode, upgraded.stderr) == (0, "")
    with serving(tmp_path / "none", "--json", **settings) as one:
        yield Pair(one, one, cluster.nodes[1], redis, settings)  # type: ignore[arg-type]  # it is asked for rows alone


def session_of(tokens: dict[str, Any]) -> str:
    """The session that an access token names."""
    body = tokens["access_token"].split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))["sid"])


async def live(pair: Pair, kept: Kept, number: int, stop: asyncio.Event) -> None:
    """One person, who signs in, takes another name, and signs out, again and again."""
    login = {"email": f"person{number}@example.com", "password": PASSWORD}
    async with httpx.AsyncClient(base_url=pair.one.url, trust_env=False, timeout=20) as client:
        turn = 0
        while not stop.is_set():
            turn += 1
            client.cookies.clear()
            if not kept.heard("login", answer := await client.post("/auth/login", json=login)):
                await asyncio.sleep(0.1)
                continue
            tokens = answer.json()
            kept.sessions.add(session_of(tokens))
            named = await client.patch("/auth/profile", json={"first_name": str(turn)}, headers=bearer(tokens))
            if kept.heard("name", named):
                kept.names[tokens["user_id"]] = turn
            if turn % 3 and kept.heard("logout", await client.post("/auth/logout", headers=bearer(tokens))):
                kept.ended[session_of(tokens)] = tokens


async def join(pair: Pair, kept: Kept, stop: asyncio.Event) -> None:
    """New people, one after the other."""
    number = 100
    async with httpx.AsyncClient(base_url=pair.one.url, trust_env=False, timeout=20) as client:
        while not stop.is_set():
            number += 1
            body = {"email": f"person{number}@example.com", "password": PASSWORD, "username": f"person{number}"}
            begun = await client.post("/auth/register/initiate", json=body)
            if not kept.heard("begin", begun):
                await asyncio.sleep(0.1)
                continue
            letter = await asyncio.to_thread(pair.letter, body["email"])
            proof = {"email": body["email"], "otp": letter.code, "temp_token": begun.json()["temp_token"]}
            if kept.heard("join", answer := await client.post("/auth/register/verify", json=proof)):
                kept.people.add(answer.json()["user_id"])


async def under_load(pair: Pair, node: Node, how: str) -> tuple[Kept, float]:
    """What was acknowledged while the node failed, and the longest time in which nothing was."""
    kept, stop = Kept(), asyncio.Event()
    for number in range(PEOPLE):
        kept.people.add((await asyncio.to_thread(pair.join, pair.one, f"person{number}@example.com", "sam"))["user_id"])
    tasks = [asyncio.create_task(live(pair, kept, number, stop)) for number in range(PEOPLE)]
    tasks.append(asyncio.create_task(join(pair, kept, stop)))
    await asyncio.sleep(BEFORE)
    node.fail(how)
    await asyncio.sleep(AFTER)
    stop.set()
    await asyncio.gather(*tasks)
    return kept, max(later - earlier for earlier, later in zip(kept.times, kept.times[1:], strict=False))


def ids(rows: str) -> set[str]:
    """UUIDs of rows of hexadecimal digits."""
    return {f"{each[:8]}-{each[8:12]}-{each[12:16]}-{each[16:20]}-{each[20:]}".lower() for each in rows.split()}


@pytest.mark.parametrize("how", ["killed", "frozen"])
async def test_a_node_fails_under_load(
    pair: Pair, cluster: Cluster, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    """Every person, session, name and sign-out that was acknowledged is on both nodes that are left, and in force."""
    kept, pause = await under_load(pair, cluster.nodes[0], how)
    with capsys.disabled():
        told = dict(sorted(kept.answers.items()))
        sys.stdout.write(f"{how}: {kept.answers.total()} answers, the longest pause {pause:.1f} s: {told}" + chr(10))
    for node in cluster.nodes[1:]:
        assert kept.people - ids(node.sql("SELECT HEX(id) FROM rex.users")) == set()
        assert kept.sessions - ids(node.sql("SELECT HEX(id) FROM rex.auth_sessions")) == set()
        gone = node.sql("SELECT HEX(id) FROM rex.auth_sessions WHERE revoked_at IS NOT NULL")
        assert set(kept.ended) - ids(gone) == set()
        rows = [line.split("\t") for line in node.sql("SELECT HEX(id), first_name FROM rex.users").splitlines()]
        names = {next(iter(ids(row[0]))): row[1] for row in rows}
        assert {person for person, turn in kept.names.items() if int(names[person]) < turn} == set()
    async with httpx.AsyncClient(base_url=pair.one.url, trust_env=False, timeout=20) as client:
        for tokens in kept.ended.values():
            assert (await client.get("/auth/token/validate", headers=bearer(tokens))).status_code == 401
        assert (await client.get("/health/ready")).status_code == 200
    assert kept.answers["login 200"] > PEOPLE
