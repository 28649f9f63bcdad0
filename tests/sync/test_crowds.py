"""All hubs come back at once: how often each has to ask, and how often all of them do until a cloud has served them."""

import heapq
from collections import Counter
from itertools import product

from rex_auth_edge.domain.clock import DAY, SECOND
from rex_auth_edge.sync.cloud import keeping
from rex_auth_edge.sync.hub.pace import Pace
from rex_auth_edge.sync.kinds import REVOKED, Kind
from rex_auth_edge.sync.order import Lane
from rex_auth_edge.sync.rules.record import record_id
from rex_auth_edge.sync.state import Cell
from tests.doubles import SeededEntropy
from tests.sync.by_hand import calm, put
from tests.sync.simulation.machines import HubMachine
from tests.sync.simulation.places import AtCloud, AtHub
from tests.sync.simulation.world import World

MOST_REQUESTS = 10
"""Of a hub that has been away: an introduction, a push and a pull for each lane, and one more."""


def crowd() -> World:
    """Ten hubs of a household that have been away, each with changes in every lane."""
    world = World(1, faults=False)
    while len(world.hubs) < 10:
        world.hubs.append(HubMachine(f"HUB+{len(world.hubs)}".encode().ljust(16, b"+")))
        world.hubs[-1].enrol(world.cloud)
    world.converge()
    world.cloud.most = 500
    for hub in world.hubs:
        for kind, number in product((Kind.BAN, Kind.PROFILE, Kind.FAILURES, Kind.AUDIT), range(5)):
            own = hub.id[:-1] + bytes([number])
            put(
                hub, kind, record_id(hub.id, own[-8:]) if kind is Kind.AUDIT else own, AtHub(hub).pen().put(note=number)
            )
        hub.boot()
    return world


def test_a_hub_that_comes_back_asks_a_bounded_number_of_times() -> None:
    """Until it has told all that it has, and knows all that there is."""
    world, asked = crowd(), Counter[bytes]()

    def counted(hub: HubMachine, raw: bytes) -> bytes | None:
        asked[hub.id] += 1
        return world.line(hub, raw)

    for hub in world.hubs:
        while hub.send(counted) is not None:
            pass
        for lane in Lane:
            hub.read(counted, lane)
    assert max(asked.values()) <= MOST_REQUESTS


def served(hubs: int, requests: int, rate: int, seed: int = 1) -> tuple[int, int]:
    """How many requests are made in all, and after how many milliseconds the last hub is done.

    The cloud serves `rate` requests a second, and asks whoever comes too many to come again after one.
    """
    entropy, made = SeededEntropy(seed), 0
    room: dict[int, int] = {}
    todo = [(entropy.below(100), hub) for hub in range(hubs)]
    heapq.heapify(todo)
    paces, left, now = [Pace()] * hubs, [requests] * hubs, 0
    while todo:
        now, hub = heapq.heappop(todo)
        made += 1
        tenth = now // 100
        if room.setdefault(tenth, rate // 10) > 0:
            room[tenth] -= 1
            left[hub] -= 1
            paces[hub] = paces[hub].succeeded()
            after = now + 20
        else:
            paces[hub] = paces[hub].failed()
            after = now + paces[hub].wait(entropy, SECOND)
        if left[hub]:
            heapq.heappush(todo, (after, hub))
    return made, now


def test_thousands_that_come_back_at_once_are_served_without_a_storm() -> None:
    """2,000 hubs within a tenth of a second, at a cloud that serves 300 requests a second."""
    hubs, rate = 2000, 300
    made, took = served(hubs, MOST_REQUESTS, rate)
    assert hubs * MOST_REQUESTS <= made <= 3 * hubs * MOST_REQUESTS
    assert took <= 4 * SECOND * hubs * MOST_REQUESTS // rate


def test_of_the_dead_some_are_forgotten_at_a_time() -> None:
    """As many as one transaction may hold, then the others."""
    world = calm()
    place, store = AtCloud(world.cloud), world.cloud.store
    for who in (b"a", b"b", b"c"):
        place.write(Cell(Kind.DEVICE, who * 16), place.pen().climb(REVOKED), None)
    for _ in range(2):
        world.converge()
        world.cloud.back_up()
        world.cloud.now += 91 * DAY
    with store.disk.transaction():
        assert [keeping.bury(store, world.cloud.now, 2) for _ in range(3)] == [2, 1, 0]
