"""What the contract's answers have in common, said once for every test of it."""

from http.cookies import Morsel, SimpleCookie
from typing import Any

import httpx

MAYA, NOOR = "maya@example.com", "noor@example.com"
NEW_PASSWORD = "Harbour-Lamp-77?"
WRONG = "Wrong-Word-11!"


def refused(answer: httpx.Response, status: int, code: str, message: str | None = None) -> None:
    """The answer is this refusal, in the one shape that every refusal has."""
    assert answer.headers["content-type"].startswith("application/json"), answer.text
    said = answer.json()
    assert (answer.status_code, said["code"]) == (status, code), answer.text
    assert said.keys() <= {"message", "error", "code", "fields"}
    assert said["message"] == said["error"]
    assert isinstance(said["message"], str)
    assert said.get("fields", {"some": ""})
    if message is not None:
        assert said["message"].startswith(message)
    if status == 429:
        assert int(answer.headers["retry-after"]) > 0


def granted(answer: httpx.Response) -> dict[str, Any]:
    """The answer's tokens; its cookies hold the same."""
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    assert said.keys() == {"access_token", "refresh_token", "token_type", "tenant_id", "user_id", "expires_in"}
    assert said["token_type"] == "Bearer"
    for name in ("access_token", "refresh_token"):
        assert cookies(answer)[name].value == said[name]
    return said


def bearer(tokens: dict[str, Any], name: str = "access_token") -> dict[str, str]:
    """The Authorization header that shows one of a session's tokens."""
    return {"authorization": f"Bearer {tokens[name]}"}


def cookies(answer: httpx.Response) -> dict[str, Morsel[str]]:
    """The cookies that an answer sets, with their attributes."""
    found: dict[str, Morsel[str]] = {}
    for line in answer.headers.get_list("set-cookie"):
        found |= SimpleCookie(line)
    return found
