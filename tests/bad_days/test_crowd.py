"""Hundreds of sign-ins at once: memory stays bounded, tokens are validated meanwhile, and everybody is answered."""

import asyncio
import json
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

from rex_auth_edge.verbs.premises import _PROGRAM
from tests.bad_days.people import Session, signed_up
from tests.benchmarks.load import request
from tests.hub import PASSWORD
from tests.processes import started

MAYA = "maya@example.com"
CROWD = 250
WORKERS, MEMORY = 2, 19456
PATIENCE = 120.0
"""Seconds for everything together, on the slowest of machines."""


def highest(process: int) -> int:
    """The most memory that a process has had, in KiB."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM")))


async def ask(url: str, content: bytes) -> tuple[int, str]:
    """Status and headers of the answer, over a connection of its own, which costs this side little."""
    reader, writer = await asyncio.open_connection(urlsplit(url).hostname, urlsplit(url).port)
    writer.write(content)
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    writer.close()
    return int(head[9:12]), head


def knock(number: int) -> bytes:
    """Try to sign in, one in four to an account that isn't there."""
    email = f"nobody{number}@example.com" if number % 4 == 0 else MAYA
    body = json.dumps({"email": email, "password": PASSWORD}).encode()
    return request("POST", "/auth/login", body, content_type="application/json")


async def validating(url: str, session: Session, until: asyncio.Event) -> Counter[int]:
    """Ask again and again whether a token is good."""
    seen: Counter[int] = Counter()
    question = request("GET", "/auth/token/validate", authorization=session.bearer["authorization"])
    while not until.is_set():
        seen[(await ask(url, question))[0]] += 1
    return seen


async def test_a_crowd(tmp_path: Path) -> None:
    """Everybody is let in, refused, or told when to come back; the rest of the hub goes on, within its memory."""
    with started(
        tmp_path / "data",
        RATE_LIMIT_ENABLED="false",
        REX_LOG_LEVEL="error",
        REX_ARGON2_WORKERS=str(WORKERS),
        REX_ARGON2_MEMORY_KIB=str(MEMORY),
    ) as hub:
        with hub.client() as client:
            session = signed_up(hub, client, MAYA)
        done = asyncio.Event()
        async with asyncio.timeout(PATIENCE):
            watching = asyncio.create_task(validating(hub.url, session, done))
            answers = await asyncio.gather(*(ask(hub.url, knock(number)) for number in range(CROWD)))
            done.set()
            validated = await watching
        peak = highest(hub.process.pid)
    counted = Counter(status for status, _ in answers)
    assert counted.total() == CROWD
    assert set(counted) <= {200, 401, 503}
    assert counted[200] > 0
    assert counted[503] > 0
    assert all("\r\nretry-after: " in head for status, head in answers if status == 503)
    assert set(validated) == {200}
    assert validated[200] > 20
    assert peak < _PROGRAM + WORKERS * MEMORY, f"{peak // 1024} MiB"
