"""What the service manager is told of this program (sd_notify(3)); without one, nothing."""

import asyncio
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Mapping

_RETRY_SECONDS = 1.0
_SECOND = 1_000_000

_log = logging.getLogger(__name__)


class Notifier:
    """Speaks to the socket that NOTIFY_SOCKET names, a path or an abstract one (`@...`).

    `watchdog` is after how many seconds of silence the manager kills the program; None where it doesn't look, or looks
    at another process (sd_watchdog_enabled(3)).
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        named = environ.get("NOTIFY_SOCKET", "")
        self._address = f"\0{named[1:]}" if named.startswith("@") else named
        microseconds = environ.get("WATCHDOG_USEC", "")
        ours = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self.watchdog = int(microseconds) / _SECOND if named and ours and microseconds.isdecimal() else None

    def ready(self, status: str) -> None:
        """The program serves from now on; `status` is for people who look (`systemctl status`)."""
        self._tell("READY=1", f"STATUS={status}")

    def status(self, status: str) -> None:
        """How the program is, in a sentence."""
        self._tell(f"STATUS={status}")

    def stopping(self) -> None:
        """The program ends in order from now on."""
        self._tell("STOPPING=1", "STATUS=Finishing what runs.")

    async def keep_fed(self, answers: Callable[[], Awaitable[bool]]) -> None:
        """Feed the watchdog twice in its time while `answers` says that the program can do its work, until cancelled.

        Where it can't, it is asked again every second.
        """
        while self.watchdog:
            well = await answers()
            if well:
                self._tell("WATCHDOG=1")
            await asyncio.sleep(self.watchdog / 2 if well else _RETRY_SECONDS)

    def _tell(self, *lines: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
                sock.setblocking(False)  # noqa: FBT003  the socket's own method
                sock.sendto("\n".join(lines).encode(), self._address)
        except OSError as error:
            _log.warning("The service manager can't be told %s: %s.", lines[0], error.strerror or error)
