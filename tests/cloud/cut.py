"""A line to MariaDB that is cut at a COMMIT: before the server has it, or before its answer comes back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Line:
    """Leads everything through until `cut` says where the next COMMIT ends it: `before` the server, or `after`."""

    def __init__(self, port: int) -> None:
        self.cut = ""
        self._to = port
        self.carried: set[asyncio.Task[None]] = set()

    def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client's connection."""
        self.carried.add(asyncio.create_task(self._carry(reader, writer)))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._to)
        answers = asyncio.create_task(self._copy(there, writer))
        await self._ask(reader, back, there, answers)
        answers.cancel()
        await asyncio.wait([answers])
        for each in (writer, back):
            each.close()
            with suppress(OSError):
                await each.wait_closed()

    async def _ask(
        self,
        reader: asyncio.StreamReader,
        back: asyncio.StreamWriter,
        there: asyncio.StreamReader,
        answers: asyncio.Task[None],
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                where = self.cut if b"COMMIT" in data else ""
                if where:
                    self.cut = ""
                if where == "after":
                    answers.cancel()
                    await asyncio.wait([answers])
                    back.write(data)
                    await there.read(65536)  # it is committed, and nobody hears of it
                if where:
                    return
                back.write(data)

    @staticmethod
    async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
        writer.close()


@asynccontextmanager
async def line_to(port: int) -> AsyncIterator[tuple[Line, int]]:
    """A line, and the port where it begins."""
    line = Line(port)
    server = await asyncio.start_server(line.carry, "127.0.0.1", 0)
    yield line, int(server.sockets[0].getsockname()[1])
    server.close()
    await asyncio.gather(*line.carried)
