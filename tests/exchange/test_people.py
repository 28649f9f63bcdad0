"""What synchronisation holds back and has decided, as a household's people find it over HTTP and on the pages."""

import json
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from rex_auth_edge.appliance import reach
from rex_auth_edge.domain.clock import DAY
from rex_auth_edge.exchange.mirror import differences
from rex_auth_edge.exchange.stores.hub import SqlHub
from rex_auth_edge.exchange.stores.shown import Shown
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.house import kept_home
from rex_auth_edge.sync.kinds import ACTIVE, PENDING, Kind
from rex_auth_edge.sync.wire import pack_state
from rex_auth_edge.verbs import verbs
from tests.exchange.held import pen, row, share
from tests.household.family import Family, family
from tests.hub import PASSWORD, Household, settings_for
from tests.pages.people import browser
from tests.pages.reading import sound


@pytest.fixture
async def they(home: Household) -> AsyncIterator[Family]:
    """Maya, the owner, and Noah, an adult, of a household that is shared with a cloud."""
    async with family(home) as made:
        await home.store.write(lambda tx: share(tx, home, home.hub.parts.home))
        yield made


async def comes(home: Household, kind: str, step: int, told: dict[str, Any], by: str | None = None) -> str:
    """Something of the cloud's arrives, because of somebody; its id."""
    actor = UUID(by).bytes if by else None

    def work(tx: Tx) -> str:
        store, writing, subject = SqlHub(tx, home.hub.parts.home), pen(), tx.new_id()
        store.put_row(row(kind, subject.bytes, writing.at, writing.climb(step, actor, **told)))
        store.flush()
        return str(subject)

    return await home.store.write(work)


async def role_waits(they: Family) -> str:
    """Somebody has made Noah an owner in the cloud."""
    grant = pack_state(pen().role("owner", UUID(they.maya_id).bytes))
    told = {"kind": Kind.ROLE.value, "id": UUID(they.noah_id).bytes, "state": grant, "why": "waits_for_owner"}
    return await comes(they.home, Kind.REVIEW, PENDING, told, they.maya_id)


async def test_how_it_stands(they: Family, home: Household) -> None:
    """In one line and in facts; a household that is shared with nobody says so."""
    shown = (await they.maya.get("/household/sync")).json()
    assert (shown["enrolled"], shown["reviews"], shown["paused"], shown["reached_at"]) == (True, 0, False, None)
    assert shown["waiting"]["identity"] > 0
    assert shown["summary"].endswith("changes wait; cloud not reached yet; not compared yet")
    assert (await they.noah.get("/household/sync")).json()["code"] == "not_allowed"


async def test_a_household_of_one_hub(home: Household) -> None:
    """Nothing waits where nothing is shared, and nothing can be decided."""
    async with family(home) as they:
        shown = (await they.maya.get("/household/sync")).json()
        assert (shown["enrolled"], shown["summary"]) == (False, "This household is on this hub alone.")
        assert (await they.maya.get("/household/sync/reviews")).json() == {"reviews": [], "notices": []}
        refused = await they.maya.post(f"/household/sync/reviews/{they.maya_id}/confirm")
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")


async def test_a_grant_that_waits_is_confirmed(they: Family, home: Household) -> None:
    """It is shown with who made it; once confirmed it is so at once, in rows and cells alike, and is on record."""
    review = await role_waits(they)
    (shown,) = (await they.maya.get("/household/sync/reviews")).json()["reviews"]
    assert (shown["id"], shown["what"], shown["by"]) == (review, "Make noah owner", "maya")
    assert (await they.maya.get("/household/sync")).json()["reviews"] == 1
    assert (await they.maya.post(f"/household/sync/reviews/{review}/confirm")).status_code == 200
    assert (await they.member(they.noah_id))["role"] == "owner"
    assert (await they.maya.get("/household/sync/reviews")).json()["reviews"] == []
    again = await they.maya.post(f"/household/sync/reviews/{review}/dismiss")
    assert (again.status_code, again.json()["code"]) == (404, "not_found")
    (entry,) = await they.audited("sync.review")
    assert (entry["subject_id"], entry["facts"]["confirmed"]) == (they.noah_id, "Make noah owner")
    parts, tenant_id = home.hub.parts, home.hub.parts.home
    assert await home.store.read(lambda conn: differences(conn, parts, tenant_id, Shown(conn, tenant_id))) == []


