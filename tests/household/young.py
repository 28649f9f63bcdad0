"""A child who asks to join."""

from typing import Any

import httpx

from tests.hub import PASSWORD


async def asking(owner: httpx.AsyncClient, screen: httpx.AsyncClient, **more: str) -> dict[str, str]:
    """Leo waits, and nobody else does: the request's id, its code and its token."""
    for each in (await owner.get("/household/children")).json()["children"]:
        assert (await owner.delete(f"/household/children/{each['id']}")).status_code == 200
    told = await asked(screen, **more)
    (row,) = (await owner.get("/household/children")).json()["children"]
    return {"child": row["id"], "child code": told["code"], "child token": told["request_token"]}


async def asked(screen: httpx.AsyncClient, **more: str) -> dict[str, Any]:
    """What the child's screen is told."""
    body = {"username": "leo", "password": PASSWORD, "first_name": "Leo"} | more
    answer = await screen.post("/auth/children/ask", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())
