"""The cloud's pages for owners of hubs in a real browser: at the narrowest phone, without scripts, by keyboard."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.cloud.pair import PASSWORD, Pair
from tests.pages.chromium import chromium, untroubled, visit
from tests.processes import run, serving
from tests.tls.programs import needed

pytestmark = pytest.mark.mariadb
NARROW = {"width": 360, "height": 740}


@pytest.fixture
def browser() -> Iterator[Browser]:
    """Debian's."""
    needed(chromium="chromium")
    with chromium() as started:
        yield started


def test_a_hub_is_let_in_and_removed_by_keyboard(pair: Pair, browser: Browser, tmp_path: Path) -> None:
    """The code is typed at a hub, which joins; then the hub is taken away again, for good."""
    pair.join(pair.one, "olga@example.com", "olga")
    olga = visit(browser, pair.one.url, NARROW)
    keys = olga.page.keyboard

    def press(name: str) -> None:
        olga.tab_to(name)
        with olga.page.expect_navigation():
            keys.press("Enter")
        olga.look()

    olga.open("/sign-in")
    olga.type(email="olga@example.com", password=PASSWORD)
    keys.press("Enter")
    olga.page.wait_for_url("**/house")
    press("Rules")
    press("The household")
    press("Let a hub in")
    press("Show the code")
    code = olga.text(".big").replace("\n", "")
    with serving(tmp_path / "hub"):
        done = run(tmp_path / "hub", "sync", "enroll", pair.one.url, "--yes", typed=code + "\n")
    assert done.returncode == 0, done.stderr
    press("Done")
    olga.open("/house/sync")
    assert "let in" in olga.text(".table")
    press("Remove")
    assert "What has become of it" in olga.text("form")
    olga.tab_to("It is gone")
    keys.press("Space")
    press("Remove")
    assert "Its sessions are over" in olga.text(".note")
    assert "removed" in olga.text(".table")
    untroubled(olga)
