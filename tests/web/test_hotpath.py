"""Refreshing ahead of the framework answers as the framework does, which a slash at the path's end reaches."""

from typing import Any

import httpx
import pytest

from tests.hub import Household

AHEAD, BEHIND = "/auth/token/refresh", "/auth/token/refresh/"


async def renewed(home: Household, path: str, ask: Any) -> tuple[object, ...]:
    """What a client of its own, newly signed in, sees of a refresh: all but what is random in it."""
    async with home.client(user_agent="Tablet") as client:
        await home.login(client, "maya@example.com")
        answer: httpx.Response = await client.post(path, **ask(client.cookies["refresh_token"]))
    fields = {name: len(str(value)) for name, value in answer.json().items()}
    cookies = [(line.partition("=")[0], line.partition(";")[2]) for line in answer.headers.get_list("set-cookie")]
    headers = [(name, value) for name, value in answer.headers.items() if name not in {"set-cookie", "x-request-id"}]
    return answer.status_code, fields, cookies, sorted(headers)


@pytest.mark.parametrize(
    ("ask", "status"),
    [
        (lambda _: {}, 200),
        (lambda token: {"json": {"refresh_token": token}}, 200),
        (lambda token: {"data": {"refresh_token": token}}, 200),
        (lambda token: {"headers": {"authorization": f"Bearer {token}"}, "json": {"unknown": [1]}}, 200),
        (lambda _: {"headers": {"cookie": "refresh_token=forged"}}, 401),
        (lambda _: {"headers": {"origin": "https://elsewhere.example"}}, 403),
        (lambda _: {"json": {"refresh_token": 7}}, 400),
        (lambda token: {"json": [token]}, 400),
        (lambda _: {"content": b"{", "headers": {"content-type": "application/json"}}, 400),
        (lambda _: {"content": b"x", "headers": {"content-type": "text/plain"}}, 415),
    ],
)
async def test_both_roads_answer_alike(home: Household, ask: Any, status: int) -> None:
    """The same status, headers, cookies and fields, whether it is granted or refused."""
    async with home.client() as client:
        await home.join(client, "maya@example.com")
    ahead, behind = [await renewed(home, path, ask) for path in (AHEAD, BEHIND)]
    assert ahead == behind
    assert ahead[0] == status


async def test_other_methods_are_the_frameworks(home: Household) -> None:
    """What isn't POST is refused as everywhere, with the methods that there are."""
    async with home.client() as client:
        answer = await client.get(AHEAD)
        assert (answer.status_code, set(answer.headers["allow"].split(", "))) == (405, {"OPTIONS", "POST"})
