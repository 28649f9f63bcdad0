"""Registering: what may be asked for, the code and its guesses, resends, and races for a name."""

import asyncio
import re
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rex_auth_edge.domain.clock import HOUR, MINUTE, SECOND
from rex_auth_edge.domain.names import is_username
from rex_auth_edge.storage.store import Store
from tests.contract.shapes import MAYA, NEW_PASSWORD, NOOR, cookies, granted, refused
from tests.doubles import HandClock
from tests.hub import PASSWORD, Household, household, text_of

INITIATE, VERIFY, RESEND = (f"/auth/register/{tail}" for tail in ("initiate", "verify", "resend-otp"))


async def verify(client: httpx.AsyncClient, otp: str, token: str, email: str = MAYA, **more: str) -> httpx.Response:
    """Present a code."""
    return await client.post(VERIFY, json={"email": email, "otp": otp, "temp_token": token} | more)


def another(code: str) -> str:
    """A code that isn't this one."""
    return f"{(int(code) + 1) % 10**6:06d}"


async def test_begins_with_a_token_in_body_and_cookie(home: Household) -> None:
    """Initiating says "OTP sent" and gives the temp_token twice; the cookie lives as long as the code."""
    async with home.client() as client:
        answer = await client.post(INITIATE, json={"username": "maya", "email": MAYA, "password": PASSWORD, "new": 1})
    assert answer.json() == {"message": "OTP sent", "temp_token": cookies(answer)["temp_token"].value}
    assert cookies(answer)["temp_token"]["max-age"] == "300"


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({"email": None}, "missing_field", "Missing"),
        ({"password": ""}, "missing_field", "Missing"),
        ({"email": "maya"}, "invalid_email", "Invalid email"),
        ({"email": "maya@localhost"}, "invalid_email", "Invalid email"),
        ({"email": "a@b@example.com"}, "invalid_email", "Invalid email"),
        ({"password": "weak"}, "weak_password", "Weak password: "),
        ({"username": "ma ya"}, "invalid_username", "Invalid username"),
        ({"username": 7}, "invalid_field", ""),
        ({"first_name": "m" * 121}, "invalid_field", ""),
        ({"lastName": "m" * 121}, "invalid_field", ""),
        ({"tenant": "elsewhere"}, "unknown_tenant", ""),
    ],
)
async def test_refuses_what_it_cannot_use(home: Household, change: dict[str, object], code: str, message: str) -> None:
    """What is missing or unfit is a 400 that names the field; no letter goes out."""
    async with home.client() as client:
        answer = await client.post(INITIATE, json={"username": "maya", "email": MAYA, "password": PASSWORD} | change)
    refused(answer, 400, code, message)
    assert len(answer.json()["fields"]) == 1
    assert await home.mail() == []


async def test_weak_password_says_every_rule_that_failed(home: Household) -> None:
    """Somebody whose password lacks three things is told all three at once."""
    async with home.client() as client:
        answer = await client.post(INITIATE, json={"email": MAYA, "password": "zebra"})
    for rule in ("8 characters", "upper-case", "digit", "symbol"):
        assert rule in answer.json()["message"]


@pytest.mark.parametrize("policy", ["closed", "invite"])
async def test_household_that_is_not_open(sqlite_store: Store, clock: HandClock, tmp_path: Path, policy: str) -> None:
    """Closed registration and a lacking invitation are refused, each by its own code."""
    home = await household(sqlite_store, clock, tmp_path / "data", REX_REGISTRATION=policy)
    async with home.client() as client:
        answer = await client.post(INITIATE, json={"email": MAYA, "password": PASSWORD})
    refused(answer, 403, {"closed": "registration_closed", "invite": "invite_required"}[policy])
    await home.hub.close()


async def test_tenant_is_a_slug_or_an_id(home: Household) -> None:
    """The household is named by its slug or by its UUID."""
    async with home.client() as client:
        for email, tenant in ((MAYA, "home"), (NOOR, str(home.hub.parts.home))):
            body = {"email": email, "password": PASSWORD, "tenant": tenant}
            begun = (await client.post(INITIATE, json=body)).json()
            joined = granted(await verify(client, await home.code(email), begun["temp_token"], email))
            assert joined["tenant_id"] == str(home.hub.parts.home)


