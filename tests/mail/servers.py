"""SMTP servers for the tests, in the test's own loop: a real one, and one that follows a script to the letter."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

USERNAME, PASSWORD = "hub", "Sea-Otter-17"


@dataclass
class Inbox:
    """What a real server (aiosmtpd) took, and how. `refuse_rcpt` and `refuse_data` are refusals by address."""

    taken: list[tuple[str, bytes]] = field(default_factory=list)
    connections: list[Any] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    refuse_rcpt: dict[str, str] = field(default_factory=dict)
    refuse_data: dict[str, str] = field(default_factory=dict)
    port: int = 0

    async def handle_RCPT(  # noqa: N802  aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        """Refuse or take a recipient."""
        if reply := self.refuse_rcpt.get(address):
            return reply
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Refuse or take a letter."""
        (address,) = envelope.rcpt_tos
        if reply := self.refuse_data.get(address):
            return reply
        self.taken.append((address, envelope.content))
        self.connections.append(session)
        self.encrypted.append(server.transport.get_extra_info("sslcontext") is not None)
        return "250 2.0.0 taken"

    @property
    def addresses(self) -> list[str]:
        """To whom letters went, in order."""
        return [address for address, _ in self.taken]


def authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
    """The one account there is."""
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (USERNAME.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=False)


@asynccontextmanager
async def real(
    inbox: Inbox, *, implicit: ssl.SSLContext | None = None, port: int = 0, **how: Any
) -> AsyncIterator[Inbox]:
    """A real server that puts letters into `inbox`; `how` is aiosmtpd's."""
    async with listening(inbox, implicit=implicit, port=port, **how) as inbox.port:
        yield inbox


@asynccontextmanager
async def listening(
    handler: Any, *, implicit: ssl.SSLContext | None = None, port: int = 0, **how: Any
) -> AsyncIterator[int]:
    """A real server around a handler of aiosmtpd's kind; its port."""

    def protocol() -> SMTP:
        return SMTP(handler, hostname="mail.test", loop=asyncio.get_running_loop(), **how)

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", port, ssl=implicit)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        await asyncio.sleep(0)


CLOSE = "close"
SILENCE = "silence"


@dataclass
class Script:
    """A server that says what it is told to say.

    `says` maps a verb (GREETING and END, the end of a letter, included) to a reply, or to CLOSE or SILENCE; `heard` is
    every line that came, `letters` how many it let in.
    """

    says: Mapping[str, str]
    port: int = 0
    heard: list[str] = field(default_factory=list)
    visits: int = 0
    letters: int = 0
    silent: list[asyncio.Event] = field(default_factory=list)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection."""
        self.visits += 1
        try:
            await self._converse(reader, writer)
        except ConnectionError:
            return
        finally:
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        verb = "GREETING"
        while await self._answer(verb, reader, writer):
            line = (await reader.readline()).decode()
            if not line:
                return
            self.heard.append(line.rstrip())
            verb = line.split()[0].upper()

    async def _answer(self, verb: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        usual = {"GREETING": "220 mail.test", "DATA": "354 go on", "QUIT": "221 bye"}
        reply = self.says.get(verb, usual.get(verb, "250 ok"))
        if reply == SILENCE:
            await reader.read()  # until the other side has had enough
        if reply in {SILENCE, CLOSE}:
            return False
        writer.write(f"{reply}\r\n".encode())
        await writer.drain()
        if verb == "DATA" and reply.startswith("354"):
            await reader.readuntil(b"\r\n.\r\n")
            self.letters += 1
            return await self._answer("END", reader, writer)
        return verb != "QUIT"


@asynccontextmanager
async def scripted(**says: str) -> AsyncIterator[Script]:
    """A server on a free port that says what it is told to say."""
    script = Script(says)
    server = await asyncio.start_server(script, "127.0.0.1", 0)
    script.port = server.sockets[0].getsockname()[1]
    try:
        yield script
    finally:
        server.close()
        await asyncio.sleep(0)


async def closed_port() -> int:
    """A port where nobody listens."""
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port = int(server.sockets[0].getsockname()[1])
    server.close()
    return port
