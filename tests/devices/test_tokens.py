"""Tokens of devices: what they say, who gets another, and that nothing passes for them."""

import asyncio
from typing import Any

import httpx
import jwt
import pytest

from rex_auth_edge.client import jose
from rex_auth_edge.domain.clock import DAY, HOUR, MINUTE
from tests.devices.machines import ISSUER, Machine, added, joined, simple
from tests.hub import Household


def claims(token: str) -> dict[str, Any]:
    """What it says, unchecked."""
    return dict(jwt.decode(token, options={"verify_signature": False}))


async def introspected(asker: Machine, token: str) -> dict[str, Any]:
    """What the hub tells a device of a token."""
    answer = await asker.post("/oauth/introspect", {"token": token}, know=True)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_what_it_says(lock: Machine, line: httpx.AsyncClient, home: Household) -> None:
    """RFC 9068, bound to the key (RFC 9449), with its place in the household's list; PyJWT verifies it."""
    keys = (await line.get("/.well-known/jwks.json")).json()
    head = jwt.get_unverified_header(lock.token)
    key = jwt.PyJWKSet.from_dict(keys)[head["kid"]]
    when: Any = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
    said = jwt.decode(lock.token, key, ["ES256"], audience="rex-home", issuer=ISSUER, options=when)
    assert (head["typ"], said["sub"], said["client_id"]) == ("at+jwt", lock.id, lock.id)
    assert (said["cnf"], said["kind"]) == ({"jkt": lock.key.thumbprint}, "lock")
    assert said["exp"] - said["iat"] == HOUR // 1000
    assert said["status"]["status_list"]["uri"] == f"{ISSUER}/oauth/status/{home.hub.parts.home}"


async def test_neither_kind_passes_for_the_other(
    lock: Machine, owner: httpx.AsyncClient, line: httpx.AsyncClient
) -> None:
    """A device's token signs nobody in, and a person's is no device's."""
    for path in ("/auth/token/validate", "/auth/profile", "/household", "/household/devices"):
        answer = await line.get(path, headers={"authorization": f"Bearer {lock.token}"})
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    person = owner.headers["authorization"].removeprefix("Bearer ")
    assert (claims(person)["iss"], claims(person)["aud"]) != (claims(lock.token)["iss"], claims(lock.token)["aud"])


async def test_renewed_by_its_key_alone(lock: Machine, home: Household) -> None:
    """Whatever its clock says: the hub's nonce tells that it asks now."""
    before = lock.token
    for clock in (0, 4_000_000_000):
        lock.clock = clock
        home.clock.advance(MINUTE)
        assert (await lock.renew()).status_code == 200
    assert lock.token != before
    assert (await lock.renew(scope="door.open lights")).json()["scope"] == "door.open"


@pytest.mark.parametrize("how", ["replayed", "no nonce", "old nonce", "other url", "other method", "other key", "none"])
async def test_proofs_that_are_no_good(how: str, lock: Machine, line: httpx.AsyncClient, home: Household) -> None:
    """A proof is for one request, by the device's own key, now."""
    await lock.renew()
    form = {"grant_type": "client_credentials"} | lock.known()
    path = "/oauth/revoke" if how == "other url" else "/oauth/token"
    key = Machine(line).key if how == "other key" else lock.key
    nonce = None if how == "no nonce" else lock.nonce
    if how == "old nonce":
        home.clock.advance(6 * MINUTE)
        form = {"grant_type": "client_credentials"} | lock.known()
    proof = key.dpop("GET" if how == "other method" else "POST", ISSUER + path, 0, nonce)
    if how == "replayed":
        assert (await line.post("/oauth/token", data=form, headers={"dpop": proof})).status_code == 200
        form = {"grant_type": "client_credentials"} | lock.known()
    answer = await line.post("/oauth/token", data=form, headers={} if how == "none" else {"dpop": proof})
    assert answer.status_code in {400, 401}
    stale = {"no nonce", "old nonce"}
    assert answer.json()["error"] == ("use_dpop_nonce" if how in stale else "invalid_dpop_proof")


@pytest.mark.parametrize("how", ["replayed", "another's", "other audience", "none", "alg none", "by secret"])
async def test_assertions_that_are_no_good(
    how: str, lock: Machine, owner: httpx.AsyncClient, line: httpx.AsyncClient
) -> None:
    """Only the device's own key says that it is the device; each assertion once."""
    await lock.renew()
    other = await joined(owner, line)
    said = lock.key.assertion(lock.id, "https://elsewhere" if how == "other audience" else ISSUER, 0, lock.nonce)
    if how == "replayed":
        form = {"token": "x", "client_assertion": said}
        assert (await lock.post("/oauth/revoke", form)).status_code == 200
    if how == "another's":
        said = other.key.assertion(lock.id, ISSUER, 0, lock.nonce)
    if how == "alg none":
        head = jose.text(b'{"alg":"none","typ":"JWT"}')
        said = ".".join([head, said.split(".")[1], ""])
    form = {"token": "x"} | ({} if how == "none" else {"client_assertion": said})
    if how == "by secret":
        form = {"token": "x", "client_id": lock.id, "client_secret": "A" * 112}
    answer = await lock.post("/oauth/revoke", form)
    assert answer.status_code in {400, 401}
    assert answer.json()["error"] in {"invalid_client", "invalid_dpop_proof"}


