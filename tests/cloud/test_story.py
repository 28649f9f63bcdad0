"""A hub and the cloud as people use them, in processes of their own; what the README tells was done here."""

import shutil
import signal
from pathlib import Path

from redis import Redis

from tests.bad_days import disks
from tests.cloud.pair import PASSWORD, bearer, validated
from tests.cloud.street import Street, act, add, change_password, members, session_of, sign_in, tokens, until
from tests.processes import run

ANOTHER, THIRD = "Lantern-Grove-77?", "Copper-Tulip-19."


def test_one_household_on_both_sides(street: Street) -> None:
    """Cut off, both sides go on by themselves, and are one again soon after the line is back.

    A member who was disabled in the cloud and a session that was ended at the hub are so on both sides; of two new
    passwords one is good, everywhere, and its person is told.
    """
    cloud, other, line, tenant = street.pair.one, street.pair.other, street.line, street.tenant
    at_hub, at_cloud = tokens(street.hub, "noah"), tokens(cloud, "noah", tenant=tenant)
    leo, maya, owner = tokens(street.hub, "leo"), tokens(cloud, "maya", tenant=tenant), tokens(street.hub, "maya")
    street.agreed(owner)
    with street.hub.client() as client:
        until(lambda: session_of(maya) in client.get("/auth/sessions", headers=bearer(owner)).text)

    line.break_off()
    act(cloud, maya, PASSWORD, f"/household/members/{members(cloud, maya)['leo']['user_id']}/disable")
    assert validated(street.hub, leo).status_code == 200
    with street.hub.client() as client:  # the session that she has begun in the cloud
        done = client.delete(f"/auth/sessions/{session_of(maya)}", headers=bearer(owner))
    assert done.status_code == 200, done.text
    assert validated(cloud, maya).status_code == 200
    change_password(cloud, at_cloud, PASSWORD, ANOTHER)
    change_password(street.hub, at_hub, PASSWORD, THIRD)
    assert sum(street.stands(owner)["waiting"].values()) > 0
    assert sign_in(street.hub, "noah", ANOTHER).status_code == 401
    assert sign_in(street.hub, "noah", THIRD).status_code == 200

    line.mend()
    until(lambda: validated(street.hub, leo).status_code == 401)
    until(lambda: validated(other, maya).status_code == 401)
    assert sign_in(street.hub, "leo").status_code in {401, 403}
    good = until(lambda: {each for each in (ANOTHER, THIRD) if sign_in(other, "noah", each, tenant).status_code == 200})
    until(lambda: {each for each in (ANOTHER, THIRD) if sign_in(street.hub, "noah", each).status_code == 200} == good)
    assert len(good) == 1
    with street.hub.client() as client:
        until(lambda: "password of noah" in client.get("/household/sync/reviews", headers=bearer(owner)).text)
    assert street.console("sync", "verify")["ok"]


def test_a_revocation_crosses_at_once(street: Street) -> None:
    """Ended in the cloud, refused at the hub; ended at the hub, gone from the cloud's list: without being asked for."""
    maya = tokens(street.pair.one, "maya", tenant=street.tenant)
    here = tokens(street.hub, "maya")
    with street.pair.other.client() as client:
        known = until(lambda: session_of(here) in client.get("/auth/sessions", headers=bearer(maya)).text)
        done = client.delete(f"/auth/sessions/{session_of(here)}", headers=bearer(maya))
    assert (known, done.status_code) == (True, 200), done.text
    until(lambda: validated(street.hub, here).status_code == 401)


def test_the_clouds_console_tells_who_waits(street: Street) -> None:
    """What an operator does at the console, every process that serves hears of, and so does a hub that waits there."""
    settings = street.pair.settings
    with Redis.from_url(settings["RATELIMIT_STORAGE_URI"]) as redis, redis.pubsub() as paper:
        paper.psubscribe("rex-auth-edge:*:news")
        slug = street.pair.sql("SELECT slug FROM tenants JOIN sync_standings ON tenant_id = id").split()[0]
        done = run(Path("/nonexistent"), "household", "rename", "Birch Street", "--household", slug, **settings)
        assert done.returncode == 0, done.stderr
        said = until(lambda: paper.get_message(ignore_subscribe_messages=True, timeout=0.1))
    assert b"moved" in said["data"]


def test_a_hub_that_is_killed(street: Street) -> None:
    """In the middle of sending, and of a slow line: nothing is lost that was confirmed."""
    maya = tokens(street.hub, "maya")
    street.line.delay = 0.02
    names = [f"guest-{number}" for number in range(4)]
    for name in names[:2]:
        assert add(street.hub, maya, name, "guest")
    street.hub.stop(signal.SIGKILL)
    street.start_hub()
    for name in names[2:]:
        assert add(street.hub, maya, name, "guest")
    street.line.mend()
    there = tokens(street.pair.other, "maya", tenant=street.tenant)
    until(lambda: set(names) <= set(members(street.pair.other, there)))
    for name in names:
        assert sign_in(street.pair.other, name, tenant=street.tenant).status_code == 200
    assert street.console("sync", "now")["agreed_at"]


def test_a_full_disk_at_the_hub(street: Street, tmp_path: Path) -> None:
    """What takes access away is done on a full disk, and reaches the cloud from there; the rest waits for room."""
    disks.needed()
    maya, home = tokens(street.pair.other, "maya", tenant=street.tenant), street.folder
    street.hub.stop()
    with disks.tmpfs(tmp_path / "disk", 64) as disk:
        street.folder = _moved(home, disk / "data")
        street.start_hub()
        here = tokens(street.hub, "maya")
        with street.hub.client() as client:
            until(lambda: session_of(maya) in client.get("/auth/sessions", headers=bearer(here)).text)
            ballast = disks.fill(disk)
            assert sign_in(street.hub, "maya").json()["code"] == "storage_full"
            ended = client.delete(f"/auth/sessions/{session_of(maya)}", headers=bearer(here))
        assert ended.status_code == 200, ended.text
        until(lambda: validated(street.pair.other, maya).status_code == 401)
        ballast.unlink()
        until(lambda: sign_in(street.hub, "maya").status_code == 200)
        street.agreed(here)
        street.hub.stop()
        street.folder = _moved(street.folder, home)
    street.start_hub()


def _moved(folder: Path, there: Path) -> Path:
    """The data directory of a hub that doesn't run."""
    return Path(shutil.copytree(folder, there, ignore=shutil.ignore_patterns("*.sock"), dirs_exist_ok=True))
