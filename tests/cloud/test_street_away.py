"""A hub that was away for a month, while hundreds of things were done on either side; and for longer than is believed.

`REX_AWAY=350 make test ARGS=tests/cloud/test_street_away.py` for thousands.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rex_auth_edge import machine
from rex_auth_edge.machine import SystemClock
from tests.clock.machines import Moved
from tests.cloud.pair import PASSWORD, bearer, validated
from tests.cloud.street import Street, act, add, members, sign_in, tokens, until
from tests.moving.original import HASHER, on_sqlite
from tests.moving.original import PASSWORD as FORMER
from tests.processes import Process, run

LONG = 180
"""Seconds until all the rest must be there."""
PEOPLE = int(machine.environment().get("REX_AWAY", "40"))
"""Who come on each side. With role, password, name, address and the record of it, each is six changes."""


def moves_in(folder: Path, side: str) -> str:
    """Where as many people are to be moved in from as are to come on a side."""
    folder.mkdir()
    source, hashed = on_sqlite(folder), HASHER.hash(FORMER)
    for number in range(PEOPLE):
        source.add(f"{side}{number}", f"{side}{number}@example.org", tenant=1, password_hash=hashed)
    source.write()
    return f"sqlite:///{source.url.database}"


def while_it_is_away(street: Street, folder: Path, maya: dict[str, Any], there: dict[str, Any]) -> int:
    """On either side somebody is shut out, and many come; how much waits at the hub, which is off in the end."""
    cloud = street.pair.one
    known = members(cloud, there)
    street.line.break_off()
    act(street.hub, maya, PASSWORD, f"/household/members/{known['zeno']['user_id']}/disable")
    here = street.console("household", "list")
    came = street.console("import", "--source", moves_in(folder / "hub", "near"), "--into", here[0]["slug"], "--apply")
    waiting = sum(street.stands(maya)["waiting"].values())
    street.hub.stop()
    act(cloud, there, PASSWORD, f"/household/members/{known['yara']['user_id']}/disable")
    slug = street.pair.sql("SELECT slug FROM tenants JOIN sync_standings ON tenant_id = id").split()[0]
    source = moves_in(folder / "cloud", "far")
    moving = ("import", "--source", source, "--into", slug, "--apply")
    went = run(Path("/nonexistent"), *moving, **street.pair.settings)
    assert went.returncode == 0, went.stderr
    assert came["moved"] == PEOPLE
    return int(waiting)


@pytest.fixture(scope="module", autouse=True)
def _back(street: Street) -> Iterator[None]:
    """The hub goes by the machine's own clock again once these tests are over."""
    yield
    street.hub.stop()
    street.start_hub()


def test_a_month_away(street: Street, tmp_path: Path, record_property: Any) -> None:
    """Who was shut out on either side is shut out on both as soon as the hub is back; then all the rest follows."""
    cloud = street.pair.one
    maya, there = tokens(street.hub, "maya"), tokens(cloud, "maya", tenant=street.tenant)
    for name in ("yara", "zeno"):
        assert add(street.hub, maya, name, "adult")
    street.agreed(maya)
    yara, zeno = tokens(street.hub, "yara"), tokens(cloud, "zeno", tenant=street.tenant)
    street.agreed(maya)

    waiting = while_it_is_away(street, tmp_path, maya, there)
    assert waiting >= 6 * PEOPLE
    street.line.mend()
    street.start_hub(**Moved(tmp_path).later("+30d"))
    began = SystemClock().now().boot
    until(lambda: validated(street.hub, yara).status_code == 401)
    until(lambda: validated(cloud, zeno).status_code == 401)
    record_property("in force on both, in ms after the hub began to serve", SystemClock().now().boot - began)
    anew = tokens(street.hub, "maya")
    all_of_them = {f"{side}{number}" for side in ("near", "far") for number in range(PEOPLE)}
    for process, owner in ((street.hub, anew), (cloud, there)):
        found = until(lambda: all_of_them <= set(there := members(process, owner)) and there, LONG)  # noqa: B023
        assert {found[name]["status"] for name in ("yara", "zeno")} == {"disabled"}
    street.agreed(anew, LONG)
    record_property("all the rest, in ms after that", SystemClock().now().boot - began)
    assert sign_in(street.hub, "far7", FORMER).status_code == 200
    assert sign_in(cloud, "near7", FORMER, street.tenant).status_code == 200
    assert street.console("sync", "verify")["ok"]


@pytest.fixture
def later(street: Street, tmp_path: Path) -> Iterator[dict[str, str]]:
    """What makes it 230 days later for a process, 200 after the month; the cloud's is its own again in the end."""
    yield Moved(tmp_path).later("+230d")
    street.pair.one.stop()
    street.start_cloud()


def says(process: Process, owner: dict[str, Any]) -> str:
    """What there is to know of synchronisation there, in sentences."""
    with process.client() as client:
        return " ".join(client.get("/household/sync", headers=bearer(owner)).json()["sentences"])


def renamed(waiting: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of what waits for an owner, another name for Rosa."""
    return [each for each in waiting if "username rosalind" in each["what"]]


def done_alone(street: Street, maya: dict[str, Any], known: dict[str, dict[str, Any]]) -> None:
    """At home somebody is removed, and somebody else has herself called otherwise."""
    rosa = tokens(street.hub, "rosa")
    with street.hub.client() as client:
        client.post("/auth/reauthenticate", json={"password": PASSWORD}, headers=bearer(maya))
        gone = client.delete(f"/household/members/{known['quin']['user_id']}", headers=bearer(maya))
        named = client.put("/auth/profile", json={"username": "rosalind"}, headers=bearer(rosa))
    assert (gone.status_code, named.status_code) == (200, 200), gone.text + named.text
    assert "rosalind" in members(street.hub, maya)


def test_longer_away_than_is_believed(street: Street, later: dict[str, str]) -> None:
    """Who was removed meanwhile is shut out at once; the rest waits until an owner confirms it, and is alike then."""
    maya = tokens(street.hub, "maya")
    for name in ("quin", "rosa"):
        assert add(street.hub, maya, name, "adult")
    street.agreed(maya)
    street.line.break_off()
    done_alone(street, maya, members(street.hub, maya))
    street.hub.stop()
    street.pair.one.stop()
    street.start_cloud(**later)
    cloud = street.pair.one
    there, quin = (tokens(cloud, name, tenant=street.tenant) for name in ("maya", "quin"))
    assert "A hub hasn't been heard for 230 days" in says(cloud, there)

    street.line.mend()
    street.start_hub(**later)
    until(lambda: validated(cloud, quin).status_code == 401)
    assert not street.console("sync", "now")["trouble"]
    maya = tokens(street.hub, "maya")
    (waits,) = renamed(street.console("sync", "reviews")["held"])
    with cloud.client() as client:
        (seen,) = renamed(client.get("/household/sync/reviews", headers=bearer(there)).json()["reviews"])
    assert waits["id"] == seen["id"]
    for where in ((cloud, there), (street.hub, maya)):
        assert {"rosa", "rosalind", "quin"} & set(members(*where)) == {"rosa"}
    act(cloud, there, PASSWORD, f"/household/sync/reviews/{seen['id']}/confirm")
    until(lambda: "rosalind" in members(street.hub, maya))
    assert sign_in(cloud, "rosalind", tenant=street.tenant).status_code == 200
    street.agreed(maya)
    assert street.console("sync", "verify")["ok"]
