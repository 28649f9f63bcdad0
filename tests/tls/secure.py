"""A hub as a process with all its doors open, and clients that trust it or don't."""

import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.processes import Process, activated


@dataclass
class Secure:
    """A running hub: `host` is its name, `fingerprint` what its log has told."""

    process: Process
    host: str
    fingerprint: str
    ports: Mapping[str, int]

    def plain(self, door: str) -> httpx.Client:
        """A client without TLS at one of the doors."""
        return httpx.Client(base_url=f"http://127.0.0.1:{self.ports[door]}", trust_env=False)

    def certificate(self) -> bytes:
        """The household's CA in DER, as port 80 hands it out."""
        with self.plain("http") as client:
            return client.get("/ca.crt").content

    def trusting(self) -> ssl.SSLContext:
        """What a client that trusts the household's CA, and nothing else, checks by."""
        return ssl.create_default_context(cadata=self.certificate())

    def client(self, verify: ssl.SSLContext | None = None) -> httpx.Client:
        """A client that trusts the CA (or what it is told to) and checks the hub's name."""
        return httpx.Client(
            base_url=f"https://127.0.0.1:{self.ports['https']}",
            headers={"host": f"{self.host}:{self.ports['https']}"},
            verify=verify or self.trusting(),
            trust_env=False,
        )

    def get(self, client: httpx.Client, path: str = "/health/live") -> httpx.Response:
        """GET by the hub's name, which the certificate has to be for."""
        return client.get(path, extensions={"sni_hostname": self.host})


@contextmanager
def opened(data_dir: Path, sockets: Mapping[str, socket.socket], **settings: str) -> Iterator[Secure]:
    """A hub with the household's CA on sockets as systemd passes them."""
    ports = {name: sock.getsockname()[1] for name, sock in sockets.items()}
    with activated(data_dir, sockets, REX_TLS="auto", **settings) as process:
        said = "".join(process.output)
        host = said.partition("Reached as ")[2].partition(";")[0]
        fingerprint = said.partition("(SHA-256) ")[2].split()[0].rstrip('.",}')
        yield Secure(process, host, fingerprint, ports)