@pytest.mark.parametrize(("first", "last"), [("first_name", "last_name"), ("firstName", "lastName")])
async def test_names_in_both_spellings(home: Household, first: str, last: str) -> None:
    """The dashboard's and the mobile app's spelling of the names are both kept, and the letter uses them."""
    async with home.client() as client:
        body = {"email": MAYA, "password": PASSWORD, first: "Maya", last: "Berg"}
        begun = (await client.post(INITIATE, json=body)).json()
        assert "Hello Maya" in text_of((await home.mail(MAYA))[-1])
        granted(await verify(client, await home.code(MAYA), begun["temp_token"]))
        said = (await client.get("/auth/profile")).json()
    assert (said["first_name"], said["last_name"], said["username"]) == ("Maya", "Berg", "maya")


async def test_derived_username_is_a_free_one(home: Household) -> None:
    """Who chooses no username gets one made of the address, and another where that is taken."""
    async with home.client() as client:
        names = []
        for email in (MAYA, "maya@example.org", "maya@example.net", "ø@example.com"):
            await home.join(client, email)
            names.append((await client.get("/auth/profile")).json()["username"])
    assert names[0] == "maya"
    assert len({name.casefold() for name in names}) == 4
    assert all(is_username(name) for name in names)
    assert names[1].startswith("maya")


@given(name=st.text(max_size=70) | st.from_regex(r"[A-Za-z0-9._-]{1,66}", fullmatch=True))
def test_usernames_are_plain(name: str) -> None:
    """A username is 1 to 64 letters, digits, dots, underscores and hyphens, and nothing else."""
    plain = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
    assert is_username(name) == (1 <= len(name) <= 64 and set(name) <= plain)


@pytest.mark.parametrize("email", [MAYA, NOOR, "nobody@example.com"])
async def test_taken_username_is_told_to_everybody_alike(home: Household, email: str) -> None:
    """The 409 comes whatever the address is, in any case of the name, and before anything is sent."""
    async with home.client() as owner, home.client("192.168.1.66") as stranger:
        await home.join(owner, MAYA, "Maya")
        await home.join(owner, NOOR)
        sent = len(await home.mail())
        body = {"email": email, "password": PASSWORD, "username": "mAyA"}
        refused(await stranger.post(INITIATE, json=body), 409, "username_taken", "Username already registered")
        assert len(await home.mail()) == sent


async def test_cookie_stands_in_for_the_token_and_bearer_is_ignored(home: Household) -> None:
    """Without temp_token in the body the cookie counts; a Bearer header, whatever it holds, means nothing."""
    async with home.client() as client:
        token = await home.begin(client, MAYA)
        body = {"email": "MAYA@example.com", "otp": f" {await home.code(MAYA)} "}
        async with home.client() as other:
            refused(
                await other.post(VERIFY, json=body, headers={"authorization": f"Bearer {token}"}), 400, "missing_field"
            )
        headers = {"authorization": "Bearer forged.access.token"}
        granted(await client.post(VERIFY, json=body, headers=headers))
        assert "temp_token" not in client.cookies


async def test_wrong_codes_and_tokens_are_never_a_401(home: Household) -> None:
    """Every way to be wrong at verify has its sentence, and none of them is a 401."""
    async with home.client() as client:
        token = await home.begin(client, MAYA)
        code = await home.code(MAYA)
        session = "Invalid or expired OTP session"
        for bad in ("nonsense", token[:-1], token + "x", "é" * 40):
            refused(await verify(client, code, bad), 400, "invalid_otp_session", session)
        refused(await verify(client, code, token, NOOR), 400, "invalid_otp_session", session)
        refused(await verify(client, another(code), token), 400, "invalid_otp", "Invalid OTP")
        granted(await verify(client, code, token))
        refused(await verify(client, code, token), 400, "otp_already_used", "OTP already used")


async def test_code_lives_five_minutes(home: Household) -> None:
    """One second before its end the code is good; at its end it has expired."""
    async with home.client() as client:
        for email, wait, code in ((MAYA, 5 * MINUTE - SECOND, None), (NOOR, 5 * MINUTE, "otp_expired")):
            token = await home.begin(client, email)
            otp = await home.code(email)
            home.clock.advance(wait)
            answer = await verify(client, otp, token, email)
            assert answer.json().get("code") == code
            assert answer.status_code == (400 if code else 200)


async def test_resend_waits_two_minutes_after_each_letter(home: Household) -> None:
    """A resend is refused with the seconds to wait until 120 s after the last letter, the first included."""
    async with home.client() as client:
        body = {"email": MAYA, "temp_token": await home.begin(client, MAYA)}
        for number in (1, 2):
            home.clock.advance(30 * SECOND)
            answer = await client.post(RESEND, json=body)
            refused(answer, 429, "resend_too_soon", "Please wait 90 seconds before requesting a new OTP")
            assert answer.headers["retry-after"] == "90"
            home.clock.advance(90 * SECOND)
            again = await client.post(RESEND, json=body)
            assert again.json().keys() == {"message", "temp_token"}
            assert again.json()["message"] == "OTP resent successfully"
            assert len(await home.mail(MAYA)) == 1 + number


