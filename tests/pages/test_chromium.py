"""The pages in a real browser: a family's story without scripts, by phone; the way in by keyboard alone; by desk."""

from playwright.sync_api import Browser

from tests.hub import PASSWORD
from tests.pages.chromium import DESK, PHONE, Watched, claimed, setup_code, untroubled, visit
from tests.processes import Process

NEW = "Harbour-Lamp-77?"


def handed(maya: Watched, hub: Process) -> str:
    """The path of the link that Maya hands over."""
    return maya.text(".link").removeprefix(hub.url)


def joined(maya: Watched, noah: Watched, hub: Process) -> None:
    """Noah joins by Maya's link; his code's letter can't leave, so she hands it over."""
    maya.press("Invite somebody")
    maya.type(name="Noah")
    maya.press("Make the invitation")
    noah.open(handed(maya, hub))
    assert noah.path == "/join"
    noah.type(username="noah", email="noah@example.com", password=PASSWORD)
    noah.press("Join")
    assert noah.path == "/verify"
    maya.open("/house")
    maya.press("Hand it over")
    maya.press("Hand over")
    maya.press("Show the code")
    noah.type(otp=maya.text(".big"))
    maya.press("Done")
    noah.press("Done")
    assert noah.path == "/house"
    maya.open("/house")


def banned(stranger: Watched) -> None:
    """Somebody guesses Noah's password until his account is closed for a while."""
    for _ in range(4):
        stranger.open("/sign-in")
        stranger.type(email="noah", password="guess")
        stranger.press("Sign in")
    assert "do not belong together" in stranger.text(".summary")
    stranger.type(email="noah", password=PASSWORD)
    stranger.press("Sign in")
    assert "closed for a while" in stranger.text(".summary")


def signed_in(person: Watched, email: str, password: str) -> None:
    """By the page for it."""
    person.open("/sign-in")
    person.type(email=email, password=password)
    person.press("Sign in")
    assert person.path == "/house"


def test_family(hub: Process, browser: Browser) -> None:
    """Claimed, invited, joined, handed over, role, ban, sessions, reset: by two phones, without scripts."""
    maya, noah, stranger = claimed(hub, browser, PHONE), *(visit(browser, hub.url, PHONE) for _ in range(2))
    joined(maya, noah, hub)
    maya.press("Noah")
    maya.press("Change the role")
    maya.page.get_by_text("Guest").check()
    maya.press("Save")
    noah.open("/house")
    assert noah.path == "/sign-in?next=/house"
    banned(stranger)
    maya.open("/house")
    assert "banned" in maya.text()
    maya.press("Noah")
    maya.press("Lift the ban")
    maya.press("Lift the ban")
    for person in (stranger, noah):
        signed_in(person, "noah", PASSWORD)
    noah.open("/me/sessions")
    noah.press("Sign out all other devices")
    stranger.open("/me")
    assert stranger.path == "/sign-in?next=/me"
    maya.press("Forgot their password?")
    maya.press("Sign out and make the link")
    noah.open(handed(maya, hub))
    assert noah.path == "/reset-password"
    noah.type(new_password=NEW)
    noah.press("Change it")
    signed_in(noah, "noah@example.com", NEW)
    assert "Noah" not in noah.text("nav")
    untroubled(maya, noah, stranger)


def test_every_page_at_a_desk(hub: Process, browser: Browser) -> None:
    """Every page that an owner can walk to is good to look at on a large screen, by day and by night."""
    maya = claimed(hub, browser, DESK)
    waiting, seen = ["/house", "/clock", "/nothing", "/confirm", "/house/add"], {"/"}
    while waiting:
        path = waiting.pop()
        maya.open(path)
        seen.add(path)
        links = maya.page.eval_on_selector_all("a[href^='/']", "links => links.map(a => a.getAttribute('href'))")
        waiting += sorted({link.partition("#")[0] for link in links} - seen - set(waiting))
    maya.open("/house/invites/new")
    maya.press("Make the invitation")
    untroubled(maya)


def test_keyboard_alone(hub: Process, browser: Browser) -> None:
    """Claiming, inviting and signing out without touching anything; where the focus is can always be seen."""
    maya = visit(browser, hub.url, PHONE, scripts=True)
    keys = maya.page.keyboard
    maya.open("/")
    maya.tab_to("Skip to the content")
    keys.press("Enter")
    maya.tab_to("Setup code")
    keys.type(setup_code(hub))
    for label, text in (("Username", "maya"), ("E-mail", "maya@example.com"), ("Password", "weak")):
        maya.tab_to(label)
        keys.type(text)
    keys.press("Enter")
    maya.page.wait_for_selector(".summary:focus")
    maya.tab_to("This password is too easy")
    keys.press("Enter")
    keys.type(PASSWORD)
    keys.press("Enter")
    maya.page.wait_for_url("**/house")
    maya.tab_to("Invite somebody")
    keys.press("Enter")
    maya.page.wait_for_url("**/house/invites/new")
    maya.tab_to("Adult")
    keys.press("ArrowDown")
    maya.tab_to("Make the invitation")
    keys.press("Enter")
    maya.page.wait_for_url("**/house/handed")
    maya.tab_to("Me")
    keys.press("Enter")
    maya.page.wait_for_url("**/me")
    maya.tab_to("Sign out")
    keys.press("Enter")
    maya.page.wait_for_url("**/sign-out")
    maya.tab_to("Sign out here")
    keys.press("Enter")
    maya.page.wait_for_url("**/sign-in")
    untroubled(maya)
