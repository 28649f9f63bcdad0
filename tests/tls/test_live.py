"""A certificate that changes while the server runs: nobody's connection notices."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization

from rex_auth_edge.server import HttpServer, ListenError, LiveTls, TlsFiles
from tests.tls.certificates import HOSTS, Authority, one_file, presented

GET = b"GET / HTTP/1.1\r\nHost: hub\r\n\r\n"


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answers after others have had a turn."""
    await asyncio.sleep(0)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
def authority() -> Authority:
    """A household's CA."""
    return Authority()


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """Where the server finds key and chain."""
    return tmp_path / "hub.pem"


@pytest.fixture
def live(authority: Authority, bundle: Path) -> LiveTls:
    """TLS with a first certificate."""
    authority.bundle(bundle)
    return LiveTls(one_file(bundle))


@pytest.fixture
async def server(live: LiveTls) -> AsyncIterator[HttpServer]:
    """A server with it."""
    made = HttpServer(app, "127.0.0.1", 0, tls=live)
    await made.start()
    yield made
    await made.stop()


async def dial(
    server: HttpServer, context: ssl.SSLContext, name: str | None = None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection that checks the name, or says none at all."""
    return await asyncio.open_connection("127.0.0.1", server.port, ssl=context, server_hostname=name or "127.0.0.1")


async def seen(server: HttpServer, context: ssl.SSLContext, name: str | None = None) -> int:
    """The serial number that a new connection is shown."""
    _, writer = await dial(server, context, name)
    serial = presented(writer.get_extra_info("ssl_object"))
    writer.close()
    return serial


async def get(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """One request on an open connection; its status line."""
    writer.write(GET)
    line = await reader.readline()
    await reader.readuntil(b"\r\n\r\nok")
    return line


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("name", [HOSTS[0], None])
async def test_new_connections_get_the_new_one(
    server: HttpServer, live: LiveTls, authority: Authority, bundle: Path, version: ssl.TLSVersion, name: str | None
) -> None:
    """A kept-alive connection goes on under the old certificate, with or without SNI, on TLS 1.2 and 1.3."""
    context = authority.trusting(maximum_version=version)
    reader, writer = await dial(server, context, name)
    assert b" 200 " in await get(reader, writer)
    old = presented(writer.get_extra_info("ssl_object"))
    made = authority.bundle(bundle)
    assert live.look()
    assert b" 200 " in await get(reader, writer)
    assert await seen(server, context, name) == made.certificate.serial_number != old
    assert b" 200 " in await get(reader, writer)
    writer.close()


async def test_no_request_fails_meanwhile(
    server: HttpServer, live: LiveTls, authority: Authority, bundle: Path
) -> None:
    """Clients in parallel, each with new and kept connections, while the certificate changes fifty times."""
    done = asyncio.Event()
    serials: set[int] = set()

    async def ask() -> int:
        asked = 0
        while not done.is_set():
            async with httpx.AsyncClient(verify=authority.trusting(), trust_env=False) as client:
                for _ in range(3):
                    answer = await client.get(f"https://127.0.0.1:{server.port}/")
                    assert answer.status_code == 200
                    asked += 1
            serials.add(await seen(server, authority.trusting()))
        return asked

    async def change() -> None:
        for _ in range(50):
            await asyncio.to_thread(authority.bundle, bundle)
            assert await asyncio.to_thread(live.look)
            await asyncio.sleep(0.005)
        done.set()

    *asked, _ = await asyncio.gather(*(ask() for _ in range(6)), change())
    assert all(asked)
    assert len(serials) > 1


async def test_a_broken_pair_changes_nothing(
    server: HttpServer, live: LiveTls, authority: Authority, tmp_path: Path, bundle: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """It is logged once, without the key; the old certificate stays until the files are good again."""

    def put(content: bytes | None) -> None:
        bundle.unlink() if content is None else bundle.write_bytes(content)

    before = await seen(server, authority.trusting())
    other = authority.make()
    pkcs8, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    key = other.key.private_bytes(serialization.Encoding.PEM, pkcs8, none)
    chain = authority.make().certificate.public_bytes(serialization.Encoding.PEM)
    for content in (b"", b"junk", key, chain, key + chain):
        put(content)
        caplog.clear()
        assert not live.look()
        assert not live.look()
        assert [record.levelno for record in caplog.records] == [logging.WARNING]
        assert "PRIVATE" not in caplog.text
        assert await seen(server, authority.trusting()) == before
    put(None)
    assert not live.look()
    made = authority.bundle(bundle)
    assert live.look()
    assert await seen(server, authority.trusting()) == made.certificate.serial_number


async def test_two_files_that_change_one_after_the_other(authority: Authority, tmp_path: Path) -> None:
    """Between the certificate's change and the key's they don't belong together: the old pair serves on."""
    files = TlsFiles(tmp_path / "cert.pem", tmp_path / "key.pem")

    def put(*paths: Path, whole: bytes) -> None:
        key, head, chain = whole.partition(b"-----BEGIN CERTIFICATE")
        for path in paths:
            path.write_bytes(key if path == files.key else head + chain)

    put(files.certificate, files.key, whole=authority.make().pem())
    live = LiveTls(files)
    server = HttpServer(app, "127.0.0.1", 0, tls=live)
    await server.start()
    made, before = authority.make(), await seen(server, authority.trusting())
    put(files.certificate, whole=made.pem())
    assert not live.look()
    assert await seen(server, authority.trusting()) == before
    put(files.key, whole=made.pem())
    assert live.look()
    assert await seen(server, authority.trusting()) == made.certificate.serial_number
    await server.stop()


async def test_what_is_spoken(server: HttpServer, authority: Authority) -> None:
    """HTTP/1.1 by ALPN, forward secrecy and authenticated encryption; who offers h2 alone gets no protocol."""
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = authority.trusting(maximum_version=version)
        context.set_alpn_protocols(["h2", "http/1.1"])
        _, writer = await dial(server, context)
        spoken = writer.get_extra_info("ssl_object")
        assert spoken.selected_alpn_protocol() == "http/1.1"
        assert "GCM" in spoken.cipher()[0] or "CHACHA20" in spoken.cipher()[0]
        writer.close()


@pytest.mark.parametrize("ciphers", ["AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "DHE-RSA-AES128-GCM-SHA256"])
async def test_weak_ciphers_are_refused(server: HttpServer, authority: Authority, ciphers: str) -> None:
    """No forward secrecy, or a MAC by CBC: no."""
    context = authority.trusting(maximum_version=ssl.TLSVersion.TLSv1_2)
    context.set_ciphers(ciphers + "@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await dial(server, context)


def test_files_that_cannot_be_used_at_start(tmp_path: Path) -> None:
    """There is no old certificate to go on with."""
    with pytest.raises(ListenError, match="can't be used"):
        LiveTls(one_file(tmp_path / "none.pem"))
