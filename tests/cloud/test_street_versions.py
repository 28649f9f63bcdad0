"""Hub and cloud whose programs are of different versions: this one, and one of tomorrow that is made of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cloud.pair import bearer, validated
from tests.cloud.street import Street, add, members, sign_in, tokens, until, waits

_TOMORROW = """
from msgspec.structs import replace
from rex_auth_edge.sync import kinds
kinds.KNOWN_NEEDS = frozenset({{"quiet_hours"}})
from rex_auth_edge.sync import bodies
bodies.OLDEST, bodies.NEWEST = {oldest}, {newest}
from rex_auth_edge.sync import pen
put = pen.Pen.put

def tomorrows(self, **values):
    state = put(self, **values)
    if "first_name" not in values:
        return state
    critical = ("quiet_hours",) if values["first_name"] == "Quiet" else ()
    return replace(state, needs=critical, rest={{"shoe_size": 44}})

pen.Pen.put = tomorrows
"""
"""What Python runs before the program (`sitecustomize`): profiles have a field more, and one of them a rule more."""

Tomorrow = Callable[[int, int], dict[str, str]]


@pytest.fixture
def tomorrow(tmp_path: Path) -> Tomorrow:
    """The environment in which a process is of tomorrow, and speaks these versions."""

    def made(oldest: int, newest: int) -> dict[str, str]:
        (tmp_path / "sitecustomize.py").write_text(_TOMORROW.format(oldest=oldest, newest=newest))
        return {"PYTHONPATH": str(tmp_path)}

    return made


def profiles(street: Street) -> list[bytes]:
    """What the cloud keeps of people's profiles."""
    found = street.pair.sql("SELECT HEX(state) FROM sync_cells WHERE kind = 'user.profile'").split()
    return [bytes.fromhex(each) for each in found]


def test_other_programs(street: Street, tomorrow: Tomorrow) -> None:
    """The household goes on whatever the versions are, and is one again once there is one that both speak."""
    one_in_common(street, tomorrow)
    none_in_common(street, tomorrow)


def one_in_common(street: Street, tomorrow: Tomorrow) -> None:
    """What a program doesn't know is carried along, or shuts out whom it is about, until there is one that knows it."""
    cloud = street.pair.other
    street.hub.stop()
    street.start_hub(**tomorrow(1, 2))
    maya = tokens(street.hub, "maya")
    for name in ("uma", "vic"):
        assert add(street.hub, maya, name, "adult")
    street.agreed(maya)
    vic = tokens(cloud, "vic", tenant=street.tenant)
    for name, called in (("uma", {"first_name": "Uma"}), ("vic", {"first_name": "Quiet"})):
        describe(street, name, called)
    until(lambda: validated(cloud, vic).status_code == 401)
    street.agreed(maya)
    assert sign_in(cloud, "vic", tenant=street.tenant).status_code in {401, 403}
    assert sign_in(cloud, "uma", tenant=street.tenant).status_code == 200
    assert sign_in(street.hub, "vic").status_code == 200, "this program knows the rule"

    street.hub.stop()
    street.start_hub()
    assert sign_in(street.hub, "vic").status_code in {401, 403}
    describe(street, "uma", {"last_name": "Undine"})
    street.agreed(tokens(street.hub, "maya"))
    assert any(b"shoe_size" in each and b"Undine" in each for each in profiles(street))


def none_in_common(street: Street, tomorrow: Tomorrow) -> None:
    """Whichever is older, both ends say who has to be updated."""
    cloud, there = street.pair.other, tokens(street.pair.other, "maya", tenant=street.tenant)
    street.hub.stop()
    street.start_hub(**tomorrow(2, 3))
    maya = tokens(street.hub, "maya")
    assert "operator has to update" in waits(street, maya, "cloud_older")
    assert state(street, there).startswith("ahead: This cloud's program is too old for a hub")
    assert add(street.hub, maya, "wim", "adult")
    assert sign_in(street.hub, "vic").status_code == 200

    street.pair.one.stop()
    street.start_cloud(**tomorrow(2, 3))
    assert not street.console("sync", "now")["trouble"]
    assert "wim" in members(street.pair.one, there)
    assert sign_in(street.pair.one, "vic", tenant=street.tenant).status_code == 200
    assert street.console("sync", "verify")["ok"]

    street.hub.stop()
    street.start_hub()
    maya = tokens(street.hub, "maya")
    assert "update this hub" in waits(street, maya, "hub_older")
    assert "outdated: A hub's program is too old for this cloud" in state(street, there, newer=True)
    street.pair.one.stop()
    street.start_cloud()
    assert not street.console("sync", "now")["trouble"]
    assert state(street, there).startswith("active: ")
    assert sign_in(street.hub, "vic").status_code in {401, 403}
    assert sign_in(cloud, "vic", tenant=street.tenant).status_code in {401, 403}
    assert street.console("sync", "verify")["ok"]


def describe(street: Street, name: str, fields: dict[str, str]) -> None:
    """Somebody says more of themselves, at the hub."""
    who = tokens(street.hub, name)
    with street.hub.client() as client:
        answer = client.patch("/auth/profile", json=fields, headers=bearer(who))
    assert answer.status_code == 200, answer.text


def state(street: Street, owner: dict[str, Any], *, newer: bool = False) -> str:
    """What an owner sees in the cloud of the hub, and of synchronisation."""
    with (street.pair.one if newer else street.pair.other).client() as client:
        said = client.get("/household/sync", headers=bearer(owner)).json()
        (hub,) = client.get("/household/hubs", headers=bearer(owner)).json()["hubs"]
    return f"{hub['state']}: {' '.join(said['sentences'])}"
