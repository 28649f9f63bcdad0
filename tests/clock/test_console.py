"""`clock` on the console, on a hub that runs."""

from datetime import datetime

from rex_auth_edge.domain.clock import DAY
from rex_auth_edge.machine import BUILT
from tests.bad_days.people import signed_up
from tests.cli.consoles import Console
from tests.clock.machines import Moved


def test_clock(moved: Moved) -> None:
    """Shown with its state and why; lowered, where it is too high, at the price of every session."""
    console = Console(moved.folder / "data")
    moved.set(BUILT - 300 * DAY)
    with moved.hub() as hub, hub.client() as client:
        session = signed_up(hub, client, "maya@example.com")
        shown = console.done("clock", "show")
        assert (shown["state"], shown["boots"]) == ("unknown", 1)
        assert "before this release was made" in console.said("clock", "show")
        assert "before this release was made" in console.said("status")
        assert console.run("clock", "lower", "2099-01-01", "--yes").exit_code == 1
        assert console.run("clock", "lower", "0d").exit_code == 2  # nobody is there to be asked
        assert session.valid(client)
        done = console.done("clock", "lower", "1d", "--yes")
        assert done["ended"] == 1
        assert datetime.fromisoformat(done["floor"]).timestamp() * 1000 >= BUILT
        assert not session.valid(client)
        assert "sessions have ended" in console.said("clock", "lower", "1d", "--yes")
    assert console.done("clock", "show")["boots"] == 1
