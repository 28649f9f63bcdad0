"""Which proofs of devices were used, for every process (see `flows.devices.proving`)."""

import logging

from rex_auth_edge.cloud.shared import TROUBLE, Shared
from rex_auth_edge.domain.clock import Moment
from rex_auth_edge.domain.refusals import Code, Refused

_UNKNOWN = Refused(
    Code.STORAGE_UNAVAILABLE, "Nobody can tell at the moment whether this proof was used; try again", retry_after=5
)
_log = logging.getLogger(__name__)


class SharedMemory:
    """Marks in Redis, which end there by themselves."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def spend(self, mark: bytes, life: int, now: Moment) -> Refused | bool:  # noqa: ARG002 - Redis has its own
        """See `Memory`. Without Redis nobody can tell, and nobody is let in."""
        try:
            return bool(await self._shared.redis.set(self._shared.key("proof", mark.hex()), 1, px=life, nx=True))
        except TROUBLE as error:
            _log.error("Proofs can't be remembered (%s).", type(error).__name__)
            return _UNKNOWN
