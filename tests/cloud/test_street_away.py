"""A hub that was away for a month, while hundreds of things were done on either side.

`REX_AWAY=350 make test ARGS=tests/cloud/test_street_away.py` for thousands.
"""

from pathlib import Path
from typing import Any

from rex_auth_edge import machine
from rex_auth_edge.machine import SystemClock
from tests.clock.machines import Moved
from tests.cloud.pair import PASSWORD, validated
from tests.cloud.street import Street, act, add, members, sign_in, tokens, until
from tests.moving.original import HASHER, on_sqlite
from tests.moving.original import PASSWORD as FORMER
from tests.processes import run

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
    street.hub.stop()
    street.start_hub()
