"""Whether a household's hub and its cloud have the same cells, and where they haven't, the cloud's are taken."""

from rex_auth_edge.exchange.hub.signed_line import SignedLine, body_of
from rex_auth_edge.exchange.hub.steps import Steps
from rex_auth_edge.exchange.messages import COMPARE
from rex_auth_edge.sync.bodies import Compared, Page
from rex_auth_edge.sync.digest import DEPTH, FAN, Path
from rex_auth_edge.sync.hub.comparing import further, question
from rex_auth_edge.sync.order import Lane

_AT_ONCE = 2000
"""Rows that are summed up in one transaction."""


class Comparing:
    """One household's. Whatever fails raises LineError.

    `agreed` are the lanes that both ends are known to have alike, `repaired` counts the differences that were mended.
    `compared` counts the nodes of digests that were compared in the latest check, of `known` ones; where the ends
    differ, these become more.
    """

    def __init__(self, steps: Steps, asking: SignedLine) -> None:
        self._steps = steps
        self._asking = asking
        self.agreed: set[Lane] = set()
        self.repaired = 0
        self.compared, self.known = 0, 0

    async def heed(self, lane: Lane, page: Page) -> None:
        """What a page says of it."""
        if page.rows or page.gone:
            self.agreed.discard(lane)
        if page.agrees:
            self.agreed.add(lane)
        elif page.agrees is False:
            self.agreed.discard(lane)
            await self._mend(lane)

    async def verify(self) -> int:
        """Compare everything, down to each row of this hub's own: how many differences were found, and mended."""
        self.compared, self.known, before = 0, len(Lane) * (FAN + 1), self.repaired
        for lane in Lane:
            await self._recount(lane)
            await self._mend(lane)
        return self.repaired - before

    async def _recount(self, lane: Lane) -> None:
        """What is kept of the sums is compared, in which bits that have flipped in a row don't show."""
        done = 0
        while done < FAN:
            wrong, goes_on = await self._summed(lane, done)
            self.compared += (goes_on or FAN) - done
            self.repaired += wrong
            done = goes_on or FAN

    async def _summed(self, lane: Lane, first: int) -> tuple[int, int]:
        """See `SqlRows.recount`; what it changes is what this hub alone has."""
        return await self._steps.look(lambda _, store: store.recount(lane, first, _AT_ONCE))

    async def _mend(self, lane: Lane) -> None:
        """Find where both ends differ in the lane, and take the cloud's."""
        paths: list[Path] = [()]
        mended = 0
        while paths:
            path = paths.pop()
            below = await self._below(lane, path)
            if below is None:
                break
            mended += len(path) == DEPTH
            paths += below
            self.compared, self.known = self.compared + 1, self.known + len(below)
        self.repaired += mended

    async def _below(self, lane: Lane, path: Path) -> list[Path] | None:
        """Where to ask next; below a leaf both are equal now. None where something has moved: the next round asks."""
        asked = await self._steps.look(lambda _, store: question(store, lane, path))
        compared = body_of(await self._asking.ask(COMPARE, asked), Compared)
        if compared is None:
            return None
        return await self._steps.write(lambda _, store: further(store, lane, path, compared))
