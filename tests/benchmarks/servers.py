"""The servers that are measured: this program, and a bare Litestar route in the same server; pinned to one core."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.processes import Process, started

PASSWORD = "Zebra-River-42!"
SERVER_CORE, CLIENT_CORE = {0}, {min(1, (os.cpu_count() or 1) - 1)}

_BARE = """
import asyncio, sys, uvloop
from litestar import Litestar, get
from rex_auth_edge.server import HttpServer

@get("/", sync_to_thread=False)
def here() -> dict[str, str]:
    return {"status": "ok"}

async def main() -> None:
    server = HttpServer(Litestar([here], openapi_config=None, logging_config=None), "127.0.0.1", 0)
    await server.start()
    print("serves", server.url, file=sys.stderr, flush=True)
    await asyncio.Event().wait()

with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
    runner.run(main())
"""


@dataclass
class Account:
    """Somebody with an account, and the tokens of their sessions."""

    email: str
    tokens: list[dict[str, str]] = field(default_factory=list)
    device: str = ""


@contextmanager
def bare() -> Iterator[tuple[int, str]]:
    """A bare route: its process id and URL."""
    process = subprocess.Popen([sys.executable, "-c", _BARE], stderr=subprocess.PIPE, text=True)
    try:
        os.sched_setaffinity(process.pid, SERVER_CORE)
        line = process.stderr.readline() if process.stderr else ""
        found = re.search(r"serves (\S+)", line)
        assert found, line
        yield process.pid, found.group(1)
    finally:
        process.kill()
        process.communicate()


@contextmanager
def hub(data_dir: Path) -> Iterator[Process]:
    """This program as `make run` starts it, believing forwarded addresses so that one client can stand for many."""
    settings = {"REX_TRUSTED_PROXIES": "127.0.0.1/32", "REX_ARGON2_WORKERS": "1", "REX_LOG_LEVEL": "info"}
    with started(data_dir, **settings) as process:
        pin(process.process.pid)
        yield process


def pin(pid: int) -> None:
    """Keep a process and its threads on the server's core."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), SERVER_CORE)


def joined(process: Process, number: int) -> Account:
    """A new account, from an address of its own."""
    email = f"person{number}@example.com"
    with process.client() as client:
        client.headers["x-forwarded-for"] = f"10.0.{number // 250}.{number % 250 + 1}"
        begun = client.post("/auth/register/initiate", json={"email": email, "password": PASSWORD}).json()
        code = process.read_until(r"code is (\d{6})")
        proof = {"email": email, "otp": code, "temp_token": begun["temp_token"]}
        answer = client.post("/auth/register/verify", json=proof)
        assert answer.status_code == 200, answer.text
        return Account(email, [answer.json()], answer.cookies["rex_device"])


def rss(pid: int) -> float:
    """Resident memory in MiB."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found.group(1)) / 1024


def cpu(pid: int) -> float:
    """CPU seconds that the process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def busy() -> float:
    """CPU seconds that all processors together have worked since the boot, for whatever program."""
    fields = Path("/proc/stat").read_text().partition("\n")[0].split()[1:]
    user, nice, system, _idle, _waiting, irq, softirq = map(int, fields[:7])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def until_ready(url: str, path: str, began: float) -> float:
    """Seconds from `began` until the first answer."""
    while True:
        try:
            httpx.get(url + path, trust_env=False)
        except httpx.TransportError:
            time.sleep(0.005)
        else:
            return time.perf_counter() - began
