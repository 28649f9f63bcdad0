"""Devices: tokens given out and checked, the list of ended ones, and what a device's program pays for importing."""

import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from rex_auth_edge.client.keys import DeviceKey
from rex_auth_edge.domain.clock import DAY
from rex_auth_edge.keys.device_tokens import DeviceTokens, Listed
from tests.benchmarks import measures, servers
from tests.benchmarks.load import request, run
from tests.client.homes import Device, Home
from tests.doubles import HandClock, SeededEntropy
from tests.processes import Process
from tests.processes import run as console

_DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
_ASSERTED = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_CLAIMS = b'{"iss":"https://rex-k7qf2m9x.local","aud":"rex-home","sub":"01a208a2-7a56-720b-929a-ad8b101c10f0"}' * 4
_IMPORTING = """
import json, re, time
def rss():
    return int(re.search(r"VmRSS:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024
def cost(stage):
    before, began = rss(), time.process_time()
    stage()
    return (time.process_time() - began) * 1000, rss() - before
def importing():
    from rex_auth_edge.client import Hub, NotPairedError, TokenRefusedError
def checking():
    from rex_auth_edge.client import jose
    jose.verified(jose.parse("e30.e30." + "A" * 86), {"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43})
    from cryptography.hazmat.primitives.asymmetric import ec, utils
    ec.generate_private_key(ec.SECP256R1())
print(json.dumps([cost(importing), cost(checking)]))
"""


@dataclass
class Thing:
    """A device that signs, let in by the hub."""

    key: DeviceKey
    id: str
    token: str
    issuer: str

    def asks(self, nonce: str, count: int) -> list[bytes]:
        """So many requests for another token, each proving who it is and that it holds the key."""
        return [self._ask(nonce) for _ in range(count)]

    def _ask(self, nonce: str) -> bytes:
        said = self.key.assertion(self.id, self.issuer, 0, nonce)
        form = {"grant_type": "client_credentials", "client_assertion_type": _ASSERTED, "client_assertion": said}
        proof = self.key.dpop("POST", f"{self.issuer}/oauth/token", 0, nonce)
        return request("POST", "/oauth/token", urlencode(form).encode(), Content_Type=measures.FORM, DPoP=proof)


def let_in(process: Process) -> Thing:
    """A lamp, by the console's code."""
    issuer = httpx.get(f"{process.url}/.well-known/oauth-authorization-server", trust_env=False).json()["issuer"]
    added = console(process.data_dir, "device", "add", "Lamp", "--kind", "lamp", "--scope", "lights", "--json")
    key, url = DeviceKey(ec.generate_private_key(ec.SECP256R1())), f"{issuer}/oauth/token"
    form = {"grant_type": _DEVICE_CODE, "device_code": json.loads(added.stdout)["code"]}
    proof = key.dpop("POST", url, 0, _nonce(process.url))
    given = httpx.post(f"{process.url}/oauth/token", data=form, headers={"dpop": proof}, trust_env=False).json()
    return Thing(key, given["client_id"], given["access_token"], issuer)


def _nonce(url: str) -> str:
    return httpx.post(f"{url}/oauth/revoke", trust_env=False).headers["dpop-nonce"]


async def issued(process: Process, thing: Thing, count: int) -> tuple[float, float]:
    """Tokens a second by private_key_jwt and DPoP over 8 connections, and CPU milliseconds of the hub for each.

    The requests are made beforehand.
    """
    wanted, before = thing.asks(_nonce(process.url), count), servers.cpu(process.process.pid)
    result = await run(process.url, 8, wanted)
    assert set(result.statuses) == {200}, result.bodies[-1]
    return result.rate, (servers.cpu(process.process.pid) - before) * 1000 / count


def forwarded(token: str) -> bytes:
    """What a proxy asks."""
    return request("GET", "/auth/forward?role=guest", Authorization=f"Bearer {token}")


def signatures(seconds: float, verified: int, made: int) -> float:
    """ES256 by the bare library: how often a second one core checks `verified` signatures and makes `made`."""
    key, how = ec.generate_private_key(ec.SECP256R1()), ec.ECDSA(hashes.SHA256())
    public, signature = key.public_key(), key.sign(_CLAIMS, how)
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        for _ in range(verified):
            public.verify(signature, _CLAIMS, how)
        for _ in range(made):
            key.sign(_CLAIMS, how)
        count += 1
    return count / (time.perf_counter() - began)


def checks(seconds: float) -> float:
    """Tokens a second that one core checks without the hub."""
    with tempfile.TemporaryDirectory() as directory:
        device = Device(Home(), Path(directory) / "device")
        token, began, count = device.home.token(), time.perf_counter(), 0
        while time.perf_counter() - began < seconds:
            device.verifier.check(token, scope="lights")
            count += 1
        return count / (time.perf_counter() - began)


def list_bytes(size: int, ended: int) -> int:
    """The signed list of so many tokens of which so many have ended, wherever."""
    keyring: Any = SimpleNamespace(signing=lambda _: Home().key)
    made = DeviceTokens("https://rex-k7qf2m9x.local", keyring, SeededEntropy())
    places = tuple(random.Random(7).sample(range(size), ended))  # noqa: S311  places, not secrets
    return len(
        made.listed(Listed(UUID(int=1), -(-size // 1024) * 1024, places, 1_800_000_000, ()), HandClock().now(), DAY)
    )


def importing(repeats: int) -> list[tuple[float, float]]:
    """Milliseconds of CPU, and MiB, of importing the client, then of what the first signature needs beyond: medians."""
    runs = []
    for _ in range(repeats):
        done = subprocess.run([sys.executable, "-c", _IMPORTING], capture_output=True, text=True, check=True)
        runs.append(json.loads(done.stdout))
    return [(statistics.median(one[0] for one in stage), statistics.median(one[1] for one in stage))
            for stage in zip(*runs, strict=True)]  # fmt: skip
