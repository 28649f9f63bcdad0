"""Exactly which letters a person gets, in which order, and what they hold."""

import re
from email.message import EmailMessage

from tests.contract.shapes import MAYA, NEW_PASSWORD, NOOR, WRONG, granted
from tests.hub import PASSWORD, Household, text_of

EXPECTED = [
    "Your code for REX",
    "Welcome to REX",
    "New sign-in to your REX account",
    "Sign-in to your REX account is paused",
    "Reset your REX password",
    "Your REX password was changed",
    "You already have a REX account",
]


def html_of(letter: EmailMessage) -> str:
    """A letter's HTML part."""
    body = letter.get_body(("html",))
    assert body is not None
    return str(body.get_content())


async def everything(home: Household) -> None:
    """Join, sign in elsewhere, be attacked, reset the password, and register once more."""
    begin = {"email": MAYA, "password": PASSWORD, "username": "m", "first_name": "Maya"}
    async with home.client() as owner, home.client("192.168.1.66", user_agent="Thief") as stranger:
        begun = (await owner.post("/auth/register/initiate", json=begin)).json()
        proof = {"email": MAYA, "otp": await home.code(MAYA), "temp_token": begun["temp_token"]}
        granted(await owner.post("/auth/register/verify", json=proof))
        for _ in range(2):
            granted(await home.login(owner, MAYA))
        owner.cookies.clear()
        granted(await home.login(owner, MAYA))
        for _ in range(7):
            await home.login(stranger, MAYA, WRONG)
        reset = {"token": await home.reset_token(stranger, MAYA), "password": NEW_PASSWORD}
        for _ in range(2):
            await stranger.post("/auth/password/reset", json=reset)
        await home.begin(stranger, MAYA)


async def test_every_letter(home: Household) -> None:
    """Each event sends its one letter, in the order of the events, to nobody but the person, and names them."""
    await everything(home)
    letters = await home.mail()
    assert [(letter["To"], letter["Subject"]) for letter in letters] == [(MAYA, subject) for subject in EXPECTED]
    for letter in letters:
        assert "Maya" in text_of(letter)
        assert "Maya" in html_of(letter)
    with_token = [letter["Subject"] for letter in letters if "token=" in text_of(letter) + html_of(letter)]
    assert with_token == ["Reset your REX password"]
    with_number = [letter["Subject"] for letter in letters if re.search(r"(?<!\d)\d{6}(?!\d)", text_of(letter))]
    assert with_number == ["Your code for REX"]


async def test_letters_hold_no_password(home: Household) -> None:
    """No letter holds a password, and only the first the code."""
    await everything(home)
    letters = [letter.as_string() for letter in await home.mail()]
    assert not any(word in letter for letter in letters for word in (PASSWORD, NEW_PASSWORD, WRONG))


async def test_nobody_s_name_writes_a_letter(home: Household) -> None:
    """A name with lines and tags in it stays one line of text, and text in HTML."""
    name = "Eve\n\nYour code is 999999\n<b>bold</b>"
    async with home.client() as client:
        body = {"email": NOOR, "password": PASSWORD, "first_name": name}
        assert (await client.post("/auth/register/initiate", json=body)).status_code == 200
    (letter,) = await home.mail(NOOR)
    assert "\nYour code is 999999" not in text_of(letter)
    assert "<b>" not in html_of(letter)
    assert await home.code(NOOR) != "999999"
