"""A hub whose disk is an older one, or is there twice."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.cloud.pair import PASSWORD, bearer, validated
from tests.cloud.street import Street, act, add, members, sign_in, tokens, until
from tests.processes import Process, run

DATABASE = "rex-auth-edge.db"


def incarnation(street: Street) -> int:
    """The hub's, out of its database."""
    with closing(sqlite3.connect(street.folder / DATABASE)) as database:
        row = database.execute("SELECT value FROM node_facts WHERE name = 'node'").fetchone()
    return int(json.loads(row[0])["incarnation"])


def asked_to_look(street: Street) -> bool:
    """Whether an owner is asked whether members and devices are the right ones."""
    return any("put back from a backup" in each["why"] for each in street.console("sync", "reviews")["held"])


def test_a_backup_that_is_put_back(street: Street, tmp_path: Path) -> None:
    """The hub is another incarnation: sessions of before are over, what hadn't been sent is, what it lacks comes back.

    An owner is asked to look at members and devices, and both ends agree.
    """
    (tmp_path / "phrase").write_text("a passphrase of five words\n")
    phrase = ("--passphrase-file", str(tmp_path / "phrase"))
    before, maya = incarnation(street), tokens(street.hub, "maya")
    street.agreed(maya)
    street.line.break_off()
    assert add(street.hub, maya, "unsent", "adult")
    backup = street.console("db", "backup", "--to", str(tmp_path), *phrase)["file"]
    street.line.mend()
    street.agreed(maya)
    assert add(street.hub, maya, "since", "adult")
    street.agreed(maya)
    street.line.break_off()
    assert add(street.hub, maya, "nobody", "adult")
    street.hub.stop()
    street.console("db", "restore", backup, *phrase, "--yes")
    street.start_hub()
    assert validated(street.hub, maya).status_code == 401
    anew = tokens(street.hub, "maya")
    assert "older than what it has sent" in " ".join(street.stands(anew)["sentences"])
    assert add(street.hub, anew, "meanwhile", "adult")

    street.line.mend()
    street.agreed(anew)
    people = {"unsent", "since", "meanwhile"}
    there = tokens(street.pair.other, "maya", tenant=street.tenant)
    for process, owner in ((street.hub, anew), (street.pair.other, there)):
        found = until(lambda: people <= set(all_of_them := members(process, owner)) and all_of_them)  # noqa: B023
        assert "nobody" not in found
    assert sign_in(street.pair.other, "unsent", tenant=street.tenant).status_code == 200
    assert sign_in(street.hub, "since").status_code == 200
    assert incarnation(street) > before
    assert asked_to_look(street)
    assert street.console("sync", "verify")["ok"]


def test_an_older_file_that_somebody_has_copied_over(street: Street, tmp_path: Path) -> None:
    """Without any command, and with a line that is good: it is noticed at the start by the copy beside it."""
    before, maya = incarnation(street), tokens(street.hub, "maya")
    street.agreed(maya)
    street.hub.stop()
    shutil.copy(street.folder / DATABASE, tmp_path)
    street.start_hub()
    maya = tokens(street.hub, "maya")
    assert add(street.hub, maya, "newer", "adult")
    street.agreed(maya)
    street.hub.stop()
    for end in ("-wal", "-shm"):
        (street.folder / (DATABASE + end)).unlink(missing_ok=True)
    shutil.copy(tmp_path / DATABASE, street.folder)
    street.start_hub()
    anew = tokens(street.hub, "maya")
    street.agreed(anew)
    assert validated(street.hub, maya).status_code == 401
    until(lambda: "newer" in members(street.hub, anew))
    assert incarnation(street) > before
    assert asked_to_look(street)
    assert street.console("sync", "verify")["ok"]


def told(process: Process, owner: dict[str, Any]) -> str:
    """What an owner is told there of synchronisation."""
    with process.client() as client:
        return " ".join(client.get("/household/sync", headers=bearer(owner)).json()["sentences"])


def copied(street: Street, folder: Path) -> tuple[Process, dict[str, Any]]:
    """The hub's disk, stolen, in a hub that comes before it: it, and Maya signed in there."""
    street.hub.stop()
    shutil.copytree(street.folder, folder, ignore=shutil.ignore_patterns("*.sock"))
    stolen = street.start(folder)
    thief = tokens(stolen, "maya")
    run(folder, "sync", "now")
    street.start_hub()
    return stolen, thief


def test_a_hub_that_is_there_twice(street: Street, tmp_path: Path) -> None:
    """Neither the thief's, that comes first, nor the other is listened to; both learn of revocations, and say why.

    One that an owner lets in anew goes on, to the end; the other doesn't.
    """
    cloud, folder = street.pair.one, tmp_path / "stolen"
    maya, there = tokens(street.hub, "maya"), tokens(cloud, "maya", tenant=street.tenant)
    assert add(street.hub, maya, "paul", "adult")
    street.agreed(maya)
    paul = tokens(street.hub, "paul")
    street.agreed(maya)
    stolen, thief = copied(street, folder)
    assert add(street.hub, maya, "quinn", "adult")

    until(lambda: "two copies" in told(street.hub, maya))
    until(lambda: "two copies" in told(cloud, there))
    run(folder, "sync", "now")
    assert "two copies" in told(stolen, thief)
    with cloud.client() as client:
        (hub,) = client.get("/household/hubs", headers=bearer(there)).json()["hubs"]
    assert hub["state"] == "locked"

    act(cloud, there, PASSWORD, f"/household/members/{members(cloud, there)['paul']['user_id']}/disable")
    for process, home in ((street.hub, street.folder), (stolen, folder)):
        run(home, "sync", "now")
        assert validated(process, paul).status_code == 401
        assert sign_in(process, "maya").status_code == 200
    assert "quinn" not in members(cloud, there)

    way_out = "Turn the other one off, and enrol this one anew: `rex-auth-edge sync enroll`"
    assert way_out in told(street.hub, maya)
    street.enrol(there)
    street.agreed(tokens(street.hub, "maya"))
    assert "quinn" in members(cloud, there)
    assert street.console("sync", "verify")["ok"]
    run(folder, "sync", "now")  # who doesn't turn it off: its key is none any more
    assert "this one is over" in told(stolen, thief)
    verified = run(folder, "sync", "verify")
    assert (verified.returncode, "this one is over" in verified.stderr) == (1, True), verified.stderr
    stolen.stop()
