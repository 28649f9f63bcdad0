"""Tricks with headers of signed texts, and a removed device that tries everything."""

import json
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from rex_auth_edge.client import jose
from rex_auth_edge.client.keys import DeviceKey
from tests.devices.machines import ASSERTED, DEVICE_CODE, ISSUER, Machine, joined, simple
from tests.devices.test_tokens import claims, introspected
from tests.hub import Household
from tests.tenancy.routes import filled, handlers

THIEF = DeviceKey(ec.generate_private_key(ec.SECP256R1()))
ELSEWHERE = "http://127.0.0.1:9/keys"


def rewritten(text: str, **header: Any) -> str:
    """The same claims under a header that is changed, signed by a thief; unsigned where it says `alg: none`."""
    head = jwt.get_unverified_header(text) | header
    if head["alg"] == "none":
        parts = (json.dumps(head).encode(), json.dumps(claims(text)).encode())
        return ".".join([*map(jose.text, parts), ""])
    return jose.sign(head, claims(text), THIEF._private)


def by_public_key(text: str, jwk: dict[str, str]) -> str:
    """The same claims signed by HS256, with the public key for a secret."""
    key = jwt.PyJWK(jwk, "ES256").key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    parts = (json.dumps(jwt.get_unverified_header(text) | {"alg": "HS256"}).encode(), json.dumps(claims(text)).encode())
    signed = ".".join(map(jose.text, parts))
    made = jwt.get_algorithm_by_name("HS256")
    return f"{signed}.{jose.text(made.sign(signed.encode(), key))}"


def forgeries(text: str, jwk: dict[str, str]) -> dict[str, str]:
    """A signed text as a thief would have it, by trick."""
    return {
        "same kid": rewritten(text),
        "own key in jwk": rewritten(text, jwk=THIEF.jwk),
        "jku": rewritten(text, jku=ELSEWHERE, kid="mine"),
        "x5u": rewritten(text, x5u=ELSEWHERE, x5c=["MIIB"]),
        "kid is a path": rewritten(text, kid="../../../../dev/null"),
        "kid is a query": rewritten(text, kid="' OR 1=1 --"),
        "crit": rewritten(text, crit=["exp"]),
        "none": rewritten(text, alg="none"),
        "None": rewritten(text, alg="NoNe", typ="JWT"),
        "public key as secret": by_public_key(text, jwk),
        "two signatures": text + "." + text.rpartition(".")[2],
        "no signature": text.rpartition(".")[0] + ".",
        "zeros": text.rpartition(".")[0] + "." + jose.text(bytes(64)),
    }


async def test_headers_of_tokens_choose_nothing(
    lock: Machine, owner: httpx.AsyncClient, line: httpx.AsyncClient
) -> None:
    """Of devices' tokens and of people's: the hub finds none of them good, at introspection and for proxies."""
    keys = (await line.get("/.well-known/jwks.json")).json()["keys"]
    lamp = (await simple(owner, line))["access_token"]
    person = owner.headers["authorization"].removeprefix("Bearer ")
    for good in (lamp, person):
        assert (await introspected(lock, good))["active"]
        for trick, forged in forgeries(good, keys[0]).items():
            assert await introspected(lock, forged) == {"active": False}, trick
    for good in (lamp, person):
        headers = {"authorization": f"Bearer {good}"}
        assert (await line.get("/auth/forward?scope=door.open", headers=headers)).status_code == 200
        for trick, forged in list(forgeries(good, keys[0]).items()):
            headers = {"authorization": f"Bearer {forged}"}
            answer = await line.get("/auth/forward?scope=door.open", headers=headers)
            assert answer.status_code == 401, trick


