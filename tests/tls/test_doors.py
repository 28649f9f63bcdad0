"""The doors together: a certificate that is renewed while they are open, and what keeps it from being."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from rex_auth_edge import doors
from rex_auth_edge.domain.clock import DAY
from rex_auth_edge.doors import GATEWAY, HTTP, HTTPS, Doors
from rex_auth_edge.keys.tls import shelf
from rex_auth_edge.settings import load
from tests.doubles import HandClock, SeededEntropy
from tests.tls.homes import Lan


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the scheme that it is asked by."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["scheme"].encode()})


@pytest.fixture
async def entrance(tmp_path: Path, clock: HandClock, lan: Lan) -> AsyncIterator[Doors]:
    """A hub's HTTPS, open."""
    settings = load({"REX_DATA_DIR": str(tmp_path / "data"), "REX_HOST": "127.0.0.1", "REX_PORT": "0"})
    sockets = doors.bound(settings.listen, {})
    ca = doors.open_ca(settings, clock, SeededEntropy(), lan)
    made = doors.hung(settings, app, sockets, ca)
    await made.start()
    yield made
    await made.stop()


async def shown(entrance: Doors) -> str:
    """The digest of the certificate that a new connection is shown; the test's clock isn't the client's."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    port = int(entrance.url.rpartition(":")[2])
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return sha256(der).hexdigest()


async def test_kept_good_while_open(entrance: Doors, clock: HandClock, lan: Lan) -> None:
    """Two thirds of a life later, at another address or under another name, new connections see another certificate."""
    seen = [await shown(entrance)]
    await entrance.keep()
    assert await shown(entrance) == seen[0]
    clock.advance(61 * DAY)
    await entrance.keep()
    seen.append(await shown(entrance))
    lan.addresses = frozenset({"10.9.8.7"})
    await entrance.keep()
    seen.append(await shown(entrance))
    assert len(set(seen)) == 3


async def test_a_full_disk_is_told_once(
    entrance: Doors, clock: HandClock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old certificate serves on; when there is room again, the new one is there."""
    before = await shown(entrance)
    clock.advance(61 * DAY)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(shelf, "put", full)
        await entrance.keep()
        await entrance.keep()
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert "No space left" in warnings[0]
    assert await shown(entrance) == before
    await entrance.keep()
    assert await shown(entrance) != before


def test_which_doors_there_are(tmp_path: Path) -> None:
    """One by default; port 80 with TLS only; systemd's where it has passed any."""

    def wanted(passed: dict[str, tuple[int, ...]] | None = None, **environ: str) -> set[str]:
        defaults = {"REX_DATA_DIR": str(tmp_path / "data"), "REX_HOST": "127.0.0.1", "REX_PORT": "0"}
        opened = doors.bound(load(defaults | environ).listen, passed or {})
        for sock in (sock for sockets in opened.values() for sock in sockets):
            sock.close()
        return set(opened)

    assert wanted() == wanted(REX_TLS="off") == {HTTPS}
    assert wanted({HTTP: (), GATEWAY: ()}) == {HTTPS, HTTP, GATEWAY}
    assert wanted({HTTP: ()}, REX_TLS="off") == {HTTPS}
