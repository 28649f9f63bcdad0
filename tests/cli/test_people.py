"""Households, people, invitations and sessions."""

import json
from pathlib import Path

import pytest

from tests.cli.consoles import Console

PASSWORD = "Zebra-River-42!"


def added(console: Console, username: str, role: str = "adult") -> dict[str, object]:
    """A member without an e-mail address."""
    made: dict[str, object] = console.done("user", "add", username, "--role", role, typed=f"{PASSWORD}\n")
    return made


def test_a_persons_life(console: Console) -> None:
    """Added, found by name and id, given roles, disabled, enabled, pardoned, removed: on a hub and on its database."""
    noor = added(console, "noor", "child")
    assert noor["role"] == "child"
    assert console.done("user", "show", str(noor["id"]))["username"] == "noor"
    assert console.done("user", "role", "NOOR", "adult")["role"] == "adult"
    assert console.done("user", "disable", "noor", "--yes")["status"] == "disabled"
    assert console.done("user", "enable", "noor")["status"] == "active"
    assert console.done("user", "unban", "noor")["status"] == "active"
    assert "noor" in console.said("user", "list")
    assert console.done("user", "remove", "noor", "--yes")["id"] == noor["id"]
    assert console.done("user", "list") == []
    events = [row["event"] for row in console.done("audit", "list", "--event", "members")]
    assert events[0] == "members.remove"
    assert len(events) == 6
    assert console.done("audit", "verify")["ok"]


def test_words_for_people(running: Console) -> None:
    """Without --json every answer is a sentence, a table or facts."""
    assert running.said("user", "add", "noor", typed=PASSWORD) == "noor is child, active.\n"
    assert "last sign-in  " in running.said("user", "show", "noor")
    assert running.said("user", "unban", "noor") == "noor is child, active.\n"
    assert "/reset-password?token=" in running.said("user", "reset", "noor", "--yes")
    assert running.said("session", "list") == "Nobody is signed in.\n"
    assert running.said("session", "end-all", "--yes") == "0 sessions have ended.\n"
    assert "code" in running.said("invite", "create", "--name", "Omar")
    assert "pending" in running.said("invite", "list")
    assert "not in the household" in running.said("user", "remove", "noor", "--yes")
    assert "registration" in running.said("household", "policy", "show")
    assert running.said("household", "rename", "The Lindens") == "It is The Lindens.\n"
    assert "The Lindens" in running.said("household", "show")
    assert running.said("household", "codes") == "Nobody waits for a code.\n"


def test_the_last_owner_stays(running: Console) -> None:
    """By no command is the household left without an owner."""
    added(running, "maya", "owner")
    for command in (["disable", "maya", "--yes"], ["remove", "maya", "--yes"], ["role", "maya", "adult"]):
        refused = running.run("user", *command, "--json")
        assert refused.exit_code == 1
        assert json.loads(refused.stderr)["code"] == "last_owner"


@pytest.mark.parametrize(
    "command",
    [
        ("user", "disable", "noor"),
        ("user", "remove", "noor"),
        ("user", "reset", "noor"),
        ("session", "end", "1"),
        ("session", "end-all"),
        ("invite", "revoke", "1"),
    ],
)
def test_what_destroys_asks(stopped: Console, command: tuple[str, ...]) -> None:
    """Where nobody can be asked, it is a usage error to leave out --yes, and nothing is done."""
    refused = stopped.run(*command, "--json")
    assert refused.exit_code == 2
    assert "--yes" in json.loads(refused.stderr)["message"]


def test_who_is_not_there(running: Console) -> None:
    """An unknown person, household, session or invitation has exit code 4, and says where to look."""
    nobody = "01a2092a-820b-779f-bcbf-0d30f14ac4b5"
    for command in (
        ("user", "show", "nobody"),
        ("user", "show", "nobody@example.com"),
        ("user", "show", nobody),
        ("user", "list", "--household", "nowhere"),
        ("session", "end", "4711", "--yes"),
        ("invite", "revoke", nobody, "--yes"),
        ("household", "hand-over", "nobody@example.com"),
        ("mail", "retry", nobody),
        ("settings", "show", "REX_NOTHING"),
    ):
        refused = running.run(*command)
        assert (refused.exit_code, refused.stdout) == (4, ""), command
        assert refused.stderr.startswith("Error: ")


