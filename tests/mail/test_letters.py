"""What letters say, whoever they are for and whatever that person calls themself."""

import email
import re
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage

import pytest
from aiosmtplib.email import extract_recipients
from hypothesis import given, settings
from hypothesis import strategies as st

from rex_auth_edge.mail import letters
from rex_auth_edge.mail.letters import (
    AddressTaken,
    Banned,
    ChangedByHub,
    Letter,
    NewDevice,
    PasswordChanged,
    Recovery,
    Reset,
    Verification,
    Welcome,
)

CODE = "408112"
LINK = "https://rex.example/reset-password?token=abc-DEF_123"
ID = "<abcdefghijklmnop@hub.local>"
NASTY = [
    "Maya",
    "123456",
    "Maya\r\nBcc: everybody@example.org",
    "Zoë 李小龍 علی‌رضا",
    "<script>alert(1)</script>",
    "{{ code }}{% raw %}",
    "token=stolen",
    "a\x1b[2J\x00b\u202ec",
    "x" * 300,
]


def of_each_kind(name: str, device: str = "Tablet") -> list[Letter]:
    """One letter of each kind."""
    return [
        Verification(name, CODE, 5),
        AddressTaken(name),
        Welcome(name, name),
        Reset(name, LINK, 30),
        PasswordChanged(name, device, "2026-01-02 03:04 UTC"),
        NewDevice(name, device, "192.168.1.20", "2026-01-02 03:04 UTC"),
        Banned(name, "2026-01-02 03:04 UTC"),
        Banned(name, None),
        *(Recovery(name, name, what) for what in ("started", "stopped", "finished")),
        *(
            ChangedByHub(name, name, device, what, "2026-01-02 03:04 UTC")
            for what in ("address", "password", "shared", "owner")
        ),
    ]


def written(letter: Letter, address: str = "maya@example.org", message_id: str = ID) -> EmailMessage:
    """The letter as it leaves."""
    date = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    return letters.render(letter, sender="rex@hub.local", address=address, message_id=message_id, date=date)


def received(letter: Letter) -> EmailMessage:
    """The letter as it is read after its way through SMTP."""
    source = written(letter).as_bytes(policy=policy.SMTP)
    return email.message_from_bytes(source, policy=policy.default)


def part(message: EmailMessage, subtype: str) -> str:
    """The text of a part."""
    body = message.get_body((subtype,))
    assert body is not None
    return str(body.get_content())


def tamed(name: str) -> str:
    """A name as letters write it: on one line, without what steers a terminal or the reading."""
    shown = re.sub("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+", " ", name)
    return " ".join(shown.split()).replace("token=", "token =")


@pytest.mark.parametrize("name", NASTY)
def test_the_text_names_the_person(name: str) -> None:
    """Every letter's text calls the person by name, on one line."""
    for letter in of_each_kind(name):
        assert tamed(name) in part(received(letter), "plain")


@pytest.mark.parametrize("name", NASTY)
def test_the_code_is_the_first_six_digit_number(name: str) -> None:
    """Subject, text and HTML of the code's letter hold no six-digit number before the code."""
    message = received(Verification(name, CODE, 5))
    for text in (part(message, "plain"), part(message, "html")):
        assert re.findall(r"\d{6}", f"{message['Subject']}\n{text}")[0] == CODE


@pytest.mark.parametrize("name", NASTY)
def test_the_code_can_be_read_in_the_source(name: str) -> None:
    """No part is in base 64, and no digits of a boundary or an id come before the code."""
    source = written(Verification(name, CODE, 5)).as_bytes(policy=policy.SMTP)
    assert b"base64" not in source
    assert re.findall(rb"\d{6}", source)[0] == CODE.encode()


def test_no_other_number_can_be_taken_for_a_code() -> None:
    """Letters have no six digits of their own, be it a colour or a time, beside the code."""
    for letter in of_each_kind("Maya"):
        message = received(letter)
        text = f"{message['Subject']}\n{part(message, 'plain')}\n{part(message, 'html')}"
        assert set(re.findall(r"\d{6}", text)) == ({CODE} if isinstance(letter, Verification) else set())


@pytest.mark.parametrize("name", NASTY)
def test_only_a_reset_letter_has_a_token(name: str) -> None:
    """`token=` is in the reset letter, where it is the link's, and in no other, whatever names say."""
    for letter in of_each_kind(name, device=f"Tablet {name}"):
        message = received(letter)
        for text in (str(message["Subject"]), part(message, "plain"), part(message, "html")):
            found = re.findall(r"token=([\w-]*)", text)
            assert set(found) <= ({"abc-DEF_123"} if isinstance(letter, Reset) else set())
    assert LINK in part(received(Reset(name, LINK, 30)), "plain")


