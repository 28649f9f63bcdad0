"""The API's document (OpenAPI 3.1), made of the routes and of what `endpoints` says of each.

The framework knows paths, bodies and answers. What it can't know is added here: the one shape of refusals, forms beside
JSON, and how a request shows its authority. `/openapi.json` serves the document, `/docs` renders it.
"""

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

import msgspec
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import OpenAPI
from litestar.types import Method
from typing_extensions import override

from rex_auth_edge.domain.refusals import Code
from rex_auth_edge.web.api.messages import Problem
from rex_auth_edge.web.authority import SCHEMES
from rex_auth_edge.web.endpoints import ALWAYS, ENDPOINTS, IN_THE_CLOUD, PERSON, PERSON_UNSAFE, UNSAFE
from rex_auth_edge.web.problems import ASK_AGAIN, STATUS

_METHODS = ("get", "post", "put", "patch", "delete")
_SCHEMAS = "#/components/schemas/{name}"
_FORM = "application/x-www-form-urlencoded"

_ENDING = frozenset({
    *("signin_logout", "signin_logout_all", "signin_logout_others"),
    *("sessions_end", "sessions_end_others"),
})  # fmt: skip
"""What also somebody may do whose session is at another of the household's nodes."""
_IDENTITY = ("Remote-User", "Remote-Name", "Remote-Email", "Remote-Groups", "X-Rex-Subject", "X-Rex-Household")


class DocumentConfig(OpenAPIConfig):
    """Litestar's configuration; the document is made when somebody first asks for it."""

    @override
    def to_openapi_schema(self) -> OpenAPI:
        made = super().to_openapi_schema()
        return _Document(**{each.name: getattr(made, each.name) for each in fields(made)})


class _Document(OpenAPI):
    @override
    def to_schema(self) -> dict[str, Any]:
        return _completed(super().to_schema())


def operation_id(handler: HTTPRouteHandler, _: Method, path: list[Any]) -> str:
    """The handler's name and, behind two underscores, the path: the same in every run, and different for aliases."""
    name = handler.fn.__qualname__.rpartition("<locals>.")[2].replace(".", "_").lower()
    parts = [part if isinstance(part, str) else part.name for part in path]
    return f"{name}__{'_'.join(parts)}".translate({ord("-"): "_", ord("."): "_"})


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    components = document["components"]
    components["schemas"] = dict(sorted({**components["schemas"], **_problem()}.items()))
    components["securitySchemes"] = SCHEMES
    document["paths"] = dict(sorted(document["paths"].items()))
    for item in document["paths"].values():
        for method in _METHODS:
            if (operation := item.get(method)) is not None:
                _complete(operation, method)
    return document


def _problem() -> dict[str, Any]:
    _, schemas = msgspec.json.schema_components([Problem], ref_template=_SCHEMAS)
    schemas["Problem"]["properties"]["code"]["enum"] = [code.value for code in Code]
    return schemas


def _complete(operation: dict[str, Any], method: str) -> None:
    name = operation["operationId"].partition("__")[0]
    endpoint, unsafe = (ENDPOINTS | IN_THE_CLOUD)[name], method != "get"
    codes = {*ALWAYS, *endpoint.refusals, *(UNSAFE if unsafe else ())}
    operation["tags"] = [endpoint.tag]
    operation["security"] = endpoint.security or (PERSON_UNSAFE if unsafe else PERSON)
    if operation["security"] is PERSON_UNSAFE:
        codes |= {Code.CSRF_FAILED} if name in _ENDING else {Code.CSRF_FAILED, Code.ISSUED_ELSEWHERE}
    if (body := operation.get("requestBody")) is not None:
        body["content"][_FORM] = body["content"]["application/json"]
        body["required"] = False
    answers = operation["responses"]
    operation["responses"] = {"200": _good(name, answers["200"]), **_refusals(codes)}
    if name == "forward_ask":
        # With redirect=true the same refusal sends a browser to the sign-in page.
        operation["responses"]["302"] = operation["responses"]["401"]


def _good(name: str, answer: dict[str, Any]) -> dict[str, Any]:
    """What the framework can't see of an answer that was made by hand."""
    if name == "ready":
        answer["content"]["application/json"]["schema"] = {"$ref": _SCHEMAS.format(name="Health")}
    if name == "forward_ask":
        answer = {"headers": {name: {"schema": {"type": "string"}} for name in _IDENTITY}}
    if name == "jwks":
        answer["content"] = {"application/jwk-set+json": {"schema": {"type": "object", "required": ["keys"]}}}
    return {**answer, "description": "OK"}


def _refusals(codes: Iterable[Code]) -> dict[str, Any]:
    by_status: dict[int, list[str]] = {}
    for code in sorted(codes):
        by_status.setdefault(STATUS[code], []).append(code.value)
    content = {"application/json": {"schema": {"$ref": _SCHEMAS.format(name="Problem")}}}
    retry = {"Retry-After": {"description": "Seconds to wait.", "required": True, "schema": {"type": "integer"}}}
    return {
        str(status): {"description": ", ".join(named), "content": content}
        | ({"headers": retry} if status in ASK_AGAIN else {})
        for status, named in sorted(by_status.items())
    }