@pytest.mark.parametrize("act", ["suspend", "remove", "restrict"])
async def test_in_force_at_once(act: str, lock: Machine, owner: httpx.AsyncClient, line: httpx.AsyncClient) -> None:
    """A suspended or removed device gets nothing more, and its tokens are dead; so is one with scopes it has lost."""
    asker = await joined(owner, line)
    assert (await introspected(asker, lock.token))["active"]
    path = f"/household/devices/{lock.id}"
    method, tail, body = {
        "suspend": ("POST", "/suspend", None),
        "remove": ("DELETE", "", None),
        "restrict": ("PATCH", "", {"scopes": ""}),
    }[act]
    assert (await owner.request(method, path + tail, json=body)).status_code == 200
    assert await introspected(asker, lock.token) == {"active": False}
    renewed = await lock.renew()
    if act == "restrict":
        assert (renewed.status_code, renewed.json()["scope"]) == (200, "")
        return
    assert (renewed.status_code, renewed.json()["error"]) == (401, "invalid_client")
    assert (await lock.post("/oauth/introspect", {"token": asker.token}, know=True)).status_code == 401
    assert (await lock.post("/oauth/revoke", {"token": lock.token}, know=True)).status_code == 401
    resumed = await owner.post(f"/household/devices/{lock.id}/resume")
    assert resumed.status_code == (200 if act == "suspend" else 404)
    assert (await lock.renew()).status_code == (200 if act == "suspend" else 401)


async def test_introspection_is_a_scope(owner: httpx.AsyncClient, line: httpx.AsyncClient, lock: Machine) -> None:
    """A device without it asks in vain; one with it is told of people, too, until their session ends."""
    lamp = await joined(owner, line, kind="lamp", scopes="lights")
    answer = await lamp.post("/oauth/introspect", {"token": lock.token}, know=True)
    assert (answer.status_code, answer.json()["error"]) == (403, "insufficient_scope")
    person = owner.headers["authorization"].removeprefix("Bearer ")
    assert (await introspected(lock, person))["roles"] == ["owner"]
    await owner.post("/auth/logout")
    assert await introspected(lock, person) == {"active": False}
    assert await introspected(lock, "garbage") == {"active": False}


async def test_refresh_tokens_are_used_once(owner: httpx.AsyncClient, line: httpx.AsyncClient, lock: Machine) -> None:
    """Of several at a time one wins; the others' reuse ends the chain, and what it had given."""
    given = await simple(owner, line)
    who = (given["client_id"], given["client_secret"])
    form = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"]}
    answers = await asyncio.gather(*(line.post("/oauth/token", data=form, auth=who) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]
    assert await introspected(lock, given["access_token"]) == {"active": False}
    again = await line.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=who)
    assert again.status_code == 200
    assert (await introspected(lock, again.json()["access_token"]))["active"]


async def test_a_device_ends_its_own(lock: Machine, owner: httpx.AsyncClient, line: httpx.AsyncClient) -> None:
    """RFC 7009: its own tokens with all of their chain; of others' it ends nothing, and is told nothing."""
    other = await joined(owner, line)
    for token in (other.token, "garbage", owner.headers["authorization"].removeprefix("Bearer ")):
        assert (await lock.post("/oauth/revoke", {"token": token}, know=True)).status_code == 200
    assert (await introspected(lock, other.token))["active"]
    assert (await lock.post("/oauth/revoke", {"token": lock.token}, know=True)).status_code == 200
    assert await introspected(other, lock.token) == {"active": False}


async def test_expiry(lock: Machine, home: Household, owner: httpx.AsyncClient, line: httpx.AsyncClient) -> None:
    """A lock's token lives for an hour of running time, whatever the wall clock does meanwhile."""
    asker = await joined(owner, line, kind="tablet")
    home.clock.step(DAY)
    assert (await introspected(asker, lock.token))["active"]
    home.clock.step(-2 * DAY)
    home.clock.advance(HOUR)
    assert await introspected(asker, lock.token) == {"active": False}


async def test_metadata_names_what_works(line: httpx.AsyncClient) -> None:
    """RFC 8414: every endpoint that it names answers, and it names no other grant than what is taken."""
    said = (await line.get("/.well-known/oauth-authorization-server")).json()
    assert said["issuer"] == ISSUER
    for name, url in said.items():
        if name.endswith("_endpoint"):
            assert (await line.post(url, data={})).status_code in {400, 401}, name
    unsupported = await line.post("/oauth/token", data={"grant_type": "password"})
    assert unsupported.json()["error"] == "unsupported_grant_type"
    for grant in said["grant_types_supported"]:
        answer = await line.post("/oauth/token", data={"grant_type": grant})
        assert answer.json()["error"] != "unsupported_grant_type"


async def test_added(owner: httpx.AsyncClient) -> None:
    """Bad wishes are refused field by field."""
    for wrong in ({"name": ""}, {"kind": "toaster"}, {"scopes": "Not/Good"}, {"scopes": "hub.everything"},
                  {"code_life": "2d"}, {"room": "x" * 81}):  # fmt: skip
        answer = await owner.post("/household/devices", json={"name": "Lamp", "kind": "lamp"} | wrong)
        assert (answer.status_code, list(answer.json()["fields"])) == (400, list(wrong)), wrong
    assert (await added(owner, name="Lamp", kind="lamp", scopes=""))["code"]
