"""What `mail test` and `doctor` learn from the mail server."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from rex_auth_edge.appliance import reach
from rex_auth_edge.domain.refusals import Refused
from rex_auth_edge.mail.carrier import Carrier, Delivered, Outcome, Postponed, Rejected
from rex_auth_edge.mail.options import MailOptions
from rex_auth_edge.mail.smtp import Smtp
from rex_auth_edge.verbs import doctor, mail
from rex_auth_edge.verbs.reach import Reach
from tests.hub import Household, settings_for, text_of
from tests.mail.servers import Inbox, real


class Answering:
    """A carrier that has one answer for everything, or none."""

    def __init__(self, outcome: Outcome | None) -> None:
        self.outcome = outcome
        self.letters: list[EmailMessage] = []

    async def deliver(self, messages: Sequence[EmailMessage]) -> AsyncIterator[Outcome]:
        """Answer as told."""
        self.letters += messages
        if self.outcome is not None:
            yield self.outcome


class Silent:
    """A server that never answers."""

    async def deliver(self, _messages: Sequence[EmailMessage]) -> AsyncIterator[Outcome]:
        """Wait for ever."""
        await asyncio.Event().wait()
        yield Delivered()


@pytest.fixture
def near(home: Household, tmp_path: Path) -> Reach:
    """What the verbs of a hub can reach."""
    return reach(settings_for(tmp_path / "data"), home.hub, running=True)


def by(near: Reach, carrier: Carrier | None) -> Reach:
    """The same with another mail server."""
    return replace(near, carrier=carrier)


async def outcome_of(near: Reach, address: str = "maya@example.com") -> Any:
    """What `mail test` says."""
    return await mail.VERBS["test"](near, address=address)


async def test_a_letter_that_was_taken(near: Reach) -> None:
    """A whole letter leaves at once, past the outbox; it is on record, without the address."""
    carrier = Answering(Delivered())
    said = await outcome_of(by(near, carrier))
    assert (said["result"], said["reason"], said["address"]) == ("success", None, "maya@example.com")
    (letter,) = carrier.letters
    assert letter["To"] == "maya@example.com"
    assert "It does." in text_of(letter)


@pytest.mark.parametrize(
    ("outcome", "result", "reason"),
    [
        (Postponed("Later (450)."), "postponed", "Later (450)."),
        (Rejected("Never (550)."), "rejected", "Never (550)."),
        (None, "postponed", "The mail server hung up."),
    ],
)
async def test_a_letter_that_was_not(near: Reach, outcome: Outcome | None, result: str, reason: str) -> None:
    """What the server answered is said."""
    said = await outcome_of(by(near, Answering(outcome)))
    assert (said["result"], said["reason"]) == (result, reason)


async def test_a_silent_server(near: Reach, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for ever: the console has its answer before its patience ends."""
    monkeypatch.setattr(mail, "PATIENCE", 0.05)
    assert (await outcome_of(by(near, Silent())))["reason"] == "The mail server didn't answer in time."


async def test_no_server_and_no_address(near: Reach) -> None:
    """Both are refused in a sentence that says what to set or to write."""
    none = await outcome_of(by(near, None))
    assert isinstance(none, Refused)
    assert "SMTP_SERVER" in none.message
    wrong = await outcome_of(near, "maya")
    assert isinstance(wrong, Refused)
    assert "maya" in wrong.message


async def test_a_real_server(near: Reach) -> None:
    """Over real SMTP: the doctor only knocks, `mail test` sends."""
    async with real(Inbox(refuse_rcpt={"gone@example.com": "550 5.1.1 nobody"})) as inbox:
        options = MailOptions(enabled=True, server="127.0.0.1", port=inbox.port, use_tls=False)
        carried = replace(near, carrier=Smtp(options), settings=replace(near.settings, mail=options))
        assert (await doctor.reachable(carried)).level == "ok"
        assert inbox.taken == []
        assert (await outcome_of(carried))["result"] == "success"
        assert inbox.addresses == ["maya@example.com"]
        refused = await outcome_of(carried, "gone@example.com")
        assert "550 5.1.1" in refused["reason"]
    unreachable = await doctor.reachable(carried)
    assert (unreachable.level, unreachable.advice != "") == ("fail", True)


async def test_letters_are_hastened_one_by_one_or_all(near: Reach, home: Household) -> None:
    """A letter in its pause is due at once; one that has ended is refused, since nothing of it is left."""
    async with home.client() as client:
        for name in ("maya", "noor"):
            await home.begin(client, f"{name}@example.com")
    first, second = await mail.VERBS["list"](near, states=["waiting"])
    assert await mail.VERBS["retry"](near, letter=first["id"]) == {"letters": 1, "sending": True}
    assert (await mail.VERBS["retry"](near))["letters"] == 2
    assert (await mail.VERBS["retry"](near, household="home"))["letters"] == 2
    await home.mail()
    states = {row["id"]: row["state"] for row in await mail.VERBS["list"](near)}
    assert states == {first["id"]: "sent", second["id"]: "sent"}
    with pytest.raises(Exception, match="bad_request"):
        await mail.VERBS["retry"](near, letter=first["id"])
