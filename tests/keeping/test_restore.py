"""A restored hub is the same to whoever trusts it, and everybody signs in again; a stolen one's successor is new."""

import io
import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from rex_auth_edge.domain.secret import Secret
from rex_auth_edge.keeping import archive
from rex_auth_edge.keeping import restore as restoring
from rex_auth_edge.keeping.archive import DATABASE, MANIFEST, ArchiveError, Manifest, Member, unpack
from rex_auth_edge.keeping.restore import RestoreError, Wanted, restore
from rex_auth_edge.storage.open import open_store
from tests.doubles import HandClock, SeededEntropy
from tests.hub import Household, household
from tests.keeping.conftest import MAYA, Kept

ROOM = 1 << 30


@asynccontextmanager
async def hub_on(data_dir: Path, clock: HandClock) -> AsyncIterator[Household]:
    """A hub as it starts on a data directory."""
    secret = (data_dir / "secret.key").read_text().strip()
    url = sa.URL.create("sqlite", database=str(data_dir / "rex-auth-edge.db"))
    store = await open_store(url, data_dir, clock, SeededEntropy(7))
    home = await household(store, clock, data_dir, SECRET_KEY=secret)
    yield home
    await home.hub.close()
    await store.close()


def onto(kept: Kept, data_dir: Path) -> Wanted:
    """The backup onto another hub."""
    data_dir.mkdir(mode=0o700, exist_ok=True)
    return Wanted(kept.backup, data_dir / "rex-auth-edge.db", key=kept.key)


async def test_a_hub_swap(kept: Kept, tmp_path: Path, clock: HandClock) -> None:
    """New hardware has the same keys and people; tokens, codes and invitations of before are void there."""
    new = tmp_path / "new"
    await restore(onto(kept, new), clock, SeededEntropy(3))
    for name in ("secret.key", "unit-id", "tls/ca.key"):
        assert (new / name).read_bytes() == (kept.data_dir / name).read_bytes()
    assert (new / "secret.key").stat().st_mode & 0o077 == 0
    async with hub_on(new, clock) as home, home.client() as client:
        old = {"authorization": f"Bearer {kept.access_token}"}
        assert (await client.get("/auth/token/validate", headers=old)).status_code == 401
        body = {"refresh_token": kept.refresh_token}
        assert (await client.post("/auth/token/refresh", json=body)).status_code == 401
        tokens = (await home.login(client, MAYA)).json()
        client.headers["authorization"] = f"Bearer {tokens['access_token']}"
        invites = (await client.get("/household/invites")).json()["invites"]
        assert [each["status"] for each in invites] == ["revoked"]
        assert (await client.get("/household/codes")).json()["codes"] == []
        assert "hub.restored" in (await client.get("/household/audit")).text
        assert await home.mail("ida@example.com") == []


async def test_a_stolen_hub(kept: Kept, tmp_path: Path, clock: HandClock) -> None:
    """Its successor has the people, and none of its keys; addresses are found under the new ones."""
    new = tmp_path / "new"
    await restore(replace(onto(kept, new), stolen=True), clock, SeededEntropy(3))
    assert (new / "secret.key").read_text().strip() != kept.secret_key.reveal()
    assert not (new / "tls").exists()
    assert (new / "unit-id").exists()
    async with hub_on(new, clock) as home, home.client() as client:
        assert (await home.login(client, MAYA)).status_code == 200
        assert await home.reset_token(client, MAYA)


async def test_what_was_there_is_put_aside(kept: Kept, clock: HandClock) -> None:
    """Restoring over a hub keeps it in `replaced`; what lies in `backups` stays, and by `sync` the hub knows of it."""
    (kept.data_dir / "sync").mkdir()
    (kept.data_dir / "sync" / "home.copy").write_text("where it stood")
    (kept.data_dir / "backups").mkdir()
    (kept.data_dir / "backups" / "old.sqlite3").touch()
    (kept.data_dir / "later").write_text("made after the backup")
    await restore(Wanted(kept.backup, kept.database, key=kept.key), clock, SeededEntropy(3))
    assert (kept.data_dir / "replaced" / "later").read_text() == "made after the backup"
    assert not (kept.data_dir / "later").exists()
    assert (kept.data_dir / "sync" / "home.copy").read_text() == "where it stood"
    assert (kept.data_dir / "backups" / "old.sqlite3").exists()
    assert not (kept.data_dir / "restoring").exists()


async def test_a_wrong_key_touches_nothing(kept: Kept, clock: HandClock) -> None:
    """The hub that was there is there."""
    before = kept.database.read_bytes()
    with pytest.raises(Exception, match="begin with AGE-SECRET-KEY"):
        await restore(Wanted(kept.backup, kept.database, key=Secret("AGE-NOT")), clock, SeededEntropy(3))
    assert kept.database.read_bytes() == before
    assert not (kept.data_dir / "restoring").exists()


