"""What the hub writes to people: one struct a letter, one template each for its text and its HTML."""

import re
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from functools import cache
from typing import Any, ClassVar

import msgspec


class Letter(msgspec.Struct, frozen=True, tag_field="letter"):
    """Stored sealed until it is sent, so its fields only ever grow. `name` is the person's."""

    subject: ClassVar[str] = ""
    name: str

    @property
    def kind(self) -> str:
        """The name of its templates."""
        return str(self.__struct_config__.tag)


class Verification(Letter, frozen=True, tag="verification"):
    """The one-time code of a registration; it lives for `minutes`."""

    subject: ClassVar[str] = "Your code for REX"
    code: str
    minutes: int


class AddressTaken(Letter, frozen=True, tag="address_taken"):
    """Somebody tried to register an address that has an account."""

    subject: ClassVar[str] = "You already have a REX account"


class Welcome(Letter, frozen=True, tag="welcome"):
    """The account is there."""

    subject: ClassVar[str] = "Welcome to REX"
    household: str


class Reset(Letter, frozen=True, tag="reset"):
    """A link that sets a new password, good for `minutes`."""

    subject: ClassVar[str] = "Reset your REX password"
    link: str
    minutes: int


class PasswordChanged(Letter, frozen=True, tag="password_changed"):
    """The password is a new one."""

    subject: ClassVar[str] = "Your REX password was changed"
    device: str
    when: str


class NewDevice(Letter, frozen=True, tag="new_device"):
    """A sign-in from a device that wasn't known."""

    subject: ClassVar[str] = "New sign-in to your REX account"
    device: str
    ip: str
    when: str


class Banned(Letter, frozen=True, tag="banned"):
    """Sign-in from unknown devices is closed `until` then, or until somebody lifts it."""

    subject: ClassVar[str] = "Sign-in to your REX account is paused"
    until: str | None


class Invitation(Letter, frozen=True, tag="invitation"):
    """Somebody is invited to a household; the code joins it until then."""

    subject: ClassVar[str] = "You are invited to a REX household"
    household: str
    inviter: str
    code: str
    link: str
    until: str


class ResetStarted(Letter, frozen=True, tag="reset_started"):
    """An owner has ended the person's sessions, and has a link for a new password to hand over."""

    subject: ClassVar[str] = "An owner is resetting your REX password"
    household: str


class Recovery(Letter, frozen=True, tag="recovery"):
    """A recovery by the hub's label: `what` is started, stopped or finished."""

    subject: ClassVar[str] = "Recovery of your REX household"
    household: str
    what: str


class ChangedByHub(Letter, frozen=True, tag="changed_by_hub"):
    """A hub has told the cloud of another `what`: address, password (`shared`: that of home counts there), or owner.

    `unseated`: it has taken that from them, or shut them out.
    """

    subject: ClassVar[str] = "Your REX account was changed at home"
    household: str
    hub: str
    what: str
    when: str


AnyLetter = (
    Verification | AddressTaken | Welcome | Reset | PasswordChanged | NewDevice | Banned
    | Invitation | ResetStarted | Recovery | ChangedByHub
)  # fmt: skip

_STEERING = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
"""Line breaks, and what moves a cursor, a terminal or the direction of reading."""

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(AnyLetter).decode


def render(letter: Letter, *, sender: str, address: str, message_id: str, date: datetime) -> EmailMessage:
    """The letter as a message with text and HTML. `message_id` stays the same when it is sent again.

    Raises ValueError where `sender` or `address` can't stand in a header.
    """
    message = EmailMessage()
    message["From"] = sender
    message["To"] = _exactly(address)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(date)
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation answers, please
    values = {name: _tame(name, value) for name, value in msgspec.structs.asdict(letter).items()}
    # Quoted-printable, so that a six-digit number in the source is one in the letter: base 64 makes them by chance.
    message.set_content(_template(f"{letter.kind}.txt").render(values), cte="quoted-printable")
    html = _template(f"{letter.kind}.html").render(values)
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    # Nobody knows it beforehand: a device could otherwise be named so that what follows its name isn't shown.
    message.set_boundary(f"part-{message_id.strip('<>').partition('@')[0]}")
    return message


def _exactly(address: str) -> Address:
    """The address as it was checked: parsed again, one like =?utf-8?q?=62ob?=@example.org would become bob's."""
    local_part, _, domain = address.rpartition("@")
    return Address(username=local_part, domain=domain)


def _tame(field: str, value: object) -> object:
    """Nobody's name breaks out of its line, and only a reset letter has what looks like its token."""
    if not isinstance(value, str) or field == "link":
        return value
    return " ".join(_STEERING.sub(" ", value).split()).replace("token=", "token =")


@cache
def _environment() -> Any:
    # 17 ms that starting does without.
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape  # noqa: PLC0415

    return Environment(
        loader=PackageLoader("rex_auth_edge.mail"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _template(name: str) -> Any:
    return _environment().get_template(name)
