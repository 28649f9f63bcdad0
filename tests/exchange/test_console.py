"""The console of a hub and of its cloud: every verb of synchronisation, on whole programs in the test's process."""

import pytest

from rex_auth_edge.control import ControlRefusedError
from rex_auth_edge.domain.clock import DAY
from rex_auth_edge.storage import sync_enrolments
from tests.exchange.conftest import Street
from tests.exchange.consoles import at, cloud
from tests.exchange.people import add, joined
from tests.exchange.street import CLOUD


async def test_a_hub_from_its_enrolment_to_its_leaving(street: Street) -> None:
    """Enrolled by a code of the cloud's console, it says in words how it stands, stops, goes on, and leaves."""
    hub = street.hubs[0]
    here, there = at(hub, street), cloud(street)
    assert (await here.do("sync.status"))["summary"] == "This household is on this hub alone."
    slug = str(street.cloud.tenant)
    code = (await there.do("sync_hubs.claim", owner="maya", household=slug))["code"]
    said = await here.do("sync.enroll", url=CLOUD, code=code)
    assert (said["enrolled"], said["waiting"]["security"] > 0 or said["waiting"]["identity"] >= 0) == (True, True)
    said = await here.do("sync.now")
    assert said["summary"].startswith("Nothing waits; cloud last reached just now; both agree as of ")
    assert (said["sentences"], said["trouble"]) == ([], None)
    assert (await here.do("sync.verify")) == {"ok": True, "repaired": 0, "differing": []}
    assert "was paused just now" in (await here.do("sync.pause", pause=True))["sentences"][0]
    said = await here.do("sync.now")
    assert (said["paused"], said["cloud"], said["reached_at"] is None) == (True, CLOUD, False)
    for verb in ("sync.verify", "sync.rotate"):
        with pytest.raises(ControlRefusedError, match="is paused here"):
            await here.do(verb)
    assert (await here.do("sync.pause", pause=False))["paused"] is False
    assert (await here.do("sync.rotate"))["trouble"] is None
    (listed,) = await there.do("sync_hubs.hubs", household=slug)
    assert listed["state"] == "active"
    assert (await there.do("sync.status", household=slug))["summary"] == "1 hub; last heard just now"
    hub.line.cut = True
    said = await here.do("sync.now")
    assert (said["trouble"], "can't be reached" in said["sentences"][0]) == ("unreachable", True)
    assert (await here.do("sync.forget"))["enrolled"] is False
    with pytest.raises(ControlRefusedError) as refused:
        await here.do("sync.now")
    assert refused.value.code == "not_enrolled"


async def test_what_a_paused_hub_says(street: Street) -> None:
    """Since when, what waits and when the cloud was last there; of trouble, what somebody has to end."""
    hub = await joined(street)
    here, hub.line.cut = at(hub, street), True
    assert (await here.do("sync.now"))["trouble"] == "unreachable"
    await here.do("sync.pause", pause=True)
    await add(hub.home, "noah")
    street.clock.advance(3 * DAY)
    said = await here.do("sync.pause", pause=True)
    assert (said["trouble"], said["summary"].split("; ")[1]) == (None, "cloud last reached 3 days ago")
    assert [each.partition(":")[0] for each in said["sentences"]] == [
        "Synchronisation was paused 3 days ago here, and what is done waits",
        "Of what waits, 2 changes may end or bar something",
        "1 thing was decided of which owners are told",
    ]
    assert (await here.do("sync.pause", pause=False))["paused_at"] is None
    await hub.home.store.write(lambda tx: sync_enrolments.change(tx, hub.tenant, trouble="unknown_key"))
    said = await here.do("sync.pause", pause=True)
    assert (said["trouble"], "enrol this hub anew" in said["sentences"][1]) == ("unknown_key", True)


async def test_a_hub_that_is_stopped_knows_its_cloud(street: Street) -> None:
    """Its console says from the disk what is known: the address, and when the cloud was last reached."""
    hub = await joined(street)
    await hub.sync.runs.end()
    said = await at(hub, street).do("sync.status")
    assert (said["cloud"], said["reached_at"] is None) == (CLOUD, False)
    with pytest.raises(ControlRefusedError, match="only beginning here"):
        await at(hub, street).do("sync.verify")


async def test_a_hub_that_is_removed(street: Street) -> None:
    """Its owner sees why nothing goes on, in one sentence."""
    hub = await joined(street)
    there, slug = cloud(street), str(street.cloud.tenant)
    (listed,) = await there.do("sync_hubs.hubs", household=slug)
    await there.do("sync_hubs.remove_hub", which=listed["id"], stolen=False, household=slug)
    said = await at(hub, street).do("sync.now")
    assert "removed this hub" in said["sentences"][0]
    assert (await there.do("sync.status", household=slug))[
        "summary"
    ] == "No hub has this household: it is in the cloud alone."
    late = await there.do("sync_hubs.remove_hub", which=listed["id"], stolen=True, household=slug)
    assert (late["id"], late["state"], late["stolen"]) == (listed["id"], "removed", True)
    assert [each.partition(":")[0] for each in late["told"]] == ["What a stolen hub had done to maya still stands"]


async def test_what_is_durable(street: Street) -> None:
    """Marked before a backup and told after it; what isn't a mark, or lies ahead, says nothing."""
    await joined(street)
    there = cloud(street)
    (mark,) = marks = await there.do("sync_hubs.mark")
    assert mark["household"] == str(street.cloud.tenant)
    assert await there.do("sync_hubs.durable", marks=marks) == {"households": 1}
    ahead = [mark | {"at": [mark["at"][0], mark["at"][1] + 1000]}]
    assert await there.do("sync_hubs.durable", marks=ahead) == {"households": 0}
    with pytest.raises(ControlRefusedError):
        await there.do("sync_hubs.durable", marks=[{"household": "home"}])
    assert await there.do("sync_hubs.restored") == {"households": 1}
    assert await there.do("sync_hubs.durable", marks=marks) == {"households": 0}


async def test_each_side_does_its_own(street: Street) -> None:
    """A hub makes no claim codes, and the cloud enrols nowhere."""
    here, there = at(street.hubs[0], street), cloud(street)
    with pytest.raises(ControlRefusedError) as refused:
        await here.do("sync_hubs.claim", owner="maya")
    assert refused.value.code == "not_allowed"
    with pytest.raises(ControlRefusedError) as refused:
        await there.do("sync.enroll", url=CLOUD, code="x", household=str(street.cloud.tenant))
    assert refused.value.code == "not_allowed"


async def test_doctor_looks_at_the_cloud(street: Street) -> None:
    """Of a hub that shares nothing it says nothing; else how it stands and, unless that is well, what to do."""
    hub = street.hubs[0]

    async def found() -> list[tuple[str, str, str]]:
        checks = await at(hub, street).do("doctor.state")
        return [(each["level"], each["seen"], each["advice"]) for each in checks if each["check"] == "cloud"]

    assert await found() == []
    await joined(street)
    ((level, seen, _),) = await found()
    assert (level, seen.startswith("home: Nothing waits; cloud last reached just now")) == ("ok", True)
    hub.line.cut = True
    await hub.meet()
    ((level, _, advice),) = await found()
    assert (level, "can't be reached" in advice) == ("warn", True)
    await at(hub, street).do("sync.pause", pause=True)
    ((level, _, advice),) = await found()
    assert (level, "sync resume" in advice) == ("warn", True)
