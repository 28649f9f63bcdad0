"""Prometheus metrics, and the tiny application that serves them to this machine alone."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from rex_auth_edge.exchange.oversight.measures import Measures

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS = (0.001, 0.005, 0.025, 0.1, 0.5, 2.5)
_LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})

Message = MutableMapping[str, Any]
AsgiApp = Callable[[Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]


class Metrics:
    """What is counted. Labels take few values only, none of a stranger's choosing.

    Gauges are set by `.set(...)`, or once by `.set_function(...)` to be asked when somebody looks.
    """

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.requests = Counter("rex_requests", "Requests answered.", ["route", "method", "status"], registry=registry)
        self.request_seconds = Histogram(
            "rex_request_seconds", "Time to answer a request.", ["route"], registry=registry, buckets=_BUCKETS
        )
        self.argon2_waiting = Gauge("rex_argon2_waiting", "Passwords waiting to be hashed.", registry=registry)
        self.outbox = Gauge("rex_outbox_letters", "Letters in the outbox.", ["state"], registry=registry)
        self.revoked_sessions = Gauge("rex_revoked_sessions", "Sessions in the register.", registry=registry)
        self.disk_free = Gauge("rex_disk_free_bytes", "Free on the disk, the reserve apart.", registry=registry)
        self.storage_trouble = Gauge(
            "rex_storage_trouble", "1 for what is wrong with the database's disk.", ["fault"], registry=registry
        )
        self._of_sync, self._shares = CollectorRegistry(), False
        self._synchronised(self._of_sync)
        self._answered: dict[tuple[str, str, int], Counter] = {}
        self._timed: dict[str, Histogram] = {}

    def _synchronised(self, registry: CollectorRegistry) -> None:
        """Gauges of a hub's synchronisation, over its households, while it shares any."""

        def gauge(name: str, says: str, *labels: str) -> Gauge:
            return Gauge(f"rex_sync_{name}", says, labels, registry=registry)

        self.sync_waiting = gauge("waiting_changes", "The hub's own changes that no cloud has taken yet.", "lane")
        self.sync_lag = gauge("lag_seconds", "Since the cloud last answered, where that is longest ago.")
        self.sync_agreed = gauge("agreed_seconds", "Since both ends last had the same, where that is longest ago.")
        self.sync_troubled = gauge("troubled_households", "Households whose latest round failed.")
        self.sync_reviews = gauge("reviews", "Changes that wait for an owner.")
        self.sync_conflicts = gauge("conflicts", "Decided against somebody, and not cleared by an owner.")
        self.sync_repairs = gauge("repairs", "Differences between both ends that were found and mended.")

    def synchronised(self, found: Measures | None) -> None:
        """How it stands now; None where nothing is shared, as in the cloud: then there is nothing to read of it."""
        if self._shares is not (found is not None):
            self._shares = found is not None
            (self.registry.register if self._shares else self.registry.unregister)(self._of_sync)
        if found is None:
            return
        for lane, count in found.waiting.items():
            self.sync_waiting.labels(lane).set(count)
        for name in ("lag", "agreed", "troubled", "reviews", "conflicts", "repairs"):
            gauge: Gauge = getattr(self, f"sync_{name}")
            gauge.set(getattr(found, name))

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one answered request. `route` is a kind of route, never a path."""
        key = (route, method if method in _METHODS else "other", status)
        counter = self._answered.get(key)
        if counter is None:
            # Looking a label up costs more than counting; there are few of them.
            counter = self._answered[key] = self.requests.labels(*map(str, key))
        counter.inc()
        histogram = self._timed.get(route)
        if histogram is None:
            histogram = self._timed[route] = self.request_seconds.labels(route)
        histogram.observe(seconds)


def metrics_app(registry: CollectorRegistry) -> AsgiApp:
    """An ASGI application that answers GET /metrics, and nothing else."""

    async def app(scope: Message, receive: Callable[[], Awaitable[Message]], send: Any) -> None:  # noqa: ARG001  ASGI
        if scope["type"] != "http":
            return
        status, body = _answer(scope, registry)
        kind = CONTENT_TYPE_LATEST if status == 200 else "text/plain; charset=utf-8"  # noqa: PLR2004  OK
        headers = [(b"content-type", kind.encode()), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


def _answer(scope: Message, registry: CollectorRegistry) -> tuple[int, bytes]:
    if not _asked_by_this_machine(scope):
        return 403, b"Metrics are for this machine: ask for them at 127.0.0.1.\n"
    if scope["path"] != "/metrics":
        return 404, b"There is only /metrics here.\n"
    if scope["method"] != "GET":
        return 405, b"Metrics are read with GET.\n"
    return 200, generate_latest(registry)


def _asked_by_this_machine(scope: Message) -> bool:
    """Whether Host is a loopback name: a browser can be led here under another one (DNS rebinding)."""
    host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1")
    return host.rpartition(":")[0] in _LOCAL_HOSTS or host in _LOCAL_HOSTS
