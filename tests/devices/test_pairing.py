"""A device's own program asks a real hub to be let in, and people at the console decide; the voice app among them."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rex_auth_edge import machine
from rex_auth_edge.cli import speech
from rex_auth_edge.client import Hub, HubRefusedError, Wish
from rex_auth_edge.client.pair import Ask
from rex_auth_edge.client.place import at
from tests.cli.consoles import Console
from tests.processes import Process, environment, serving


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Process]:
    """One for each test: what one address may ask is little."""
    with serving(tmp_path / "data") as made:
        yield made


@pytest.fixture
def console(hub: Process) -> Iterator[Console]:
    """Whoever has the hub's console, who has opened the window."""
    made = Console(hub.data_dir)
    made.done("device", "window", "--for", "5m")
    yield made
    made.done("device", "window", "--close")


def waited(asked: Ask, decide: Any) -> None:
    """Poll; somebody decides before the first one."""
    decisions = [decide]
    asked.wait(pause=lambda _: decisions.pop()() if decisions else None)


def test_a_code_is_typed(hub: Process, console: Console, tmp_path: Path) -> None:
    """The device shows letters; the console shows what asks, lets it in with less, and it has its tokens."""
    asked = Hub.ask(tmp_path / "lamp", at(hub.url, None), Wish("Lamp", "lamp", ("lights", "heating"), "Hall"))
    assert asked.user_code
    assert asked.uri == f"{hub.url}/device"
    typed = asked.user_code.lower()
    waited(asked, lambda: console.done("device", "approve", typed, "--scope", "lights", "--room", "Attic", "--yes"))
    lamp = Hub(tmp_path / "lamp")
    assert lamp.token()
    (shown,) = [each for each in console.done("device", "list")["devices"] if each["id"] == lamp.device_id]
    assert (shown["name"], shown["room"], shown["scopes"], shown["way"]) == ("Lamp", "Attic", ["lights"], "grant")


def test_words_are_compared(hub: Process, console: Console, tmp_path: Path) -> None:
    """Device and console show the same six words, and others for another asking; they are the owner's word for it."""
    first, other = (Hub.ask_by_words(tmp_path / name, at(hub.url, None), Wish(name, "sensor")) for name in "ab")
    shown = {each["name"]: each["compare"] for each in console.done("device", "asks")}
    assert shown == {"a": list(first.compare), "b": list(other.compare)}
    assert first.compare != other.compare
    waited(first, lambda: console.done("device", "approve", *first.compare, "--yes"))
    assert Hub(tmp_path / "a").token()
    with pytest.raises(HubRefusedError) as refused:
        waited(other, lambda: console.done("device", "deny", *other.compare))
    assert refused.value.code == "access_denied"


def test_the_window_is_closed(hub: Process, console: Console, tmp_path: Path) -> None:
    """The device's program is told what an owner has to do."""
    console.done("device", "window", "--close")
    with pytest.raises(HubRefusedError, match="an owner does") as refused:
        Hub.ask(tmp_path / "lamp", at(hub.url, None), Wish("Lamp"))
    assert refused.value.code == "pairing_closed"


def test_the_voice_app(hub: Process, console: Console, tmp_path: Path) -> None:
    """`device pair --voice` says four words; once they have been heard and typed it is in, and keeps its folder."""
    command = [sys.executable, "-m", "rex_auth_edge", "device", "pair", "--voice", "--hub", hub.url, "--json"]
    command += ["--folder", str(tmp_path / "voice"), "--scope", "lights"]
    with subprocess.Popen(
        command, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as voice:
        assert voice.stderr
        said = next(found for line in voice.stderr if (found := re.search(r'says +"(.*)"', line)))[1]
        heard = re.search(r"these four words: (\w+, \w+, \w+, \w+)\.", said)
        assert heard
        console.done("device", "approve", *heard[1].split(", "), "--yes")
        answer, trouble = voice.communicate(timeout=60)
    told = json.loads(answer)
    assert "Thank you, I am in." in trouble
    assert told["folder"] == str(tmp_path / "voice")
    paired = Hub(tmp_path / "voice")
    assert (paired.device_id, paired.kind) == (told["device"], "voice")
    assert paired.token()


def test_what_is_asked_is_shown_first(hub: Process, console: Console, tmp_path: Path) -> None:
    """Without --yes the console shows what asks and from where; where nobody can confirm, nobody is let in."""
    asked = Hub.ask(tmp_path / "lamp", at(hub.url, None), Wish("Lamp", "lamp", ("lights",)))
    result = console.run("device", "approve", str(asked.words))
    assert result.exit_code == 2
    assert re.search(r"name +Lamp", result.stdout)
    assert re.search(r"from +127\.0\.0\.1 \(at home\)", result.stdout)
    assert [each["name"] for each in console.done("device", "asks")] == ["Lamp"]
    table = console.said("device", "asks")
    assert str(asked.user_code) not in table
    assert "the code that it shows" in table


def test_a_qr_codes_text(console: Console, tmp_path: Path) -> None:
    """`device pair --qr` reads what an owner's code says, without a window, and is in; the code is good once."""
    added = console.done("device", "add", "Shelf", "--kind", "lamp")
    command = ("device", "pair", "--qr", "--folder", str(tmp_path / "shelf"))
    told = console.done(*command, typed=added["qr"] + "\n")
    assert Hub(tmp_path / "shelf").device_id == told["device"]
    again = console.run("device", "pair", "--qr", "--folder", str(tmp_path / "b"), "--json", typed=added["qr"] + "\n")
    assert (again.exit_code, json.loads(again.stderr)["code"]) == (1, "invalid_grant")


def test_words_that_nobody_compares(hub: Process, console: Console, tmp_path: Path) -> None:
    """Where nobody can say that both sides show the same, the device doesn't go on."""
    command = ("device", "pair", "--words", "--hub", hub.url, "--folder", str(tmp_path / "lamp"))
    result = console.run(*command)
    assert result.exit_code == 2
    (shown,) = console.done("device", "asks")
    assert " ".join(shown["compare"]) in result.stderr


def test_what_is_spoken(tmp_path: Path) -> None:
    """espeak-ng reads the sentence from its standard input, where no other process sees it, and speaks each word."""
    if shutil.which("espeak-ng") is None:
        said = "espeak-ng isn't installed. On Debian: apt install espeak-ng"
        pytest.fail(said) if machine.environment().get("CI") == "true" else pytest.skip(said)
    speech.unless_mute()
    speech.speak("Enter these words: acorn, tulip.", "-q", "-x", f"--phonout={tmp_path}/sounds")
    assert len((tmp_path / "sounds").read_text().split()) >= 5
