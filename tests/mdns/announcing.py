"""A process that announces what a test tells it to: `python -m tests.mdns.announcing LABEL FACTS_FILE`."""

import asyncio
import json
import logging
import signal
import sys
from pathlib import Path

import ifaddr

from rex_auth_edge import mdns
from rex_auth_edge.domain.clock import SECOND
from rex_auth_edge.machine import SystemClock, SystemEntropy
from rex_auth_edge.mdns import Announcer, Subject


def addresses() -> frozenset[str]:
    """What the namespace has, but for loopback and IPv6."""
    found = (str(ip.ip) for adapter in ifaddr.get_adapters() for ip in adapter.ips if ip.is_IPv4)
    return frozenset(address for address in found if not address.startswith("127."))


def facts(file: Path) -> dict[str, str]:
    """The TXT record as the test has it now."""
    return {str(name): str(value) for name, value in json.loads(file.read_text()).items()}


def say(line: str) -> None:
    """Tell the test."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def main(label: str, file: Path) -> None:
    """Announce until SIGTERM."""
    subject = Subject(label, 443, addresses, lambda: facts(file), lambda name: say(f"announced {name}"))
    task = asyncio.create_task(Announcer(subject, SystemClock(), SystemEntropy()).run())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await asyncio.wait([task])
    say("goodbye")


mdns.ASK = 2 * SECOND
logging.basicConfig(level=logging.INFO, stream=sys.stderr)
asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
