"""Refusals over HTTP: one table, one shape."""

import logging

import pytest

from rex_auth_edge.domain.refusals import Code
from rex_auth_edge.web.problems import STATUS
from tests.web.outside import TYPED, Outside, shape


def test_every_code_has_a_status() -> None:
    """A new code can't be forgotten in the table."""
    assert set(STATUS) == set(Code)
    assert all(400 <= status < 600 for status in STATUS.values())


@pytest.mark.parametrize("code", Code)
async def test_refusals(code: Code) -> None:
    """A refusal has its status, the contract's shape and its fields; a 429 or 503 says when to ask again."""
    answer = await Outside().client().get(f"/refused/{code.value}")
    body = shape(answer, STATUS[code], code.value)
    assert body["message"] == "Please do something else"
    assert body["fields"] == {"email": "taken"}
    assert answer.headers.get("retry-after") == ("7" if STATUS[code] in {429, 503} else None)


async def test_what_the_framework_refuses() -> None:
    """Unknown paths and methods and bad parameters have the same shape; a 405 names the methods that are allowed."""
    client = Outside().client()
    shape(await client.get("/nowhere"), 404, "not_found")
    answer = await client.put("/auth/echo")
    shape(answer, 405, "method_not_allowed")
    assert "POST" in answer.headers["allow"]
    body = shape(await client.get("/auth/me?page=x"), 400, "invalid_field")
    assert set(body["fields"]) == {"page"}


@pytest.mark.parametrize("path", ["/bug", "/internal", "/unencodable"])
async def test_bugs(path: str, caplog: pytest.LogCaptureFixture) -> None:
    """A bug is a 500 without internals; its traceback and its causes are logged, their texts are not."""
    caplog.set_level(logging.DEBUG)
    body = shape(await Outside().client().get(path), 500, "internal_error")
    assert TYPED not in str(body)
    assert "Error" not in body["message"]
    [record] = [record for record in caplog.records if record.name == "rex_auth_edge.web"]
    assert record.levelno == logging.ERROR
    assert "Traceback" in caplog.text
    assert TYPED not in caplog.text


async def test_bugs_causes(caplog: pytest.LogCaptureFixture) -> None:
    """The log tells where a bug came from: each exception of the chain with its place."""
    await Outside().client().get("/bug")
    assert "ValueError" in caplog.text
    assert "LookupError" in caplog.text
    assert "in bug" in caplog.text
