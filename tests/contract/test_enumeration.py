"""Nobody can tell whether an address has an account: equal answers, equal hashes, equal statements."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import httpx
import pytest
import sqlalchemy as sa

from rex_auth_edge.domain.clock import HOUR, MINUTE
from rex_auth_edge.storage.prepared import Prepared
from tests.contract.shapes import MAYA, WRONG
from tests.hub import PASSWORD, Household

NOBODY = "vera@example.com"
HEADERS_OF_ONE_ANSWER = {"x-request-id", "date", "set-cookie"}


@contextmanager
def statements() -> Iterator[list[str]]:
    """The SQL that any database runs meanwhile, in order."""
    seen: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    def prepared(statement: Prepared, conn: sa.Connection, values: dict[str, Any]) -> Any:
        cursor = run(statement, conn, values)
        seen.append(statement._sql)
        return cursor

    run = Prepared._run
    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        with patch.object(Prepared, "_run", prepared):
            yield seen
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)


def shown(answer: httpx.Response) -> tuple[object, ...]:
    """What a stranger sees of an answer, with random tokens by their length."""
    names = sorted(set(answer.headers) - HEADERS_OF_ONE_ANSWER)
    body = re.sub(r'(?<="temp_token":")[^"]*', lambda token: str(len(token.group())), answer.text)
    made = [re.sub(r"=[^;]*", "", line, count=1) for line in answer.headers.get_list("set-cookie")]
    return answer.status_code, body, [(name, answer.headers[name]) for name in names if name != "content-length"], made


async def cost(home: Household, asking: Any) -> tuple[object, ...]:
    """What a request shows, how many hashes it takes, and every statement that it runs."""
    before = home.hub.parts.passwords.started
    with statements() as seen:
        answer = await asking
    return shown(answer), home.hub.parts.passwords.started - before, list(seen)


@pytest.fixture
async def two(home: Household) -> Household:
    """A hub that knows one of two addresses of the same length."""
    async with home.client() as owner:
        await home.join(owner, MAYA, "owner")
    for email in ("first@example.com", "second@example.com"):
        async with home.client("192.168.1.60") as client:
            await home.login(client, email, WRONG)
            await home.begin(client, email)
    return home


async def test_login(two: Household) -> None:
    """Wrong passwords, all the way up the ladder and into each ban, cost and say the same."""
    for attempt in range(9):
        async with two.client("192.168.1.66") as client:
            known, unknown = [await cost(two, two.login(client, email, WRONG)) for email in (MAYA, NOBODY)]
        assert known == unknown, attempt
        assert known[1] == (0 if "banned" in str(known[0]) else 1)
        if attempt % 2:
            two.clock.advance(6 * HOUR)


async def test_login_shown_a_refresh_token_of_one_s_own(two: Household) -> None:
    """Showing a refresh token or a device cookie of another person's changes nothing about that."""
    async with two.client("192.168.1.66") as client:
        mine = await two.join(client, "thief@example.com")
        for _ in range(3):
            bodies = [{"email": it, "password": WRONG, "refresh_token": mine["refresh_token"]} for it in (MAYA, NOBODY)]
            known, unknown = [await cost(two, client.post("/auth/login", json=body)) for body in bodies]
            assert known == unknown


async def test_forgot(two: Household) -> None:
    """A forgotten password costs and says the same, with and without the household's name."""
    async with two.client("192.168.1.66") as client:
        for more in ({}, {"tenant": "home"}, {"tenant": "elsewhere"}):
            bodies = [{"email": email} | more for email in (MAYA, NOBODY)]
            known, unknown = [await cost(two, client.post("/auth/password/forgot", json=body)) for body in bodies]
            assert known == unknown
            assert known[1] == 0


async def test_register(two: Household) -> None:
    """Registering costs and says the same, the sixth time too, with the older registrations of the address dropped."""
    async with two.client("192.168.1.66") as client:
        for _ in range(6):
            bodies = [{"email": email, "password": PASSWORD, "username": "v"} for email in (MAYA, NOBODY)]
            known, unknown = [await cost(two, client.post("/auth/register/initiate", json=body)) for body in bodies]
            assert known == unknown
            assert known[1] == 1
            two.clock.advance(MINUTE)


async def test_verify_and_resend(two: Household) -> None:
    """Guessing, asking for another code, and running out of guesses cost and say the same."""
    async with two.client("192.168.1.66") as client:
        tokens = {email: await two.begin(client, email) for email in (MAYA, NOBODY)}
        proofs = [{"email": email, "otp": "no", "temp_token": token} for email, token in tokens.items()]
        for path in ("verify", "resend-otp", "verify", "resend-otp", "verify", "verify", "resend-otp"):
            known, unknown = [await cost(two, client.post(f"/auth/register/{path}", json=proof)) for proof in proofs]
            assert known == unknown, path
            assert known[2]
            two.clock.advance(2 * MINUTE)


async def test_letters_tell_the_owner_and_nobody_else(two: Household) -> None:
    """Only an address's owner learns from a letter that it has an account; an address without one gets no reset."""
    sent = len(await two.mail())
    async with two.client("192.168.1.66") as client:
        for email in (MAYA, NOBODY):
            await client.post("/auth/password/forgot", json={"email": email})
            await two.begin(client, email)
            await two.login(client, email, WRONG)
    letters = [(letter["To"], letter["Subject"]) for letter in (await two.mail())[sent:]]
    assert sorted(letters) == [
        (MAYA, "Reset your REX password"),
        (MAYA, "You already have a REX account"),
        (NOBODY, "Your code for REX"),
    ]