async def test_a_secret_from_outside(kept: Kept, tmp_path: Path, clock: HandClock) -> None:
    """A SECRET_KEY that is kept elsewhere has to be the one of before, and for a stolen hub another one."""
    new = replace(onto(kept, tmp_path / "new"), outside=Secret("another secret than before"))
    with pytest.raises(RestoreError, match="isn't the one"):
        await restore(new, clock, SeededEntropy(3))
    with pytest.raises(RestoreError, match="is the stolen hub's"):
        await restore(replace(new, outside=kept.secret_key, stolen=True), clock, SeededEntropy(3))
    await restore(replace(new, outside=kept.secret_key), clock, SeededEntropy(3))


class PowerCutError(BaseException):
    """The machine is off."""


@pytest.mark.parametrize("cut", range(1, 12))
async def test_a_power_cut_at_every_step(
    kept: Kept, clock: HandClock, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    """Wherever it comes, there is one whole hub: the old one, or after `finish` the restored one with the old aside."""
    steps, rename = 0, Path.rename

    def failing(path: Path, target: Path) -> Path:
        nonlocal steps
        steps += 1
        if steps == cut:
            raise PowerCutError
        return rename(path, target)

    names = {path.name for path in kept.data_dir.iterdir()}
    done = False
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", failing)
        try:
            await restore(Wanted(kept.backup, kept.database, key=kept.key), clock, SeededEntropy(3))
            done = True
        except PowerCutError:
            pass
    restored = restoring.finish(kept.data_dir) or done
    assert {path.name for path in kept.data_dir.iterdir()} >= names
    async with hub_on(kept.data_dir, clock) as home, home.client() as client:
        assert (await home.login(client, MAYA)).status_code == 200
        client.headers["authorization"] = f"Bearer {(await home.login(client, MAYA)).json()['access_token']}"
        assert ("hub.restored" in (await client.get("/household/audit")).text) is restored
    if restored:
        assert {path.name for path in (kept.data_dir / "replaced").iterdir()} >= {"rex-auth-edge.db", "secret.key"}


def forged(folder: Path, names: list[tarfile.TarInfo], told: dict[str, Member] | None = None) -> Path:
    """An archive that this program wouldn't make."""
    members = {DATABASE: Member(0, archive._sha256(Path("/dev/null")))} | (told or {})
    about = msgspec.json.encode(Manifest(1, "1", "0002", "2026-01-01T00:00:00Z", "synced", "", members))
    path = folder / "forged"
    with tarfile.open(path, "w:gz") as tar:
        first = tarfile.TarInfo(MANIFEST)
        first.size = len(about)
        tar.addfile(first, io.BytesIO(about))
        for name in names:
            tar.addfile(name, io.BytesIO(b"x" * name.size))
    return path


def link(name: str, kind: bytes) -> tarfile.TarInfo:
    """A link to a file outside."""
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, "/etc/passwd"
    return made


@pytest.mark.parametrize(
    "name", ["../outside", "/etc/outside", "tls/../../outside", "a/b/c", "replaced/../x", ".hidden"]
)
def test_no_way_out(tmp_path: Path, name: str) -> None:
    """Whoever can make a backup for us to restore can't write outside the data directory, nor where nobody looks."""
    folder = tmp_path / "in"
    folder.mkdir()
    told = {name: Member(0, archive._sha256(Path("/dev/null")))}
    for names in (told, {}):
        with pytest.raises(ArchiveError):
            unpack(forged(tmp_path, [tarfile.TarInfo(name)], names), folder, ROOM)
    assert list(folder.iterdir()) == []
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE])
def test_nothing_but_files(tmp_path: Path, kind: bytes) -> None:
    """A link, a pipe or a device in the place of a file is refused."""
    folder = tmp_path / "in"
    folder.mkdir()
    with pytest.raises(ArchiveError):
        unpack(forged(tmp_path, [link(DATABASE, kind)]), folder, ROOM)
    assert list(folder.iterdir()) == []


def test_a_backup_that_inflates(tmp_path: Path) -> None:
    """What it says to hold is compared with the room that there is before anything is written."""
    folder = tmp_path / "in"
    folder.mkdir()
    bomb = tarfile.TarInfo(DATABASE)
    bomb.size = 1 << 20
    told = {DATABASE: Member(1 << 20, "")}
    with pytest.raises(ArchiveError, match="isn't enough room"):
        unpack(forged(tmp_path, [bomb], told), folder, 1 << 16)
    with pytest.raises(ArchiveError, match="doesn't name"):
        unpack(forged(tmp_path, [bomb]), folder, ROOM)
    assert list(folder.iterdir()) == []
