"""Letters on the console, for development."""

import io
import re

from rex_auth_edge.mail.carrier import Delivered
from rex_auth_edge.mail.console import Console
from rex_auth_edge.mail.letters import Verification
from tests.mail.posting import PostOffice


async def test_letters_are_shown_and_loudly_marked(office: PostOffice) -> None:
    """Each is framed as not sent, with address, subject and text; a name in it steers no terminal."""
    stream = io.StringIO()
    office.restart(Console(stream))
    await office.send("maya@test", Verification("Maya\x1b[2J\nDear", "408112", 5))
    await office.send("noor@test")
    await office.drain_all()
    shown = stream.getvalue()
    assert shown.count("DEVELOPMENT ONLY") == 2
    assert "To: maya@test\nSubject: Your code for REX\n" in shown
    assert re.findall(r"\d{6}", shown) == ["408112"]
    assert "\x1b" not in shown
    assert "<p>" not in shown
    assert await office.states() == ["sent", "sent"]


async def test_nothing_is_shown_for_nothing() -> None:
    """No letters, no frame."""
    stream = io.StringIO()
    assert [outcome async for outcome in Console(stream).deliver([])] == list[Delivered]()
    assert stream.getvalue() == ""