def test_passwords_are_read_and_never_repeated(stopped: Console, tmp_path: Path) -> None:
    """From standard input or the first line of a file; one that is missing or weak is refused in a sentence."""
    (tmp_path / "secret").write_text(f"{PASSWORD}\nnot this\n")
    assert stopped.done("user", "add", "maya", "--password-file", str(tmp_path / "secret"))["username"] == "maya"
    assert stopped.done("user", "add", "noor", "--password-file", "-", typed=PASSWORD)["username"] == "noor"
    for arguments, typed, code in (
        ((), "\n", "missing_field"),
        ((), "hunter2-abc\n", "weak_password"),
        (("--password-file", str(tmp_path / "none")), None, "file"),
    ):
        refused = stopped.run("user", "add", "omar", *arguments, "--json", typed=typed)
        assert (refused.exit_code, json.loads(refused.stderr)["code"]) == (1, code)
        assert "hunter2" not in refused.output


def test_households_apart(running: Console) -> None:
    """A second household has its own people, policy and log; --household picks it by slug or id."""
    made = running.done("household", "create", "Oma's house")
    assert made["slug"] == "oma-s-house"
    there = ("--household", "oma-s-house")
    running.done("user", "add", "noor", *there, typed=PASSWORD)
    assert running.done("user", "list") == []
    assert [row["username"] for row in running.done("user", "list", "--household", made["id"])] == ["noor"]
    assert running.done("household", "policy", "set", "--idle-life", "3d", *there)["idle_life"] == "3d"
    assert running.done("household", "policy", "show")["idle_life"] == "7d"
    assert {row["event"] for row in running.done("audit", "list", *there)} == {
        *("household.create", "members.add", "policy.change"),
    }
    assert running.run("household", "create", "Oma's house").exit_code == 1
    assert running.run("household", "create", "!!").exit_code == 1
    assert len(running.done("household", "list")) == 2


def test_policy_refuses_in_words(stopped: Console) -> None:
    """A value that can't be is a sentence that says what can; nothing to change is wrong usage."""
    refused = stopped.run("household", "policy", "set", "--registration", "maybe")
    assert refused.exit_code == 1
    assert "open, invite, closed" in refused.stderr
    assert stopped.run("household", "policy", "set").exit_code == 2


def test_an_invitations_life(running: Console) -> None:
    """Made with a code and a link, listed without the code, revoked; its waiting letter is withdrawn."""
    made = running.done("invite", "create", "--role", "child", "--email", "noor@example.com", "--expires-in", "1h")
    assert made["code"] in made["link"]
    assert made["mailed"]
    listed = running.run("invite", "list", "--json")
    assert made["code"] not in listed.stdout
    assert [row["status"] for row in json.loads(listed.stdout)] == ["pending"]
    assert [row["address"] for row in running.done("mail", "list", "--state", "waiting")] == ["noor@example.com"]
    running.done("invite", "revoke", made["id"], "--yes")
    assert [row["status"] for row in running.done("invite", "list")] == ["revoked"]
    assert running.done("mail", "list", "--state", "waiting") == []
    assert "to ida@example.com, in the outbox" in running.said("invite", "create", "--email", "ida@example.com")


def test_setup_code_where_a_hub_runs(running: Console) -> None:
    """The code of each household that nobody owns; none where there is an owner."""
    code = running.done("setup-code")["setup_code"]
    assert running.said("setup-code") == f"Setup code of home: {code}\n"
    assert running.done("household", "create", "Oma")["setup_code"] != code
    added(running, "maya", "owner")
    assert running.run("setup-code", "--household", "oma").exit_code == 0


def test_setup_code_where_none_runs(stopped: Console) -> None:
    """A code would be of no use: it is made at each start."""
    refused = stopped.run("setup-code")
    assert refused.exit_code == 1
    assert "start it" in refused.stderr
