"""A hub in its own process's test, over HTTP: what steps of the wall clock and reboots do to what it has issued."""

from pathlib import Path

import pytest

from rex_auth_edge.domain.clock import DAY, MINUTE, SECOND
from rex_auth_edge.flows import timekeeping
from rex_auth_edge.machine import BUILT
from rex_auth_edge.storage.tables import audit, auth_sessions, otp_sessions
from tests.clock.homes import MAYA, NOOR, bearer, count, refreshed, running, validates
from tests.doubles import Machine
from tests.hub import PASSWORD, Household

TRUE = BUILT + 30 * DAY
FORGED = 4_070_908_800_000
"""The first of January 2099."""
STEPS = pytest.mark.parametrize("step", [-20_000 * DAY, -5 * MINUTE, 5 * MINUTE, 20_000 * DAY])


@pytest.fixture
def machine() -> Machine:
    """A machine whose NTP works."""
    return Machine(TRUE, ntp=True)


async def banned(home: Household) -> bool:
    """Whether a stranger's sign-in with the right password is refused."""
    async with home.client("192.168.1.66") as client:
        return (await home.login(client, MAYA)).status_code != 200


async def ban(home: Household) -> None:
    """Four wrong passwords from a strange device."""
    async with home.client("192.168.1.66") as client:
        for _ in range(4):
            await home.login(client, MAYA, "Wrong-Guess-1!")


@STEPS
async def test_a_step_ends_and_extends_nothing(machine: Machine, tmp_path: Path, step: int) -> None:
    """Access and refresh tokens, codes and bans of this boot last as long as without it, whoever sets the clock."""
    async with running(machine, tmp_path) as home, home.client() as client:
        tokens = await home.join(client, MAYA)
        begun = await home.begin(client, NOOR)
        reset = await home.reset_token(client, MAYA)
        await ban(home)
        code = await home.code(NOOR)
        machine.wall += step
        machine.advance(5 * MINUTE - SECOND)
        assert await validates(client, tokens)
        assert (await client.get("/auth/password/reset", params={"token": reset})).status_code != 401
        machine.advance(SECOND)
        proof = {"email": NOOR, "otp": code, "temp_token": begun}
        assert (await client.post("/auth/register/verify", json=proof)).json()["code"] == "otp_expired"
        machine.advance(5 * MINUTE - SECOND)
        assert await validates(client, tokens)
        machine.advance(SECOND)
        assert not await validates(client, tokens)
        again = await refreshed(client, tokens)
        assert again is not None
        assert await validates(client, again)
        machine.advance(50 * MINUTE - SECOND)
        assert await banned(home)
        machine.advance(SECOND)
        assert not await banned(home)
        machine.advance(7 * DAY)
        assert await refreshed(client, again) is None


async def test_many_small_steps_back_extend_nothing(machine: Machine, tmp_path: Path) -> None:
    """Whoever sets the clock back again and again buys no time."""
    async with running(machine, tmp_path) as home, home.client() as client:
        tokens = await home.join(client, MAYA)
        for _ in range(10):
            assert await validates(client, tokens)
            machine.wall -= MINUTE
            machine.advance(MINUTE)
        assert not await validates(client, tokens)


async def test_a_code_survives_the_first_answer_of_ntp(tmp_path: Path) -> None:
    """A hub that boots in 1970 and learns the time while somebody registers: the code, and a new one, are good."""
    machine = Machine(0)
    async with running(machine, tmp_path) as home, home.client() as client:
        token = await home.begin(client, MAYA)
        machine.wall, machine.ntp = TRUE, True
        machine.advance(2 * MINUTE)
        again = await client.post("/auth/register/resend-otp", json={"email": MAYA, "temp_token": token})
        assert again.status_code == 200, again.text
        proof = {"email": MAYA, "otp": await home.code(MAYA), "temp_token": token}
        assert (await client.post("/auth/register/verify", json=proof)).status_code == 200


