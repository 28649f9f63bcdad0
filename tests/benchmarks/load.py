"""A client that costs little: keep-alive connections, prepared requests, answers looked at only for their status."""

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


@dataclass
class Result:
    """`seconds` for all requests together, and each one's time; `bodies` in the order of completion."""

    seconds: float
    times: list[float]
    bodies: list[bytes]
    statuses: dict[int, int]

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.times) / self.seconds


def request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    """A request's bytes."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def run(
    url: str, connections: int, requests: Sequence[Callable[[], bytes] | bytes], into: Result | None = None
) -> Result:
    """Send the requests, in order, over so many connections, each waiting for its answer before its next."""
    queue = list(reversed(requests))
    result = into or Result(0.0, [], [], {})
    began = time.perf_counter()
    await asyncio.gather(*(_worker(url, queue, result) for _ in range(connections)))
    result.seconds = time.perf_counter() - began
    return result


async def _worker(url: str, queue: list[Callable[[], bytes] | bytes], result: Result) -> None:
    reader, writer = await asyncio.open_connection(urlsplit(url).hostname, urlsplit(url).port)
    while queue:
        item = queue.pop()
        content = item if isinstance(item, bytes) else item()
        began = time.perf_counter()
        writer.write(content)
        head = await reader.readuntil(b"\r\n\r\n")
        found = _LENGTH.search(head)
        body = await reader.readexactly(int(found.group(1)) if found else 0)
        result.times.append(time.perf_counter() - began)
        result.bodies.append(body)
        status = int(head[9:12])
        result.statuses[status] = result.statuses.get(status, 0) + 1
    writer.close()


def percentile(times: Sequence[float], part: float) -> float:
    """The time that `part` of the requests didn't exceed."""
    return sorted(times)[min(len(times) - 1, int(len(times) * part))]
