"""Enrolling at an address that isn't the cloud's: each time a sentence that says what to do, and the code beside it."""

import pytest

from rex_auth_edge.domain.refusals import Refused
from rex_auth_edge.exchange.hub.call import Reply
from rex_auth_edge.exchange.trouble import LineError, Trouble
from tests.exchange.conftest import Street
from tests.exchange.street import CLOUD, LineInside

OWN = "give the address that the cloud calls its own (REX_PUBLIC_URL there)"


async def refused(street: Street, url: str, code: str = "0000") -> tuple[str, str]:
    """What the hub's console says of this address, and the code of what has answered."""
    hub = street.hubs[0]
    said = await hub.sync.enrol(hub.tenant, url, code)
    assert isinstance(said, Refused)
    return said.message, said.fields.get("cloud", said.fields.get("url", ""))


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("http://cloud.example", "write https:// before its name"),
        ("http://192.168.1.2:8000", "write https:// before its name"),
        ("cloud.example", "the cloud's address is like https://cloud.example"),
        ("https://cloud.example/login", "Leave out what comes after the name"),
        ("http://localhost:8000/login", "Leave out what comes after the name"),
        ("http://me:pw@127.0.0.1", "No name and password belong in it"),
        ("http://127.0.0.1:99999", "This is no address"),
        ("http://", "This is no address"),
        ("https://me:pw@cloud.example", "No name and password belong in it"),
        ("https://cloud.example:99999", "This is no address"),
        ("https://[::1", "This is no address"),
    ],
)
async def test_what_is_no_clouds_address(street: Street, typed: str, hint: str) -> None:
    """Nobody is asked; what is to be typed instead is said."""
    said, field = await refused(street, typed)
    assert (hint in said, field, street.hubs[0].line.asked) == (True, "not an address", [])


class Answering(LineInside):
    """A line at whose end there is always this."""

    def __init__(self, reply: Reply | LineError) -> None:
        super().__init__(None)
        self.reply = reply

    async def post(self, *_: object) -> Reply:
        """See `Line`."""
        if isinstance(self.reply, LineError):
            raise self.reply
        return self.reply


@pytest.mark.parametrize(
    ("reply", "code", "hint"),
    [
        (Reply(404, {}, b'{"code":"not_found","message":"There is nothing here"}'), "no_cloud", "Another hub answers"),
        (Reply(415, {}, b'{"code":"unsupported_media_type","message":"Send JSON"}'), "no_cloud", "Another hub answers"),
        (Reply(400, {}, b'{"code":"host_not_allowed"}'), "host_not_allowed", "doesn't go by that name: " + OWN),
        (Reply(404, {}, b"<html>"), "no_cloud", "Something else answers at https://www.example"),
        (Reply(200, {"content-type": "text/html"}, b"<html>"), "no_cloud", "Something else answers"),
        (Reply(301, {"location": "/"}, b""), "no_cloud", "Something else answers"),
        (LineError(Trouble.CERTIFICATE), "certificate", "as another hub at home hasn't: " + OWN),
        (LineError(Trouble.UNVOUCHED), "certificate_authority", "as another hub at home hasn't: " + OWN),
        (LineError(Trouble.ANOTHER_NAME), "certificate_name", "for another name: " + OWN),
        (LineError(Trouble.EARLY), "certificate_early", "If the clock is wrong"),
        (LineError(Trouble.NO_TLS), "no_tls", "doesn't speak HTTPS: look at the port, and " + OWN),
        (LineError(Trouble.UNREACHABLE), "unreachable", "look whether it is the right one"),
    ],
)
async def test_somebody_else(street: Street, reply: Reply | LineError, code: str, hint: str) -> None:
    """Another hub, a web server, a Wi-Fi's page, another port, nobody: it is said which it is, and what to do."""
    street.hubs[0].sync._lines = lambda _: Answering(reply)
    said, found = await refused(street, "https://www.example")
    assert (hint in said, found) == (True, code), said


async def test_a_cloud_by_another_name(street: Street) -> None:
    """The cloud says by which address it goes; enrolled at that, the same code is good."""
    code = await street.cloud.claim()
    said, found = await refused(street, "https://203.0.113.7", code)
    assert found == "proof"
    assert f"This cloud's address is {CLOUD} (its REX_PUBLIC_URL): enrol the hub at that one" in said
    hub = street.hubs[0]
    assert not isinstance(await hub.sync.enrol(hub.tenant, CLOUD, code), Refused)
