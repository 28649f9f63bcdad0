"""How long things are kept: keys, sessions, registrations and the audit log go by running time."""

from pathlib import Path

import pytest

from rex_auth_edge.domain.clock import DAY, HOUR, MINUTE
from rex_auth_edge.domain.register import LONGEST
from rex_auth_edge.flows import signing
from rex_auth_edge.machine import BUILT
from rex_auth_edge.storage import chains
from rex_auth_edge.storage.tables import auth_sessions, otp_sessions
from tests.clock.homes import MAYA, NOOR, count, running, validates
from tests.doubles import Machine
from tests.hub import Household

TRUE = BUILT + 30 * DAY
FORGED = 4_070_908_800_000
"""The first of January 2099."""


@pytest.fixture
def machine() -> Machine:
    """A machine whose NTP works."""
    return Machine(TRUE, ntp=True)


async def verified(home: Household) -> chains.Chain:
    """The one chain of the audit log, in which each row follows from the one before."""
    (chain,) = await home.store.read(lambda conn: chains.every(conn, home.hub.parts.home))
    page = await home.store.read(lambda conn: chains.rows(conn, chain, 0, 1000))
    followed = chains.follow(chain, chains.Place(), page, done=True)
    assert (followed.rows, followed.broken) == (chain.rows, None)
    return chain


async def test_keys_live_by_running_time(machine: Machine, tmp_path: Path) -> None:
    """A new key waits its five minutes and an old one stays as long as its tokens, whatever the clock says."""
    async with running(machine, tmp_path) as home, home.client() as client:
        tokens, ring = await home.join(client, MAYA), home.hub.parts.keyring
        old = ring.signing(home.clock.now())
        new = await signing.rotate(home.hub.parts)
        machine.wall = FORGED
        assert ring.signing(home.clock.now()) is not new
        assert len((await client.get("/.well-known/jwks.json")).json()["keys"]) == 2
        home.hub.authenticator.forget()
        assert await validates(client, tokens)
        machine.advance(5 * MINUTE)
        machine.wall = 0
        assert ring.signing(home.clock.now()).kid == new.kid
        machine.advance(LONGEST)
        assert ring.dead(home.clock.now()) == []
        machine.advance(MINUTE)
        assert ring.dead(home.clock.now()) == [old.kid]


async def test_what_is_really_old_goes(machine: Machine, tmp_path: Path) -> None:
    """Purging goes by running time: after 37 days of it nothing of an abandoned session is left."""
    async with running(machine, tmp_path) as home, home.client() as client:
        await home.join(client, MAYA)
        await home.begin(client, NOOR)
        machine.advance(37 * DAY - HOUR)
        machine.wall = 0
        await home.keep_up()
        assert [await count(home, table) for table in (auth_sessions, otp_sessions)] == [1, 0]
        machine.advance(2 * HOUR)
        await home.keep_up()
        assert await count(home, auth_sessions) == 0


async def test_the_audit_log_is_kept_as_long_as_it_says(machine: Machine, tmp_path: Path) -> None:
    """Old rows go after 400 days of running time, those from a forged 2099 with them; the rest still verifies."""
    async with running(machine, tmp_path) as home, home.client() as client:
        await home.join(client, MAYA)
        machine.wall = FORGED
        await home.join(client, NOOR)
        machine.wall = TRUE
        await home.login(client, MAYA)
        machine.advance(200 * DAY)
        await home.login(client, MAYA)
        machine.advance(230 * DAY - HOUR)
        machine.wall = 0
        await home.keep_up()
        assert (await verified(home)).first == 1
        machine.advance(2 * HOUR)
        await home.keep_up()
        assert (await verified(home)).first == 6