async def test_headers_of_assertions_choose_nothing(lock: Machine) -> None:
    """A client assertion is checked with the key that is on record, whatever its header says (RFC 7523 section 3)."""
    await lock.renew()
    said = lock.key.assertion(lock.id, ISSUER, 0, lock.nonce)
    for trick, forged in forgeries(said, lock.key.jwk).items():
        form = {"token": "x", "client_assertion_type": ASSERTED, "client_assertion": forged}
        answer = await lock.post("/oauth/revoke", form)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), trick
    form = {"token": "x", "client_assertion_type": ASSERTED, "client_assertion": said}
    assert (await lock.post("/oauth/revoke", form)).status_code == 200


async def test_headers_of_proofs_choose_nothing(lock: Machine, line: httpx.AsyncClient) -> None:
    """A DPoP proof is by the key that it shows, and that is the device's; one that shows a private key is refused."""
    await lock.renew()
    good = lock.proof("/oauth/token")
    tricks = forgeries(good, lock.key.jwk) | {
        "private key": rewritten(good, jwk=lock.key.jwk | {"d": "AAAA"}),
        "no key": rewritten(good, jwk=None),
        "key of another kind": rewritten(good, jwk={"kty": "oct", "k": "AAAA"}),
        "point off the curve": rewritten(good, jwk=lock.key.jwk | {"y": lock.key.jwk["x"]}),
        "another type": rewritten(good, typ="JWT"),
    }
    for trick, forged in tricks.items():
        form = {"grant_type": "client_credentials"} | lock.known()
        answer = await line.post("/oauth/token", data=form, headers={"dpop": forged})
        lock.nonce = answer.headers["dpop-nonce"]
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof"), trick
    form = {"grant_type": "client_credentials"} | lock.known()
    both = [("dpop", good), ("dpop", lock.proof("/oauth/token"))]
    for order in (both, both[::-1]):
        assert (await line.post("/oauth/token", data=form, headers=order)).json()["error"] == "invalid_dpop_proof"


@pytest.mark.parametrize("kind", ["signs", "has a secret"])
async def test_a_removed_device_tries_every_route(
    kind: str, owner: httpx.AsyncClient, line: httpx.AsyncClient, home: Household
) -> None:
    """Whatever it has (token, key or secret, refresh token) opens nothing; no route takes it for anybody."""
    signs = kind == "signs"
    machine = await joined(owner, line) if signs else Machine(line)
    given = {} if signs else await simple(owner, line)
    token, device_id = given.get("access_token", machine.token), given.get("client_id", machine.id)
    machine.id = device_id
    assert (await owner.delete(f"/household/devices/{device_id}")).status_code == 200
    for route in await handlers(home):
        path = filled(route, tuple(device_id for _ in route.parameters))
        for scheme in ("Bearer", "DPoP"):
            headers = {"authorization": f"{scheme} {token}", "cookie": f"access_token={token}; refresh_token={token}"}
            if scheme == "DPoP":
                headers["dpop"] = machine.proof(path, route.method)
            answer = await line.request(route.method, path, headers=headers, json=route.body())
            home.clock.advance(2_000)  # under the rates that failures are counted against
            refused = answer.status_code in {400, 401, 403, 404, 429}
            assert refused or route.anybody, (route.method, path, answer.status_code)
            assert device_id not in answer.text
    forms: list[dict[str, str]] = [{"grant_type": "client_credentials"}, {"token": token}]
    for form in forms:
        for path in ("/oauth/token", "/oauth/introspect", "/oauth/revoke"):
            home.clock.advance(2_000)
            if signs:
                answer = await machine.post(path, form, know=True)
            else:
                who = (device_id, given["client_secret"])
                again = {"refresh_token": given["refresh_token"]} if "grant_type" in form else {}
                answer = await line.post(path, data=form | again, auth=who)
            wanted = {"unsupported_grant_type"} if path == "/oauth/token" and "token" in form else {"invalid_client"}
            assert answer.json()["error"] in wanted, (path, answer.text)
    assert (await line.post("/oauth/token", data={"grant_type": DEVICE_CODE, "device_code": device_id})).is_error
