"""Whatever people do for years on two hubs and in the cloud, and whatever befalls these: what is over stays over."""

import pytest

from tests.exchange.conftest import Street
from tests.exchange.years import began

STEPS, TOGETHER = 50, 25
"""How many things happen, and after how many all meet."""


@pytest.mark.parametrize("seed", [11, 23])
async def test_what_is_over_stays_over_and_all_come_to_the_same(street: Street, seed: int) -> None:
    """Whoever was deleted is nowhere, an ended session is refused, and people, roles and names are the same on all.

    So it is at every moment on the node that knows it, and everywhere once all have met; rows and cells say the same.
    """
    years = await began(street, seed)
    for number in range(1, STEPS + 1):
        try:
            await years.step()
            if number % TOGETHER == 0:
                await years.settle()
        except AssertionError as error:
            error.add_note("\n".join(years.story))
            raise
