"""What is shown while something takes its time: on a terminal, after two seconds, and nothing is left of it."""

import io
import sys
import threading

import pytest

from rex_auth_edge.cli import waiting as module
from rex_auth_edge.cli.waiting import following, waiting


class Screen(io.StringIO):
    """A terminal that remembers; `written` is set once there is something on it."""

    def __init__(self, *, terminal: bool = True) -> None:
        super().__init__()
        self.terminal = terminal
        self.written = threading.Event()

    def isatty(self) -> bool:
        """Whether it is one."""
        return self.terminal

    def write(self, text: str) -> int:
        """Remember."""
        if "Following" in text:
            self.written.set()
        return super().write(text)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two seconds are over at once."""
    monkeypatch.setattr(module, "SOON", 0.0)
    monkeypatch.setenv("TERM", "xterm")


@pytest.mark.usefixtures("at_once")
def test_what_lasts_shows_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """The label and the numbers; taken away again at the end."""
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    with waiting("Following", 100) as advance:
        advance(60)
        assert screen.written.wait(10)
        advance(40)
    shown = screen.getvalue()
    assert "100/100" in shown
    assert shown.endswith("\x1b[2K")


@pytest.mark.usefixtures("at_once")
def test_what_somebody_else_tells_shows_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both numbers may grow: what is known of the work does."""
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    with following("Following") as told:
        told(1, 4)
        assert screen.written.wait(10)
        told(5, 9)
    assert "5/9" in screen.getvalue()


@pytest.mark.usefixtures("at_once")
def test_one_inside_another_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The outer one speaks for both; afterwards there is room again."""
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    with waiting("Following"), waiting("Inside") as advance:
        advance(1)
        assert screen.written.wait(10)
    assert "Inside" not in screen.getvalue()
    with waiting("Following"):
        assert screen.written.is_set()


def test_what_is_quick_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most commands are."""
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    with waiting("Following", 2) as advance:
        advance(2)
    assert screen.getvalue() == ""


@pytest.mark.usefixtures("at_once")
def test_programs_are_shown_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard error isn't a terminal: it is for errors."""
    screen = Screen(terminal=False)
    monkeypatch.setattr(sys, "stderr", screen)
    with waiting("Following"):
        assert not screen.written.wait(0.05)
    assert screen.getvalue() == ""