async def test_resend_keeps_the_old_token_and_ends_the_old_code(home: Household) -> None:
    """After a resend both tokens are good for the new code, and the code of the first letter is not."""
    async with home.client() as client:
        old = await home.begin(client, MAYA)
        first = await home.code(MAYA)
        home.clock.advance(4 * MINUTE)
        new = (await client.post(RESEND, json={"email": MAYA, "temp_token": old})).json()["temp_token"]
        home.clock.advance(4 * MINUTE)
        code = await home.code(MAYA)
        refused(await verify(client, first, old), 400, "invalid_otp")
        refused(await verify(client, another(code), new), 400, "invalid_otp")
        granted(await verify(client, code, old))


@pytest.mark.parametrize("wait", [0, HOUR + SECOND])
async def test_resend_needs_its_registration(home: Household, wait: int) -> None:
    """A resend for a token that isn't ours, or whose registration is long over, is a 400."""
    async with home.client() as client:
        token = await home.begin(client, MAYA) if wait else "nonsense"
        home.clock.advance(wait)
        answer = await client.post(RESEND, json={"email": MAYA, "temp_token": token})
    refused(answer, 400, "invalid_otp_session")


async def test_loser_of_a_race_for_a_username_tries_another(home: Household) -> None:
    """Of two verifies for one username one wins; the other is told 409, keeps code and guesses, and retries."""
    async with home.client() as client:
        proofs = []
        for email in (MAYA, NOOR):
            token = await home.begin(client, email, "sun")
            proofs.append((await home.code(email), token, email))
        answers = await asyncio.gather(*(verify(client, *proof) for proof in proofs))
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        loser = proofs[[answer.status_code for answer in answers].index(409)]
        for _ in range(4):
            refused(await verify(client, *loser), 409, "username_taken", "Username already registered")
        refused(await verify(client, *loser, username="no way"), 400, "invalid_username")
        granted(await verify(client, *loser, username="Moon"))
        assert (await client.get("/auth/profile")).json()["username"] == "Moon"


async def test_two_verifies_at_once_make_one_account(home: Household) -> None:
    """The same code presented eight times at once signs in once."""
    async with home.client() as client:
        token = await home.begin(client, MAYA, "maya")
        code = await home.code(MAYA)
        answers = await asyncio.gather(*(verify(client, code, token) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 7
    assert {answer.json().get("code") for answer in answers} == {None, "otp_already_used"}


async def test_siblings_tell_nothing_once_the_address_has_an_account(home: Household) -> None:
    """Who began to register somebody's address can't see from it that its owner has joined meanwhile."""
    async with home.client("192.168.1.66") as stranger, home.client() as owner:
        tokens = {email: await home.begin(stranger, email) for email in (MAYA, NOOR)}
        await home.join(owner, MAYA)
        home.clock.advance(2 * MINUTE)
        for _ in range(4):
            guesses = [await verify(stranger, "000000", token, email) for email, token in tokens.items()]
            resends = [
                await stranger.post(RESEND, json={"email": email, "temp_token": token})
                for email, token in tokens.items()
            ]
            for pair in (guesses, resends):
                assert pair[0].status_code == pair[1].status_code
                assert pair[0].json().get("message") == pair[1].json().get("message")


async def test_letters_of_a_registration(home: Household) -> None:
    """A code, then one welcome, and no letter about a new device; the code is the letter's first six-digit number."""
    async with home.client() as client:
        body = {"email": MAYA, "password": NEW_PASSWORD, "username": "maya654321", "first_name": "Maya 123456"}
        token = (await client.post(INITIATE, json=body)).json()["temp_token"]
        first = (await home.mail(MAYA))[0]
        code = re.findall(r"\d{6}", first.as_string())[0]
        html = first.get_body(("html",))
        assert html is not None
        assert re.findall(r"\d{6}", str(html.get_content()))[0] == code
        granted(await verify(client, code, token))
    letters = await home.mail()
    assert [letter["Subject"] for letter in letters] == ["Your code for REX", "Welcome to REX"]
    assert all("Maya 123456" in text_of(letter) for letter in letters)
    assert all("token=" not in letter.as_string() for letter in letters)


async def test_an_address_that_folds_too_long_is_refused(home: Household) -> None:
    """An address whose form for comparison outgrows any address is no address, whatever the database would say."""
    async with home.client() as client:
        body = {"email": f"{chr(0xFDFA) * 21}@example.com", "password": PASSWORD}
        answer = await client.post("/auth/register/initiate", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_email")
