"""The cloud's certificates, good ones and bad ones, and a proxy that ends TLS before it with whichever it is given."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

Span = tuple[datetime, datetime]
EVER: Span = datetime(1960, 1, 1, tzinfo=UTC), datetime(2190, 1, 1, tzinfo=UTC)
"""By every clock that a test sets."""


class Authority:
    """One that vouches for whatever it is asked to."""

    def __init__(self) -> None:
        self._key, self._name = generate_private_key(SECP256R1()), _named("An authority")
        made = _begun(self._name, self._name, self._key, EVER)
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.pem = made.sign(self._key, SHA256()).public_bytes(Encoding.PEM)

    def context(self, folder: Path, host: str = "127.0.0.1", span: Span = EVER) -> ssl.SSLContext:
        """A server's that shows a certificate for an address or a name."""
        key = generate_private_key(SECP256R1())
        named = x509.DNSName(host) if host.isalpha() else x509.IPAddress(ip_address(host))
        made = _begun(self._name, _named(host), key, span)
        made = made.add_extension(x509.SubjectAlternativeName([named]), critical=False)
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path = folder / "server.pem"
        path.write_bytes(made.sign(self._key, SHA256()).public_bytes(Encoding.PEM) + secret)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _begun(issuer: x509.Name, subject: x509.Name, key: EllipticCurvePrivateKey, span: Span) -> x509.CertificateBuilder:
    made = x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
    return made.not_valid_before(span[0]).not_valid_after(span[1])


class Front:
    """Ends TLS on `port`, and passes on what is inside to the port `target`; each handshake shows `context`'s."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context, self.target, self.port = context, 0, 0
        self.ready = threading.Event()

    def _choose(self, connection: ssl.SSLObject, _: str | None, __: ssl.SSLContext) -> None:
        connection.context = self.context

    async def run(self) -> None:
        """Take callers until `stop`."""
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        outside = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        outside.sni_callback = self._choose  # called without a name as well
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=outside)
        self.port = server.sockets[0].getsockname()[1]
        self.ready.set()
        await self._over.wait()
        server.close()

    def stop(self) -> None:
        """From another thread."""
        self._loop.call_soon_threadsafe(self._over.set)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            inside, outside = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_carry(reader, outside), _carry(inside, writer))


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(64 * 1024):
            writer.write(piece)
            await writer.drain()
    writer.close()


@contextmanager
def front(context: ssl.SSLContext) -> Iterator[Front]:
    """One in a thread of its own."""
    made = Front(context)
    thread = threading.Thread(target=lambda: asyncio.run(made.run()))
    thread.start()
    made.ready.wait()
    try:
        yield made
    finally:
        made.stop()
        thread.join()
