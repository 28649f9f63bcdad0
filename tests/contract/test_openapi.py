"""The document: valid, complete, the same in every run; and every answer that its endpoints give is in it."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rex_auth_edge.domain.refusals import Code
from rex_auth_edge.storage.store import Store
from rex_auth_edge.web.endpoints import ENDPOINTS
from tests.doubles import HandClock
from tests.examples import examples
from tests.hub import Household, household

MAYA = "maya@example.com"
PROBLEM = {"$ref": "#/components/schemas/Problem"}
FORM = "application/x-www-form-urlencoded"
BETWEEN_NODES = {
    *(Code.ALREADY_ENROLLED, Code.CLOUD_REFUSED, Code.CLOUD_UNREACHABLE, Code.HUB_REMOVED, Code.TOO_MANY_HUBS),
    *(Code.INVALID_CLAIM_CODE, Code.INVALID_PROOF, Code.UNKNOWN_HUB, Code.USE_NONCE, Code.VERSION_NOT_SPOKEN),
}
"""What the console is told, and hubs by their cloud, whose routes for them aren't of this document."""
bounded = settings(
    max_examples=examples(8), derandomize=True, database=None, deadline=None, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


@pytest.fixture
async def document(home: Household) -> dict[str, Any]:
    """The document as a client gets it."""
    answer = await home.client().get("/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    return dict(answer.json())


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of everything."""
    return [(method, path, each) for path, item in document["paths"].items() for method, each in item.items()]


async def test_document_is_valid(document: dict[str, Any]) -> None:
    """It is OpenAPI 3.1 by OpenAPI's own schema, its references lead somewhere, its ids are unique."""
    from tests.contract import documented  # noqa: PLC0415 - takes seconds, in whichever process needs it

    assert document["openapi"].startswith("3.1")
    documented.validate(json.dumps(document))
    references = set(re.findall(r'"\$ref": "#/components/schemas/(\w+)"', json.dumps(document)))
    assert references == set(document["components"]["schemas"])
    ids = [each["operationId"] for _, _, each in operations(document)]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"\w+", each) for each in ids)


async def test_document_is_the_same_every_time(document: dict[str, Any], home: Household) -> None:
    """Its order is no accident, so that two of them can be compared."""
    assert list(document["paths"]) == sorted(document["paths"])
    assert (await home.client().get("/openapi.json")).json() == document


async def test_refusals_have_one_shape(document: dict[str, Any]) -> None:
    """Every refusal is documented in the contract's shape, names its codes, and says when it bears Retry-After."""
    named = set()
    for _, path, operation in operations(document):
        refusals = {int(status): each for status, each in operation["responses"].items() if status != "200"}
        assert {400, 500} <= set(refusals), path
        for status, refusal in refusals.items():
            assert refusal["content"] == {"application/json": {"schema": PROBLEM}}
            assert ("Retry-After" in refusal.get("headers", {})) is (status in {429, 503})
            named |= set(refusal["description"].split(", "))
    problem = document["components"]["schemas"]["Problem"]
    assert set(problem["required"]) == {"message", "error", "code"}
    assert set(problem["properties"]["code"]["enum"]) == set(Code)
    assert set(Code) - named == {Code.METHOD_NOT_ALLOWED, Code.SLUG_TAKEN, *BETWEEN_NODES}
    assert "detail" not in json.dumps(document)


async def test_bodies(document: dict[str, Any]) -> None:
    """Every body can be sent as JSON and as a form, of texts alone."""
    bodies = [each["requestBody"]["content"] for _, _, each in operations(document) if "requestBody" in each]
    assert len(bodies) > 30
    for body in bodies:
        assert set(body) == {"application/json", FORM}
        assert body[FORM] == body["application/json"]
        name = body[FORM]["schema"]["$ref"].rpartition("/")[2]
        fields = document["components"]["schemas"][name]["properties"].values()
        assert all({"type": "string"} in field["oneOf"] for field in fields)


GATEWAYS = {
    "POST": [
        *("auth/register", "auth/verify-email", "auth/resend-otp", "auth/login", "auth/refresh", "auth/logout"),
        *("auth/logout-all", "auth/logout-others", "password/forgot", "password/reset-token/validate"),
        *("password/reset", "password/change", "profile/me/picture"),
    ],
    "GET": ["profile/me", "sessions", "security/activity"],
    "DELETE": ["profile/me/picture", "sessions", "sessions/{name}"],
    "PATCH": ["profile/me"],
    "PUT": ["profile/me"],
}


async def test_three_generations(document: dict[str, Any]) -> None:
    """What is documented under one prefix is under the others too, by the same handler; the gateway's own are there."""
    handlers = {(method, path): each["operationId"].partition("__")[0] for method, path, each in operations(document)}
    first = {asked: name for asked, name in handlers.items() if asked[1].startswith("/auth/")}
    assert len(first) > 20
    for (method, path), name in first.items():
        for prefix in ("/api", "/api/v1"):
            assert handlers[method, prefix + path] == name
    for method, paths in GATEWAYS.items():
        for path in paths:
            assert handlers[method.lower(), f"/api/v1/{path}"] in first.values()


async def test_security(document: dict[str, Any], home: Household) -> None:
    """What is documented as asking for a person refuses without one; what isn't, doesn't ask for one."""
    schemes = document["components"]["securitySchemes"]
    client = home.client()
    for method, path, operation in operations(document):
        security = operation["security"]
        assert {name for each in security for name in each} <= set(schemes)
        answer = await client.request(method, path.replace("{name}", "1"), json={} if method != "get" else None)
        if {} in security:
            assert answer.status_code != 401 or "refresh" in path or path.startswith("/oauth/"), path
        else:
            assert (answer.status_code, answer.json()["code"]) == (401, "missing_token"), path
        csrf = {"cookie": [], "csrf": []} in security
        assert csrf is (method != "get" and {} not in security), path


@pytest.fixture
async def talkative(sqlite_store: Store, clock: HandClock, tmp_path: Path) -> AsyncIterator[Household]:
    """A hub without rates, so that many questions reach its flows; Maya is in it."""
    home = await household(sqlite_store, clock, tmp_path / "data", RATE_LIMIT_ENABLED="false")
    await home.join(home.client(), MAYA)
    yield home
    await home.hub.close()


@pytest.mark.parametrize("name", ENDPOINTS)
async def test_answers_are_documented(talkative: Household, name: str) -> None:
    """Whatever is sent, rightly or wrongly made, signed in or not: the answer is one that the document has."""
    from tests.contract import documented  # noqa: PLC0415 - likewise

    document = (await talkative.client().get("/openapi.json")).text
    loop = asyncio.get_running_loop()

    @bounded
    @given(case=documented.cases(document, name), signed_in=st.booleans())
    def ask(case: documented.Case, signed_in: bool) -> None:  # noqa: FBT001 - drawn, not passed
        async def once() -> None:
            bearer = await sign_in(talkative) if signed_in else None
            await documented.put(talkative, case, bearer)

        asyncio.run_coroutine_threadsafe(once(), loop).result(30)

    await asyncio.to_thread(ask)


async def sign_in(home: Household) -> str:
    """A new session of Maya's."""
    async with home.client() as client:
        answer = await home.login(client, MAYA)
    return str(answer.json()["access_token"])
