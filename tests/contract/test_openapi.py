"""The document: valid, complete, the same in every run; and every answer that its endpoints give is in it."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from rex_auth_edge.domain.refusals import Code
from rex_auth_edge.storage.store import Store
from rex_auth_edge.web.endpoints import ENDPOINTS
from tests.doubles import HandClock
from tests.hub import BASE, Household, household

MAYA = "maya@example.com"
PROBLEM = {"$ref": "#/components/schemas/Problem"}
FORM = "application/x-www-form-urlencoded"
BETWEEN_NODES = {
    *(Code.ALREADY_ENROLLED, Code.CLOUD_REFUSED, Code.CLOUD_UNREACHABLE, Code.HUB_REMOVED),
    *(Code.INVALID_CLAIM_CODE, Code.INVALID_PROOF, Code.UNKNOWN_HUB, Code.USE_NONCE, Code.VERSION_NOT_SPOKEN),
}
"""What the console is told, and hubs by their cloud, whose routes for them aren't of this document."""
Case = schemathesis.Case[Any]
CHECKS = [
    *(not_a_server_error, checks.status_code_conformance, checks.content_type_conformance),
    *(checks.response_schema_conformance, checks.response_headers_conformance),
]
bounded = settings(
    max_examples=12, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
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
    assert document["openapi"].startswith("3.1")
    schemathesis.openapi.from_dict(document).validate()
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


async def put(home: Household, case: Case, bearer: str | None) -> None:
    """Ask as the case says, and hold the answer against the document."""
    asked = requests.Request(**case.as_transport_kwargs(base_url=BASE)).prepare()
    headers = {name: str(value) for name, value in asked.headers.items()}
    headers |= {} if bearer is None else {"authorization": f"Bearer {bearer}"}
    assert isinstance(asked.body, str | bytes | None)
    async with home.client() as client:
        answer = await client.request(str(asked.method), str(asked.url), content=asked.body, headers=headers)
    case.validate_response(answer, checks=CHECKS)


def cases(document: dict[str, Any], name: str) -> st.SearchStrategy[Case]:
    """Good and bad requests to an endpoint, under any of its paths."""
    schema = schemathesis.openapi.from_dict(document)
    return st.one_of(
        [
            schema[path][method].as_strategy(generation_mode=mode)
            for method, path, each in operations(document)
            if each["operationId"].startswith(f"{name}__")
            for mode in schemathesis.GenerationMode
        ]
    )


@pytest.mark.parametrize("name", ENDPOINTS)
async def test_answers_are_documented(talkative: Household, name: str) -> None:
    """Whatever is sent, rightly or wrongly made, signed in or not: the answer is one that the document has."""
    document = (await talkative.client().get("/openapi.json")).json()
    loop = asyncio.get_running_loop()

    @bounded
    @given(case=cases(document, name), signed_in=st.booleans())
    def ask(case: Case, signed_in: bool) -> None:  # noqa: FBT001 - drawn, not passed
        async def once() -> None:
            bearer = await sign_in(talkative) if signed_in else None
            await put(talkative, case, bearer)

        asyncio.run_coroutine_threadsafe(once(), loop).result(30)

    await asyncio.to_thread(ask)


async def sign_in(home: Household) -> str:
    """A new session of Maya's."""
    async with home.client() as client:
        answer = await home.login(client, MAYA)
    return str(answer.json()["access_token"])
