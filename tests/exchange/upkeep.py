"""What goes on at the cloud by itself: backups, and what is forgotten in time."""

from rex_auth_edge.domain.clock import DAY, HOUR
from rex_auth_edge.exchange.cloud import durability, forgetting
from tests.exchange.conftest import Street
from tests.exchange.street import Cloud


async def backed_up(cloud: Cloud) -> None:
    """A backup is made, and can be read."""
    marks = await durability.mark(cloud.home.hub.parts)
    assert await durability.durable(cloud.home.hub.parts, marks) == 1


async def days_pass(street: Street, days: int) -> None:
    """The first hub meets the cloud, and an hour later the cloud has done its upkeep."""
    street.clock.advance(days * DAY)
    await street.hubs[0].meet()
    await street.hubs[0].meet()
    street.clock.advance(HOUR)
    await forgetting.forget_in_turn(street.cloud.home.hub.parts)