@pytest.mark.parametrize("wall", [0, TRUE - 7 * DAY, FORGED])
@pytest.mark.parametrize("ntp", [False, True])
async def test_a_reboot_shortens_no_ban(machine: Machine, tmp_path: Path, wall: int, ntp: bool) -> None:  # noqa: FBT001
    """Off for a day, and whatever the clock says then: what was left of the hour is left."""
    async with running(machine, tmp_path) as home, home.client() as client:
        await home.join(client, MAYA)
        await ban(home)
        machine.advance(20 * MINUTE)
    machine.reboot(wall, ntp=ntp)
    async with running(machine, tmp_path) as home:
        machine.advance(40 * MINUTE - SECOND - machine.boot)
        assert await banned(home)
        machine.advance(SECOND)
        assert not await banned(home)


@pytest.mark.parametrize("wall", [0, TRUE - 7 * DAY, TRUE + 60 * DAY])
async def test_a_reboot_without_ntp(machine: Machine, tmp_path: Path, wall: int) -> None:
    """What earlier boots issued counts the time known to have passed: people stay signed in, and not for longer."""
    async with running(machine, tmp_path) as home, home.client() as client:
        tokens = await home.join(client, MAYA)
        machine.advance(3 * MINUTE)
    machine.reboot(wall)
    async with running(machine, tmp_path) as home, home.client() as client:
        assert home.clock.now().state == "floor"
        machine.advance(7 * MINUTE - machine.boot - SECOND)
        assert await validates(client, tokens)
        machine.advance(SECOND)
        assert not await validates(client, tokens)
        again = await refreshed(client, tokens)
        assert again is not None
    machine.reboot(wall)
    async with running(machine, tmp_path) as home, home.client() as client:
        machine.advance(7 * DAY - machine.boot)
        assert await refreshed(client, again) is None


async def test_a_reboot_with_ntp(machine: Machine, tmp_path: Path) -> None:
    """A sure clock counts the time that the hub was off as well."""
    async with running(machine, tmp_path) as home, home.client() as client:
        tokens = await home.join(client, MAYA)
        others = await home.join(client, NOOR)
    machine.reboot(machine.wall + 6 * DAY, ntp=True)
    async with running(machine, tmp_path) as home, home.client() as client:
        assert not await validates(client, tokens)
        assert await refreshed(client, tokens) is not None
        machine.wall += DAY
        assert await refreshed(client, others) is None


async def test_a_lie_logs_nobody_out_for_ever(machine: Machine, tmp_path: Path) -> None:
    """A boot in 2099: old tokens are over while it lasts, nothing is purged or rotated, and then all is as before."""
    async with running(machine, tmp_path) as home, home.client() as client:
        tokens = await home.join(client, MAYA)
        await home.begin(client, NOOR)
        kid = home.hub.parts.keyring.signing(home.clock.now()).kid
        rows = [await count(home, table) for table in (audit, auth_sessions, otp_sessions)]
    machine.reboot(FORGED, ntp=True)
    async with running(machine, tmp_path) as home, home.client() as client:
        assert await refreshed(client, tokens) is None
        await home.keep_up()
        assert [await count(home, table) for table in (audit, auth_sessions, otp_sessions)] == rows
        assert [key.kid for key in home.hub.parts.keyring.published(home.clock.now())] == [kid]
        machine.wall = TRUE
        again = await refreshed(client, tokens)
        assert again is not None
        assert await validates(client, again)


@pytest.mark.parametrize("wall", [0, TRUE, FORGED])
async def test_what_was_revoked_stays_so(machine: Machine, tmp_path: Path, wall: int) -> None:
    """Signed out in 1970, when the hub didn't know better: the access token is as dead in every later time."""
    async with running(machine, tmp_path) as home, home.client() as client:
        tokens = await home.join(client, MAYA)
    machine.reboot(0)
    async with running(machine, tmp_path) as home, home.client() as client:
        assert (await client.post("/auth/logout", headers=bearer(tokens))).status_code == 200
        assert not await validates(client, tokens)
    machine.reboot(wall, ntp=True)
    async with running(machine, tmp_path) as home, home.client() as client:
        assert not await validates(client, tokens)
        assert await refreshed(client, tokens) is None