@pytest.mark.parametrize("name", NASTY)
def test_no_name_becomes_a_header_or_markup(name: str) -> None:
    """Headers are those that we wrote, and HTML shows a name as it is typed."""
    for letter in of_each_kind(name, device=name):
        message = received(letter)
        assert not message.defects
        assert "Bcc" not in message
        assert message["To"] == "maya@example.org"
        assert "<script" not in part(message, "html")


def test_a_banned_person_reads_what_to_do() -> None:
    """The letter says until when, if there is an end, and how to get in again."""
    for_a_while, for_good = (part(received(Banned("Maya", until)), "plain") for until in ("noon", None))
    assert "until noon" in for_a_while
    assert "until" not in for_good
    assert "forgot password" in for_good


def test_a_taken_address_reads_what_to_do() -> None:
    """Whoever has an account already is told to sign in or reset, without a link."""
    text = part(received(AddressTaken("Maya")), "plain")
    assert "sign in" in text
    assert "forgot password" in text
    assert "http" not in text


def test_headers_say_that_a_machine_wrote_it() -> None:
    """Auto-Submitted (RFC 3834), Date, and the Message-ID that was handed in."""
    message = received(Welcome("Maya", "Home"))
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"] == "Fri, 02 Jan 2026 03:04:05 +0000"
    assert message["Message-ID"] == ID


def test_a_letter_is_the_same_when_it_is_sent_again() -> None:
    """A retry is byte for byte what was sent before, so that a mailbox can tell."""
    for letter in of_each_kind("Zoë"):
        assert written(letter).as_bytes() == written(letter).as_bytes()


def test_html_asks_nobody() -> None:
    """No part loads anything, and the only address in a letter is the reset link's."""
    for letter in of_each_kind("Maya"):
        html = part(received(letter), "html")
        assert not re.search(r"<(img|link|script|iframe|style)|url\(|src=", html)
        assert set(re.findall(r"https?://[^\s\"<]+", html)) == ({LINK} if isinstance(letter, Reset) else set())


@pytest.mark.parametrize(
    "address",
    ["=?utf-8?q?=62ob?=@example.org", "=?utf-8?q?bob=40evil.example?=@example.org", "jörg@exämple.de", "o'x+1@a.org"],
)
def test_a_letter_goes_to_the_address_that_was_checked(address: str) -> None:
    """An address that looks like an encoded word isn't decoded into somebody else's."""
    assert extract_recipients(written(Welcome("Maya", "Home"), address)) == [address]


@pytest.mark.parametrize("address", ["a@b.org\r\nBcc: c@d.org", "a@b.org\n"])
def test_an_address_with_line_breaks_is_refused(address: str) -> None:
    """Headers can't be added by an address."""
    with pytest.raises(ValueError, match="CR or LF"):
        written(Welcome("Maya", "Home"), address)


@settings(deadline=None)
@given(st.integers(0, 120), st.sampled_from(["x", "é", "李", "= "]))
def test_no_device_hides_what_follows_it(count: int, filler: str) -> None:
    """A boundary that somebody guesses isn't the letter's: what to do about a strange device is always read."""
    device = f"{filler * count}--next-part-of-this-letter"
    assert "If it was you" in part(received(NewDevice("Maya", device, "10.0.0.1", "now")), "plain")
    boundaries = {written(Welcome("Maya", "Home"), message_id=f"<{name}@hub>").get_boundary() for name in ("ab", "cd")}
    assert len(boundaries) == 2


@settings(deadline=None, max_examples=30)
@given(st.text(), st.text())
def test_any_name_can_be_written(name: str, device: str) -> None:
    """Whatever text a person or a device is called by, each letter can be written, stored and read again."""
    for letter in of_each_kind(name, device):
        stored = letters.decode(letters.encode(letter))
        assert stored == letter
        assert tamed(name) in part(received(stored), "plain")


def test_a_stored_letter_with_more_fields_is_read() -> None:
    """A payload of a later release, with a field that this one doesn't know, is still a letter."""
    assert letters.decode(b'{"letter":"welcome","name":"Maya","household":"Home","mood":"fine"}') == Welcome(
        "Maya", "Home"
    )