@pytest.mark.parametrize("why", ["restored", "locked"])
async def test_nothing_is_decided_on_a_hub_that_may_not_be_itself(they: Family, home: Household, why: str) -> None:
    """Nobody would hear of it: it is said, and the change waits on."""
    review = await role_waits(they)

    def work(tx: Tx) -> None:
        store = SqlHub(tx, home.hub.parts.home)
        store.put_me(replace(store.me(), **{why: True}))
        store.flush()

    await home.store.write(work)
    refused = await they.maya.post(f"/household/sync/reviews/{review}/confirm")
    assert (refused.status_code, refused.json()["code"]) == (503, "busy")
    assert (await they.member(they.noah_id))["role"] == "adult"
    assert len((await they.maya.get("/household/sync/reviews")).json()["reviews"]) == 1


async def test_a_grant_that_waits_is_dismissed(they: Family) -> None:
    """Nothing is done."""
    review = await role_waits(they)
    assert (await they.maya.post(f"/household/sync/reviews/{review}/dismiss")).status_code == 200
    assert (await they.member(they.noah_id))["role"] == "adult"
    assert (await they.maya.get("/household/sync/reviews")).json()["reviews"] == []


async def test_what_was_decided_against_somebody(they: Family, home: Household) -> None:
    """They see it until they have read it, nobody else of the household but its owners does, and those longer."""
    told = {"about": UUID(they.noah_id).bytes, "code": "password_replaced"}
    notice = await comes(home, Kind.NOTICE, ACTIVE, told)
    (shown,) = (await they.noah.get("/auth/notices")).json()["notices"]
    assert (shown["id"], shown["code"]) == (notice, "password_replaced")
    assert (await they.maya.get("/auth/notices")).json()["notices"] == []
    assert (await they.maya.delete(f"/auth/notices/{notice}")).status_code == 404
    assert (await they.noah.delete(f"/auth/notices/{notice}")).status_code == 200
    assert (await they.noah.get("/api/auth/notices")).json()["notices"] == []
    (shown,) = (await they.maya.get("/household/sync/reviews")).json()["notices"]
    assert "password of noah" in shown["says"]
    assert (await they.maya.delete(f"/household/sync/notices/{notice}")).status_code == 200
    assert (await they.maya.get("/household/sync/reviews")).json()["notices"] == []


async def test_when_it_was_decided(they: Family, home: Household, tmp_path: Path) -> None:
    """By the cloud's clock, over HTTP and on the console in words as well; what is no time isn't shown as one."""
    now = home.clock.now().wall
    review = {"kind": Kind.KEY.value, "id": bytes(16), "state": pack_state(pen().climb()), "why": ""}
    told = {"about": UUID(they.noah_id).bytes, "code": "password_replaced"}
    for at in (now - 2 * DAY, 2**63, "soon", -1):
        await comes(home, Kind.NOTICE, ACTIVE, told | {"decided_at": at})
        await comes(home, Kind.REVIEW, PENDING, review | {"decided_at": at})
    shown = (await they.maya.get("/household/sync/reviews")).json()
    for each in (shown["reviews"], shown["notices"]):
        (known,) = [found["decided_at"] for found in each if found["decided_at"]]
        assert datetime.fromisoformat(known).timestamp() * 1000 == now - 2 * DAY
    console = verbs(reach(settings_for(tmp_path), home.hub, running=True))
    said = json.loads(json.dumps(await console["sync.reviews"]()))
    assert {each["when"] for each in (*said["held"], *said["told"])} == {"2 days ago", None}
    noah = browser(home, "192.168.1.21")
    await noah.send("/sign-in", email="noah@example.com", password=PASSWORD)
    assert "2 days ago" in (await noah.open("/me")).text


