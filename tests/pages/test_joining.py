"""From an unclaimed hub to a family: claimed, invited, joined, handed over, helped."""

import re

from rex_auth_edge.domain.clock import MINUTE
from tests.hub import PASSWORD, Household, text_of
from tests.pages.people import Person, browser, owner
from tests.pages.reading import read, sound

NEW = "Harbour-Lamp-77?"


def link_on(person: Person) -> str:
    """The path and query of the link that is to be handed over."""
    found = re.search(r"http://[^/\s]+(/\S+)", read(person.shown).text)
    assert found
    return found.group(1)


async def test_where_the_address_leads(home: Household) -> None:
    """Unclaimed: to claiming. Claimed: to signing in. Signed in: home. For programs: nothing is there."""
    stranger = browser(home)
    assert (await stranger.client.get("/")).headers["location"] == "/claim"
    maya = await owner(home)
    assert (await stranger.client.get("/")).headers["location"] == "/sign-in"
    assert (await stranger.client.get("/claim")).headers["location"] == "/"
    assert (await maya.client.get("/")).headers["location"] == "/house"
    answer = await home.client().get("/")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_claimed_by_a_member(home: Household) -> None:
    """Whoever joined by the open door before, needs the setup code alone; a wrong one is said to be."""
    noah = browser(home)
    await noah.send("/register", username="noah", email="noah@example.com", password=PASSWORD)
    await noah.fill("/verify", otp=await home.code("noah@example.com"))
    assert "Nobody owns this household" in read(noah.shown).text
    page = await noah.send("/claim", setup_code="AAAA-AAAA")
    assert "Wrong setup code" in page.text
    code = home.hub.parts.setup.shown()[home.hub.parts.home]
    page = await noah.fill("/claim", setup_code=code.lower().replace("-", " "))
    assert "The household is yours" in page.text
    assert "Invite somebody" in page.text


async def test_invited_by_a_link(home: Household, maya: Person) -> None:
    """The link's code leaves the address at once; the page says where it leads, and the person joins as invited."""
    await maya.send("/house/invites/new", name="Noah", role="child", expires_in="1d")
    path, code = link_on(maya), re.search(r"\w{4}-\w{4}-\w{4}", read(maya.shown).text)
    assert code
    assert path == f"/join?invite={code.group()}"
    drawn = await maya.client.get("/house/handed/qr.svg")
    assert drawn.headers["content-type"] == "image/svg+xml"
    assert drawn.text.startswith("<svg")
    noah = browser(home, "192.168.1.40")
    answer = await noah.client.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/join")
    assert all("HttpOnly" in line and "Path=/join" in line for line in answer.headers.get_list("set-cookie"))
    page = await noah.open("/join")
    assert code.group() not in noah.shown.text
    assert "child" in page.text
    await noah.fill("/join", username="noah", email="noah@example.com", password=PASSWORD)
    assert noah.path == "/verify"
    page = await noah.fill("/verify", otp=await home.code("noah@example.com"))
    assert (noah.path, "Your account is ready" in page.text) == ("/house", True)
    assert "Noah" in (await maya.open("/house")).text
    assert "used" in (await maya.open("/house/invites")).text
    again = await browser(home).open(path)
    assert "unknown, used, revoked or expired" in again.text


async def test_an_invitation_typed_and_revoked(home: Household, maya: Person) -> None:
    """A code may be typed instead; a bound one is for its address; a revoked one is for nobody."""
    await maya.send("/house/invites/new", name="Noah", email="noah@example.com", role="guest")
    path = link_on(maya)
    noah = browser(home, "192.168.1.40")
    page = await noah.send("/join", invite=path.partition("=")[2].lower())
    assert "Noah" in page.text
    page = await noah.fill("/join", username="noah", email="other@example.com", password=PASSWORD)
    assert noah.shown.status_code == 403
    assert "another e-mail address" in page.text
    assert page.form("/join").fields["username"] == "noah"
    invited = await maya.open("/house/invites")
    revoke = next(link for link in invited.links if link.endswith("/revoke"))
    assert "isn't sent" in (await maya.open(revoke)).text
    assert "good for nobody" in (await maya.fill(revoke)).text
    assert "unknown, used, revoked or expired" in (await noah.open("/join")).text
    assert "unknown, used, revoked or expired" in (await noah.send("/join", invite="<script>")).text


