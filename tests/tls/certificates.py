"""Certificates for tests: what the household's CA would make, and clients that trust it."""

import ssl
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from rex_auth_edge.domain.hub_names import hosts_of
from rex_auth_edge.keys.tls import issue, spans
from rex_auth_edge.keys.tls.issue import Issued
from rex_auth_edge.machine import SystemClock
from rex_auth_edge.server import TlsFiles
from tests.doubles import SeededEntropy

UNIT = "abcd2345"
HOSTS = hosts_of(UNIT)


class Authority:
    """A household's CA, good now, that makes certificates into files."""

    def __init__(self, seed: int = 47) -> None:
        self._entropy = SeededEntropy(seed)
        self._now = SystemClock().now()
        self.root = issue.root(HOSTS, UNIT, spans.authority(self._now, spans.ROOT_LIFE), self._entropy)
        life = spans.INTERMEDIATE_LIFE
        self._below = issue.intermediate(self.root, HOSTS, UNIT, spans.authority(self._now, life), self._entropy)

    def make(self) -> Issued:
        """Another certificate of the hub's."""
        span = spans.own(self._now, self._below.certificate)
        assert span is not None
        return issue.own(self._below, HOSTS[:1], ["127.0.0.1"], span, self._entropy)

    def bundle(self, path: Path) -> Issued:
        """Put another certificate with its key into one file, at one stroke."""
        made = self.make()
        draft = path.with_suffix(".new")
        draft.write_bytes(made.pem())
        draft.replace(path)
        return made

    def trusting(self, **limits: ssl.TLSVersion) -> ssl.SSLContext:
        """A client that trusts this CA and nothing else, with bounds as `minimum_version`."""
        pem = self.root.certificate.public_bytes(serialization.Encoding.PEM).decode()
        context = ssl.create_default_context(cadata=pem)
        for name, version in limits.items():
            setattr(context, name, version)
        return context


def one_file(path: Path) -> TlsFiles:
    """Key and chain in one."""
    return TlsFiles(path, path)


def presented(connection: ssl.SSLObject | ssl.SSLSocket) -> int:
    """The serial number of what the server has shown."""
    found = connection.getpeercert()
    assert found is not None
    return int(str(found["serialNumber"]), 16)