async def test_the_pages(they: Family, home: Household) -> None:
    """An owner is led from the household's page to what waits, decides, and clears; the other finds theirs at Me."""
    await role_waits(they)
    await comes(home, Kind.NOTICE, ACTIVE, {"about": UUID(they.noah_id).bytes, "code": "password_replaced"})
    maya, noah = browser(home), browser(home, "192.168.1.21")
    for person, name in ((maya, "maya"), (noah, "noah")):
        await person.send("/sign-in", email=f"{name}@example.com", password=PASSWORD)
    assert "A change waits for an owner" in (await maya.open("/house")).text
    page = sound(await maya.client.get("/house/sync"))
    assert "Make noah owner" in page.text
    confirm = next(link for link in page.links if link.endswith("/confirm"))
    page = await maya.send(confirm)
    assert (maya.path, "Done." in page.text, "Make noah owner" in page.text) == ("/house/sync", True, False)
    clear = next(form.action for form in page.forms if form.action.endswith("/clear"))
    assert "Your password was set in two places" in (await noah.open("/me")).text
    read = next(form.action for form in (await noah.open("/me")).forms if form.action.endswith("/read"))
    assert "set in two places" not in (await noah.fill(read)).text
    assert "Nothing waits for you" in (await maya.fill(clear)).text


async def test_what_is_decided_about_synchronisation(they: Family, home: Household) -> None:
    """Roles of the cloud wait or stand, and some people's passwords stay at home; the rest of the policy stays."""
    shown = (await they.noah.get("/household/policy")).json()
    assert (shown["cloud_grants"], shown["passwords_home"]) == ("wait", [])
    wanted = {"cloud_grants": "stand", "passwords_home": "Noah, maya", "voice": "off"}
    changed = (await they.maya.patch("/household/policy", json=wanted)).json()
    assert (changed["cloud_grants"], changed["passwords_home"], changed["voice"]) == ("stand", ["maya", "noah"], False)
    tenant_id = home.hub.parts.home
    assert await home.store.read(lambda conn: kept_home(Shown(conn, tenant_id), UUID(they.noah_id).bytes))
    assert (await they.noah.patch("/household/policy", json=wanted)).status_code == 403
    changed = (await they.maya.patch("/household/policy", json={"passwords_home": ""})).json()
    assert (changed["cloud_grants"], changed["passwords_home"], changed["version"]) == ("stand", [], 3)
    assert not await home.store.read(lambda conn: kept_home(Shown(conn, tenant_id), UUID(they.noah_id).bytes))
    first = (await they.audited("policy.change"))[-1]
    assert first["facts"] == wanted


@pytest.mark.parametrize("wanted", [{"cloud_grants": "maybe"}, {"passwords_home": "noah,nobody"}])
async def test_what_cannot_be_decided(they: Family, wanted: dict[str, str]) -> None:
    """The field is named, and nothing is changed, fields that were right neither."""
    refused = await they.maya.patch("/household/policy", json=wanted | {"voice": "off"})
    assert (refused.status_code, refused.json()["code"], set(refused.json()["fields"])) == (
        400,
        "invalid_field",
        set(wanted),
    )
    assert (await they.maya.get("/household/policy")).json()["version"] == 1


async def test_nothing_to_decide_where_nothing_is_shared(home: Household) -> None:
    """It is refused, and said."""
    async with family(home) as they:
        refused = await they.maya.patch("/household/policy", json={"cloud_grants": "stand", "voice": "off"})
        assert (refused.status_code, refused.json()["code"]) == (409, "not_enrolled")
        assert (await they.maya.get("/household/policy")).json()["voice"] is True


async def test_the_rules_on_the_page(they: Family, home: Household) -> None:
    """What is decided about synchronisation is on the form of the household's rules, and a wrong name is sent back."""
    maya = browser(home)
    await maya.send("/sign-in", email="maya@example.com", password=PASSWORD)
    page = await maya.send("/house/rules/change", cloud_grants="stand", passwords_home="noah")
    assert (maya.path, "Hold at once" in page.text, "noah" in page.text) == ("/house/rules", True, True)
    sound(maya.shown)
    page = await maya.send("/house/rules/change", passwords_home="nobody")
    assert "There is nobody called nobody" in page.text
    sound(maya.shown)
