"""Metrics: what is counted, and who may read it."""

import httpx
import pytest

from rex_auth_edge.metrics import Metrics, metrics_app
from rex_auth_edge.server import HttpServer, start_if_free


async def read(
    metrics: Metrics, path: str = "/metrics", method: str = "GET", host: str | None = None
) -> httpx.Response:
    """Ask a real server on this machine for its metrics."""
    server = HttpServer(metrics_app(metrics.registry), "127.0.0.1", 0)
    await server.start()
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            return await client.request(method, server.url + path, headers={"host": host} if host else None)
    finally:
        await server.stop()


async def test_what_happened_can_be_read() -> None:
    """Requests by route, method and status, their time, and what the parts say of themselves."""
    metrics = Metrics()
    metrics.answered("login", "POST", 200, 0.02)
    metrics.answered("login", "POST", 200, 0.03)
    metrics.argon2_waiting.set_function(lambda: 7)
    metrics.outbox.labels("waiting").set(3)
    answer = await read(metrics)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    for line in [
        'rex_requests_total{method="POST",route="login",status="200"} 2.0',
        'rex_request_seconds_count{route="login"} 2.0',
        "rex_argon2_waiting 7.0",
        'rex_outbox_letters{state="waiting"} 3.0',
        "rex_revoked_sessions 0.0",
    ]:
        assert line in answer.text.splitlines()


async def test_strangers_choose_no_labels() -> None:
    """A thousand invented methods make one line, not a thousand."""
    metrics = Metrics()
    for number in range(1000):
        metrics.answered("other", f"M{number}", 405, 0.001)
    lines = [line for line in (await read(metrics)).text.splitlines() if line.startswith("rex_requests_total{")]
    assert lines == ['rex_requests_total{method="other",route="other",status="405"} 1000.0']


@pytest.mark.parametrize(
    ("path", "method", "host", "status"),
    [
        ("/", "GET", None, 404),
        ("/metrics/", "GET", None, 404),
        ("/metrics", "POST", None, 405),
        ("/metrics", "GET", "evil.example", 403),
        ("/metrics", "GET", "evil.example:9464", 403),
        ("/metrics", "GET", "localhost:9464", 200),
        ("/metrics", "GET", "[::1]:9464", 200),
    ],
)
async def test_only_metrics_and_only_here(path: str, method: str, host: str | None, status: int) -> None:
    """One path, one method, and no page that a browser was led to under another name."""
    assert (await read(Metrics(), path, method, host)).status_code == status


async def test_a_taken_port_is_done_without(caplog: pytest.LogCaptureFixture) -> None:
    """The hub starts without metrics, and says so."""
    app = metrics_app(Metrics().registry)
    first = HttpServer(app, "127.0.0.1", 0)
    assert await start_if_free(first, "metrics")
    second = HttpServer(app, "127.0.0.1", first.port)
    assert not await start_if_free(second, "metrics")
    assert "Going on without metrics" in caplog.text
    assert "already in use" in caplog.text
    await second.stop()
    await first.stop()
