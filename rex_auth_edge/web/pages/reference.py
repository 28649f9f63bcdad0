"""`/docs`: the API's reference, rendered from the same document as `/openapi.json`; works offline."""

from functools import cache
from importlib.resources import files
from typing import Any

from litestar import Litestar, Request, Response, get

_METHODS = ("get", "post", "put", "patch", "delete")
_PAGE_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@get("/docs", include_in_schema=False, sync_to_thread=False)
def reference(request: Request[Any, Any, Any]) -> Response[str]:
    """Every endpoint with its body, answers and refusals."""
    headers = {"Content-Security-Policy": _PAGE_POLICY, "Cache-Control": "no-cache"}
    return Response(_render(request.app), media_type="text/html", headers=headers)


@get("/assets/rex.css", include_in_schema=False, sync_to_thread=False)
def stylesheet() -> Response[bytes]:
    """The one stylesheet of every page."""
    return Response(_stylesheet(), media_type="text/css", headers={"Cache-Control": "public, max-age=3600"})


@cache
def _stylesheet() -> bytes:
    return (files("rex_auth_edge.web.pages") / "static" / "rex.css").read_bytes()


@cache
def _render(app: Litestar) -> str:
    """The page of an application, which doesn't change as long as the program runs."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - for people only, and seldom

    loader = PackageLoader("rex_auth_edge.web.pages")
    page = Environment(loader=loader, autoescape=True, undefined=StrictUndefined).get_template("reference.html")
    document = app.openapi_schema.to_schema()
    return page.render(info=document["info"], groups=_groups(document), schemas=document["components"]["schemas"])


def _groups(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Operations that share a handler, under their documented path, with the other paths as aliases."""
    groups: dict[tuple[str, str], dict[str, Any]] = {}
    for path, item in document["paths"].items():
        for method in _METHODS:
            if (operation := item.get(method)) is not None:
                key = (method, operation["description"] + operation["summary"])
                groups.setdefault(key, {"method": method, "paths": [], **_described(operation)})["paths"].append(path)
    for group in groups.values():
        group["path"], *group["aliases"] = sorted(group["paths"], key=_least_documented)
    return sorted(groups.values(), key=lambda group: (group["path"], group["method"]))


def _least_documented(path: str) -> tuple[bool, int, int, str]:
    """Under `/auth`, with the name that says most."""
    return not path.startswith("/auth/"), -path.count("/"), -len(path), path


def _described(operation: dict[str, Any]) -> dict[str, Any]:
    contents = list(operation.get("requestBody", {}).get("content", {}).values())
    body = contents[0]["schema"].get("$ref", "") if contents else ""
    return {
        "description": operation["description"],
        "body": body.rpartition("/")[2],
        "parameters": operation.get("parameters", []),
        "responses": sorted(operation["responses"].items()),
    }
