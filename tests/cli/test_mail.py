"""Letters from the console."""

import json

from tests.cli.consoles import Console


def test_letters_wait_and_are_hurried(console: Console) -> None:
    """A waiting letter is listed without its content, and tried at once by its id or with all others."""
    for name in ("noor", "omar"):
        console.done("invite", "create", "--email", f"{name}@example.com")
    listed = console.run("mail", "list", "--json")
    letters = json.loads(listed.stdout)
    assert [(each["letter"], each["state"], each["household"]) for each in letters] == [
        *(("invitation", "waiting", "home"), ("invitation", "waiting", "home")),
    ]
    assert console.done("mail", "retry", letters[0]["id"]) == {"letters": 1, "sending": False}
    assert console.said("mail", "retry", "--all").startswith("2 waiting letters are tried as soon as")
    assert [row["event"] for row in console.done("audit", "list", "--event", "mail")] == ["mail.retry"] * 2


def test_states_households_and_bounds(running: Console) -> None:
    """Only those asked for; an unknown state is wrong usage."""
    running.done("household", "create", "Oma")
    running.done("invite", "create", "--email", "noor@example.com", "--household", "oma")
    assert running.done("mail", "list", "--household", "home") == []
    assert len(running.done("mail", "list", "--household", "oma")) == 1
    assert running.done("mail", "list", "--state", "sent", "--state", "failed") == []
    assert running.said("mail", "list", "--state", "sent") == "No letters.\n"
    assert running.said("mail", "retry", "--all", "--household", "home") == "No letter waits.\n"
    assert running.run("mail", "list", "--state", "lost").exit_code == 2


def test_one_letter_or_all(stopped: Console) -> None:
    """Neither and both are wrong usage."""
    assert stopped.run("mail", "retry").exit_code == 2
    assert stopped.run("mail", "retry", "x", "--all").exit_code == 2
    assert stopped.run("mail", "retry", "x").exit_code == 1


def test_without_a_server(stopped: Console) -> None:
    """`mail test` says what to set."""
    refused = stopped.run("mail", "test", "maya@example.com")
    assert refused.exit_code == 1
    assert "SMTP_SERVER" in refused.stderr


def test_what_the_server_said_is_the_answer(stopped: Console) -> None:
    """Nobody listens there: exit code 1, and why."""
    told = stopped.run("mail", "test", "maya@example.com", SMTP_ENABLED="true", SMTP_SERVER="127.0.0.1", SMTP_PORT="1")
    assert told.exit_code == 1
    assert "127.0.0.1:1 has not taken it (postponed): The mail server can't be reached" in told.stdout
