"""The HTTP server with TLS from files. On both parsers."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from rex_auth_edge.server import ListenError, LiveTls, TlsFiles
from tests.server.conversations import GET, QUICK, Start, ask


@pytest.fixture
def certificate(tmp_path: Path) -> TlsFiles:
    """A certificate for 127.0.0.1 that nobody signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hub")])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(start).not_valid_after(start + timedelta(days=9999))
    files = TlsFiles(tmp_path / "cert.pem", tmp_path / "key.pem")
    files.certificate.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    files.key.write_bytes(key.private_bytes(*form, serialization.NoEncryption()))
    (tmp_path / "locked.pem").write_bytes(key.private_bytes(*form, serialization.BestAvailableEncryption(b"x")))
    return files


def trusting(newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    """A client that believes any certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = newest
    return context


async def test_tls_from_files(start: Start, certificate: TlsFiles) -> None:
    """HTTPS with 1.2 and 1.3; a client that says nothing is closed before it holds a connection."""
    server = await start(QUICK, tls=LiveTls(certificate))
    assert server.url.startswith("https://")
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=trusting(version))
        writer.write(GET)
        assert b" 200 " in await reader.readline()
        writer.close()
    assert await ask(server, b"") == b""


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_tls_below_1_2_is_refused(start: Start, certificate: TlsFiles) -> None:
    """RFC 8996."""
    old = trusting(ssl.TLSVersion.TLSv1_1)
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.set_ciphers("ALL:@SECLEVEL=0")
    server = await start(tls=LiveTls(certificate))
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.open_connection("127.0.0.1", server.port, ssl=old)


def test_certificates_that_cannot_be_used_are_a_sentence(certificate: TlsFiles, tmp_path: Path) -> None:
    """Missing, not PEM, or with a passphrase, which is never asked for on a terminal."""
    (tmp_path / "junk.pem").write_text("junk")
    for key in ("none.pem", "junk.pem", "locked.pem"):
        with pytest.raises(ListenError, match="PEM files that belong together"):
            LiveTls(TlsFiles(certificate.certificate, tmp_path / key))