async def test_owners_sign_in_afresh(machine: Machine, tmp_path: Path) -> None:
    """While the clock isn't synced an earlier boot's sign-in is not fresh, and acts of owners want one of this boot."""
    async with running(machine, tmp_path) as home, home.client() as client:
        tokens = await home.own(client, MAYA)
        assert (await client.get("/household/audit", headers=bearer(tokens))).status_code == 200
    machine.reboot(TRUE)
    async with running(machine, tmp_path) as home, home.client() as client:
        reading = await client.get("/household/audit", headers=bearer(tokens))
        changing = await client.patch("/household", json={"name": "Ours"}, headers=bearer(tokens))
        said = {(answer.status_code, answer.json()["code"]) for answer in (reading, changing)}
        assert said == {(403, "fresh_sign_in_required")}
        proof = {"password": PASSWORD}
        assert (await client.post("/auth/reauthenticate", json=proof, headers=bearer(tokens))).status_code == 200
        assert (await client.get("/household/audit", headers=bearer(tokens))).status_code == 200
        assert (await client.patch("/household", json={"name": "Ours"}, headers=bearer(tokens))).is_success


async def test_a_household_may_want_everybody_anew(machine: Machine, tmp_path: Path) -> None:
    """By its policy: after a reboot, and not after a restart, nobody's session goes on, with a good clock neither."""
    async with running(machine, tmp_path) as home, home.client() as client:
        tokens = await home.own(client, MAYA)
        policy = {"fresh_after_reboot": "on"}
        answer = await client.patch("/household/policy", json=policy, headers=bearer(tokens))
        assert answer.json()["fresh_after_reboot"] is True
        wrong = await client.patch("/household/policy", json={"fresh_after_reboot": "1"}, headers=bearer(tokens))
        assert wrong.status_code == 400
    async with running(machine, tmp_path) as home, home.client() as client:
        assert await validates(client, tokens)
    machine.reboot(ntp=True)
    async with running(machine, tmp_path) as home, home.client() as client:
        assert not await validates(client, tokens)
        assert await refreshed(client, tokens) is None
        tokens = (await home.login(client, MAYA)).json()
    async with running(machine, tmp_path) as home, home.client() as client:
        assert await validates(client, tokens)


async def test_the_state_is_shown(machine: Machine, tmp_path: Path) -> None:
    """By health, with why; and in each row of the audit log."""
    machine.ntp, machine.wall = False, 0
    async with running(machine, tmp_path) as home, home.client() as client:
        ready = (await client.get("/health/ready")).json()
        assert (ready["status"], ready["clock"]) == ("ok", "unknown")
        assert "before this release was made" in ready["clock_why"]
        tokens = await home.own(client, MAYA)
        rows = (await client.get("/household/audit", headers=bearer(tokens))).json()
        assert "unknown" in str(rows)
        machine.wall, machine.ntp = TRUE, True
        machine.advance(SECOND)
        assert (await client.get("/health/ready")).json()["clock"] == "synced"


async def test_lowering_the_floor(machine: Machine, tmp_path: Path) -> None:
    """It goes down as far as the release's date, everybody is signed out at once, and it stays over reboots."""
    async with running(machine, tmp_path) as home, home.client() as client:
        tokens = await home.own(client, MAYA)
        machine.advance(100 * DAY)
    machine.reboot(0)
    async with running(machine, tmp_path) as home, home.client() as client:
        owner, parts = (await home.login(client, MAYA)).json(), home.hub.parts
        assert not isinstance(await timekeeping.lower(parts, TRUE + 900 * DAY), timekeeping.Lowered)
        done = await timekeeping.lower(parts, BUILT + 40 * DAY)
        assert isinstance(done, timekeeping.Lowered)
        assert (done.after, done.ended) == (BUILT + 40 * DAY, 2)
        assert not await validates(client, owner)
        assert await refreshed(client, tokens) is None
    machine.reboot(0)
    async with running(machine, tmp_path) as home, home.client() as client:
        assert home.clock.now().wall == BUILT + 40 * DAY + machine.boot
        assert not await validates(client, owner)
        tokens = (await home.login(client, MAYA)).json()
        assert "clock.lower" in (await client.get("/household/audit", headers=bearer(tokens))).text
        done = await timekeeping.lower(home.hub.parts, 0)
        assert isinstance(done, timekeeping.Lowered)
        assert done.after == BUILT + machine.boot
