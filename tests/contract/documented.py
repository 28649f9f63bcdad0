"""Requests made by the document, and answers held against it. Schemathesis takes seconds to be imported."""

import functools
import json
from typing import Any

import requests
import schemathesis
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi import checks

from tests.hub import BASE, Household

Case = schemathesis.Case[Any]
CHECKS = [
    *(not_a_server_error, checks.status_code_conformance, checks.content_type_conformance),
    *(checks.response_schema_conformance, checks.response_headers_conformance),
]


@functools.cache
def _schema(document: str) -> BaseSchema:
    return schemathesis.openapi.from_dict(json.loads(document))


def validate(document: str) -> None:
    """Raises where OpenAPI's own schema doesn't allow it."""
    _schema(document).validate()


def cases(document: str, name: str) -> st.SearchStrategy[Case]:
    """Good and bad requests to an endpoint, under any of its paths."""
    schema = _schema(document)
    return st.one_of(
        [
            schema[path][method].as_strategy(generation_mode=mode)
            for path, item in schema.raw_schema["paths"].items()
            for method, each in item.items()
            if each["operationId"].startswith(f"{name}__")
            for mode in schemathesis.GenerationMode
        ]
    )


async def put(home: Household, case: Case, bearer: str | None) -> None:
    """Ask as the case says, and hold the answer against the document."""
    asked = requests.Request(**case.as_transport_kwargs(base_url=BASE)).prepare()
    headers = {name: str(value) for name, value in asked.headers.items()}
    headers |= {} if bearer is None else {"authorization": f"Bearer {bearer}"}
    assert isinstance(asked.body, str | bytes | None)
    async with home.client() as client:
        answer = await client.request(str(asked.method), str(asked.url), content=asked.body, headers=headers)
    case.validate_response(answer, checks=CHECKS)