async def test_code_handed_over(home: Household, maya: Person) -> None:
    """While letters wait, the owner tells the code; it shows to her session only, and not for ever."""
    noah = browser(home, "192.168.1.40")
    await noah.send("/register", first_name="Noah", username="noah", email="noah@example.com", password=PASSWORD)
    page = await maya.open("/house")
    assert "Somebody waits for a code" in page.text
    waiting = next(link for link in (await maya.open("/house/codes")).links if link.startswith("/house/codes/"))
    page = await maya.send(waiting)
    code = re.search(r"\b\d{6}\b", page.text)
    assert code
    aside = {"rex_handed": maya.client.cookies["rex_handed"]}
    other = browser(home, "192.168.1.30")
    await other.send("/sign-in", email="maya", password=PASSWORD)
    other.client.cookies.update(aside)
    assert (await other.client.get("/house/handed")).status_code == 404
    await noah.fill("/verify", otp="000000" if code.group() != "000000" else "111111")
    assert noah.shown.status_code == 400
    await noah.fill("/verify", otp=code.group())
    assert noah.path == "/house"
    assert (await maya.send("/house/handed")).title.startswith("People")
    assert (await maya.client.get("/house/handed")).status_code == 404
    assert (await maya.client.get("/house/handed/qr.svg")).status_code == 404


async def test_another_code(home: Household) -> None:
    """Too soon is said with the seconds; two minutes later another letter comes, and its code is the one."""
    noah = browser(home)
    await noah.send("/register", username="noah", email="noah@example.com", password=PASSWORD)
    first = await home.code("noah@example.com")
    page = await noah.send("/verify", "/verify/again")
    assert (noah.shown.status_code, "Please wait" in page.text) == (429, True)
    home.clock.advance(20 * MINUTE)
    page = await noah.send("/verify", "/verify/again")
    assert "A new code is on its way" in page.text
    page = await noah.fill("/verify", otp=first)
    assert "not the code" in page.text
    await noah.fill("/verify", otp=await home.code("noah@example.com"))
    assert noah.path == "/house"


async def test_username_lost_in_a_race(home: Household) -> None:
    """Whoever was slower chooses another name beside the code, which is still good."""
    people = [browser(home, f"192.168.1.{number}") for number in (40, 41)]
    for number, person in enumerate(people):
        await person.send("/register", username="noah", email=f"noah{number}@example.com", password=PASSWORD)
    await people[0].fill("/verify", otp=await home.code("noah0@example.com"))
    code = await home.code("noah1@example.com")
    page = await people[1].fill("/verify", otp=code)
    assert people[1].shown.status_code == 409
    assert "#f-username" in page.links
    await people[1].fill("/verify", otp=code, username="noah2")
    assert people[1].path == "/house"


async def test_code_without_a_registration(home: Household) -> None:
    """In a browser where nothing was begun there is nothing to prove, and no form that pretends so."""
    page = await browser(home).open("/verify")
    assert page.forms == []
    stranger = browser(home)
    stranger.client.cookies.set("rex_pending", "bm90aGluZw")
    assert "Nothing waits here" in (await stranger.open("/verify")).text


async def test_reset_by_the_letters_link(home: Household, maya: Person) -> None:
    """The token leaves the address for a cookie; a weak password keeps it; a good one ends it, and all sessions."""
    token = await home.reset_token(home.client(), "maya@example.com")
    phone = browser(home, "192.168.1.40")
    letter = text_of((await home.mail("maya@example.com"))[-1])
    assert f"http://127.0.0.1:8000/reset-password?token={token}" in letter
    answer = await phone.client.get(f"/reset-password?token={token}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/reset-password")
    (line,) = answer.headers.get_list("set-cookie")
    assert {"HttpOnly", "Path=/reset-password", "SameSite=lax", "Max-Age=1800"} <= set(line.split("; "))
    page = await phone.open("/reset-password")
    assert token not in phone.shown.text
    assert "maya" in page.text
    page = await phone.fill("/reset-password", new_password="weak")
    assert "at least 8 characters" in page.text
    sound(phone.shown)
    page = await phone.fill("/reset-password", new_password=NEW)
    assert (phone.path, "Sign in with the new one" in page.text) == ("/sign-in", True)
    assert (await maya.client.get("/house")).status_code == 303
    assert "no longer good" in (await phone.open(f"/reset-password?token={token}")).text
    await phone.send("/sign-in", email="maya@example.com", password=NEW)
    assert phone.path == "/house"


async def test_bad_links(home: Household) -> None:
    """Whatever stands where the token should be makes a page that says so, and no header of its own."""
    visitor = browser(home)
    for token in ("", "x", "a b", "x%0d%0aset-cookie:%20a=b", "%00", "\u00e9", "x" * 5000, "..%2f", "a;b=c"):
        for path in (f"/reset-password?token={token}", f"/join?invite={token}"):
            answer = await visitor.client.get(path)
            assert answer.status_code == 303
            names = {line.partition("=")[0] for line in answer.headers.get_list("set-cookie")}
            assert names <= {"rex_reset", "rex_invite"}
            answer = await visitor.client.get(answer.headers["location"])
            assert answer.status_code in {200, 400}
            sound(answer)


