"""A hub and the cloud as people use them, in processes of their own; what the README tells was done here."""

import signal
from functools import partial
from pathlib import Path
from typing import Any

import jwt
from redis import Redis

from tests.cloud.pair import PASSWORD, bearer, validated
from tests.cloud.street import Street, sign_in, tokens, until
from tests.processes import Process, run

ANOTHER, THIRD = "Lantern-Grove-77?", "Copper-Tulip-19."


def member(process: Process, owner: dict[str, Any], name: str) -> dict[str, Any]:
    """One of the household, as its owner sees them."""
    with process.client() as client:
        found = client.get("/household/members", headers=bearer(owner))
    assert found.status_code == 200, found.text
    return next((each for each in found.json()["members"] if each["username"] == name), {})


def session_of(who: dict[str, Any]) -> str:
    """Which session a token is of."""
    return str(jwt.decode(who["access_token"], options={"verify_signature": False})["sid"])


def act(process: Process, owner: dict[str, Any], password: str, path: str) -> None:
    """An owner does something for which they prove who they are."""
    with process.client() as client:
        proven = client.post("/auth/reauthenticate", json={"password": password}, headers=bearer(owner))
        assert proven.status_code == 200, proven.text
        done = client.post(path, headers=bearer(owner))
    assert done.status_code == 200, done.text


def change_password(process: Process, who: dict[str, Any], former: str, wanted: str) -> None:
    """Somebody chooses another password."""
    body = {"current_password": former, "new_password": wanted}
    with process.client() as client:
        done = client.post("/auth/password/change", json=body, headers=bearer(who))
    assert done.status_code == 200, done.text


def test_one_household_on_both_sides(street: Street) -> None:
    """Claimed, enrolled, cut off; both sides go on by themselves, and are one again soon after the line is back.

    A member who was disabled in the cloud and a session that was ended at the hub are so on both sides; of two new
    passwords one is good, everywhere, and its person is told.
    """
    cloud, other, line = street.pair.one, street.pair.other, street.line
    founded = street.pair.join(cloud, "maya@example.com", "maya")
    tenant = founded["tenant_id"]
    street.claim("maya", PASSWORD)
    street.console("user", "add", "noah", "--role", "adult", typed=PASSWORD + "\n")
    street.console("user", "add", "leo", "--role", "adult", typed=PASSWORD + "\n")
    street.enrol(founded)
    until(lambda: sign_in(other, "noah", tenant=tenant).status_code == 200)  # nobody told the cloud but the hub
    at_hub, at_cloud = tokens(street.hub, "noah"), tokens(cloud, "noah", tenant=tenant)
    leo, maya = tokens(street.hub, "leo"), tokens(cloud, "maya", tenant=tenant)
    until(lambda: street.console("sync", "status")["agreed_at"])

    line.break_off()
    act(cloud, maya, PASSWORD, f"/household/members/{member(cloud, maya, 'leo')['user_id']}/disable")
    assert validated(street.hub, leo).status_code == 200
    with street.hub.client() as client:  # the session that she has begun in the cloud
        done = client.delete(f"/auth/sessions/{session_of(maya)}", headers=bearer(tokens(street.hub, "maya")))
    assert done.status_code == 200, done.text
    assert validated(cloud, maya).status_code == 200
    change_password(cloud, at_cloud, PASSWORD, ANOTHER)
    change_password(street.hub, at_hub, PASSWORD, THIRD)
    waits = street.console("sync", "status")
    assert sum(waits["waiting"].values()) > 0
    assert sign_in(street.hub, "noah", ANOTHER).status_code == 401
    assert sign_in(street.hub, "noah", THIRD).status_code == 200

    line.mend()
    until(lambda: validated(street.hub, leo).status_code == 401)
    until(lambda: validated(other, maya).status_code == 401)
    assert sign_in(street.hub, "leo").status_code in {401, 403}
    good = until(lambda: {each for each in (ANOTHER, THIRD) if sign_in(other, "noah", each, tenant).status_code == 200})
    until(lambda: {each for each in (ANOTHER, THIRD) if sign_in(street.hub, "noah", each).status_code == 200} == good)
    assert len(good) == 1
    told = until(lambda: street.console("sync", "reviews")["told"])
    assert any("noah" in each["says"] for each in told)
    verified = street.console("sync", "verify")
    assert verified


def test_a_revocation_crosses_at_once(street: Street) -> None:
    """Ended in the cloud, refused at the hub; ended at the hub, gone from the cloud's list: without being asked for."""
    tenant = street.pair.sql("SELECT LOWER(HEX(tenant_id)) FROM sync_standings").split()[0]
    maya = tokens(street.pair.one, "maya", tenant=tenant)
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


def _is_in(street: Street, name: str, tenant: str) -> bool:
    return sign_in(street.pair.other, name, tenant=tenant).status_code == 200


def test_killed_on_both_sides(street: Street) -> None:
    """A hub and a process of the cloud that are killed in the middle lose nothing that was confirmed."""
    tenant = street.pair.sql("SELECT LOWER(HEX(tenant_id)) FROM sync_standings").split()[0]
    street.line.delay = 0.02
    names = [f"guest-{number}" for number in range(4)]
    for name in names[:2]:
        street.console("user", "add", name, "--role", "guest", typed=PASSWORD + "\n")
    street.hub.stop(signal.SIGKILL)
    with street.serving():
        for name in names[2:]:
            street.console("user", "add", name, "--role", "guest", typed=PASSWORD + "\n")
        street.line.mend()
        for name in names:
            until(partial(_is_in, street, name, tenant))
        assert until(lambda: street.console("sync", "now")["agreed_at"])
