"""Of the cloud role: Redis, and the processes that hear each other by it."""

from dataclasses import dataclass

from rex_auth_edge.verbs.reach import Reach


@dataclass(frozen=True, slots=True)
class Heard:
    """Redis' version and how many processes listen; where it doesn't answer, None and by which error."""

    version: str = ""
    count: int | None = None
    error: str = ""


async def heard(reach: Reach) -> Heard:
    """Ask Redis."""
    from rex_auth_edge.cloud.shared import TROUBLE, Shared  # noqa: PLC0415 - a hub has no client of it

    node = await reach.parts.store.write(lambda tx: tx.node)
    shared = Shared(reach.settings.web.rate_storage or "", node.id.hex)
    try:
        version = (await shared.redis.info("server"))["redis_version"]
        ((_, count),) = await shared.redis.pubsub_numsub(shared.key("news"))
    except TROUBLE as error:
        return Heard(error=type(error).__name__)
    finally:
        await shared.close()
    return Heard(version, count)