async def test_an_owner_helps(home: Household, maya: Person) -> None:
    """A ban lifted, a role changed, a member disabled, enabled, given a new start, removed; each asked about first."""
    await maya.send("/house/add", username="leo", first_name="Leo", role="child", password=PASSWORD)
    assert "Added" in read(maya.shown).text
    links = (await maya.open("/house")).links
    leos = [link for link in links if link.startswith("/house/members/")][1]
    leo = browser(home, "192.168.1.40")
    for _ in range(4):
        await leo.send("/sign-in", email="leo", password="wrong")
    page = await leo.send("/sign-in", email="leo", password=PASSWORD)
    assert (leo.shown.status_code, "closed for a while" in page.text) == (403, True)
    assert "banned" in (await maya.open("/house")).text
    assert f"{leos}/lift-ban" in (await maya.open(leos)).links
    assert "The ban is lifted" in (await maya.send(f"{leos}/lift-ban")).text
    await leo.send("/sign-in", email="leo", password=PASSWORD)
    assert leo.path == "/house"
    page = await maya.send(f"{leos}/role", role="king")
    assert "role is one of" in page.text
    assert "The role is changed" in (await maya.fill(f"{leos}/role", role="guest")).text
    assert "guest" in (await leo.send("/sign-in", email="leo", password=PASSWORD)).text
    assert "signed out everywhere" in (await maya.send(f"{leos}/disable")).text
    assert (await leo.client.get("/house")).status_code == 303
    assert "can sign in again" in (await maya.send(f"{leos}/enable")).text
    await leo.send("/sign-in", email="leo", password=PASSWORD)
    await maya.send(f"{leos}/reset")
    assert (await leo.client.get("/house")).status_code == 303
    await leo.open(link_on(maya))
    await leo.fill("/reset-password", new_password=NEW)
    await leo.send("/sign-in", email="leo", password=NEW)
    assert leo.path == "/house"
    assert (await maya.send(f"{leos}/sessions")).text.count("Signed out there")
    assert "Password confirmed" not in (await maya.open(f"{leos}/history")).text
    assert "Removed" in (await maya.send(f"{leos}/remove")).text
    assert "Leo" not in (await maya.open("/house")).text


async def test_rules_and_name(home: Household, maya: Person) -> None:
    """The household's rules and name are changed as the form says, boxes included."""
    page = await maya.send("/house/rules/change", session_life="30d", idle_life="2h", registration="closed")
    assert "The rules are changed" in page.text
    assert "30 days" in page.text
    assert "2 hours" in page.text
    assert "profiles, passwords, sessions, audit" in page.text
    answer = await maya.client.get("/house/rules/change")
    form = read(answer).form("/house/rules/change")
    fields = {name: text for name, text in form.fields.items() if not name.startswith("share_")}
    answer = await maya.client.post("/house/rules/change", data=fields | {"share_audit": "yes"}, follow_redirects=True)
    assert re.search(r"cloud\s+audit", " ".join(read(answer).text.split()))
    page = await maya.send("/house/rules/change", session_life="forever")
    assert "#f-session_life" in page.links
    page = await maya.send("/house/name", name="Villa Kunterbunt")
    assert "Villa Kunterbunt" in page.title
    assert "By invitation only" in (await browser(home).open("/register")).text


async def test_password_and_picture(home: Household, maya: Person) -> None:
    """A password is changed by who knows the present one; a picture that an app has set is shown and removed."""
    page = await maya.send("/me/password", current_password="wrong", new_password=NEW)
    assert "#f-current_password" in page.links
    page = await maya.send("/me/password", current_password=PASSWORD, new_password="weak")
    assert "#f-new_password" in page.links
    assert (
        "Your password is changed"
        in (await maya.fill("/me/password", current_password=PASSWORD, new_password=NEW)).text
    )
    csrf = (await maya.client.get("/auth/csrf")).json()["csrf_token"]
    body = {"image_data": "iVBORw0KGgoAAAANSUhEUg=="}
    assert (
        await maya.client.post("/auth/profile/picture", json=body, headers={"x-csrf-token": csrf})
    ).status_code == 200
    assert "/me/picture" in (await maya.open("/me")).links
    answer = await maya.client.get("/me/picture")
    assert (answer.headers["content-type"], answer.content[:4]) == ("image/png", b"\x89PNG")
    assert "is removed" in (await maya.send("/me", "/me/picture/remove")).text
    assert (await maya.client.get("/me/picture")).status_code == 404
