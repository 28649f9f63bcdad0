"""What the hub writes to people: one struct a letter, one template each for its text and its HTML."""

from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from functools import cache
from typing import ClassVar

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined, Template, select_autoescape


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


AnyLetter = Verification | AddressTaken | Welcome | Reset | PasswordChanged | NewDevice | Banned

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(AnyLetter).decode


def render(letter: Letter, *, sender: str, address: str, message_id: str, date: datetime) -> EmailMessage:
    """The letter as a message with text and HTML. `message_id` stays the same when it is sent again."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = address
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(date)
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation answers, please
    values = {name: _one_line(value) for name, value in msgspec.structs.asdict(letter).items()}
    message.set_content(_template(f"{letter.kind}.txt").render(values))
    message.add_alternative(_template(f"{letter.kind}.html").render(values), subtype="html")
    message.set_boundary("next-part-of-this-letter")
    return message


def _one_line(value: object) -> object:
    """Nobody's name breaks out of its line."""
    return " ".join(value.split()) if isinstance(value, str) else value


@cache
def _environment() -> Environment:
    loader = PackageLoader("rex_auth_edge.mail")
    return Environment(
        loader=loader,
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _template(name: str) -> Template:
    return _environment().get_template(name)
