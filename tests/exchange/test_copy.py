"""The copy outside of the database: always whole, open to nobody else, and what it holds comes back."""

import stat
from pathlib import Path
from uuid import UUID

import pytest
from msgspec.structs import replace

from rex_auth_edge.domain.secret import Secret
from rex_auth_edge.exchange.enrolment import Enrolment, opened, sealed
from rex_auth_edge.exchange.hub.copy import Copies, Copy
from rex_auth_edge.exchange.proof import HubKey
from rex_auth_edge.keys.seal import Seal, SealBrokenError
from rex_auth_edge.sync.me import HEADS, Me
from rex_auth_edge.sync.order import Position
from tests.doubles import SeededEntropy

HERE = UUID(int=1)
ME = Me(b"h" * 16, 3, 9, HEADS, b"n" * 16, 2, pending=b"a request", cuts=((Position(1, 5), 1),), commits=7)


def test_it_comes_back(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """To the byte, the latest one, in a file of the hub's own user."""
    copies = Copies(tmp_path, HERE)
    assert copies.read() is None
    for commits in range(1, 6):
        copies.write(Copy(replace(ME, commits=commits), b"sealed"))
        assert Copies(tmp_path, HERE).read() == Copy(replace(ME, commits=commits), b"sealed")
    folder = tmp_path / "sync"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()} == {0o600}
    assert Copies(tmp_path, UUID(int=2)).read() is None
    assert caplog.records == []


@pytest.mark.parametrize("left", [0, 1, 30])
def test_a_damaged_one(tmp_path: Path, caplog: pytest.LogCaptureFixture, left: int) -> None:
    """Of a file that wasn't written to its end there is the one before; if that is damaged too, none, which is said."""
    copies = Copies(tmp_path, HERE)
    for commits in (1, 2):
        copies.write(Copy(replace(ME, commits=commits), b"sealed"))
    for path, good in ((copies.paths[1], 1), (copies.paths[0], None)):
        path.write_bytes(path.read_bytes()[:left])
        found = Copies(tmp_path, HERE).read()
        assert (None if found is None else found.me.commits) == good
        assert len(caplog.records) == (good is None)
    copies.write(Copy(ME, b"sealed"))
    assert Copies(tmp_path, HERE).read() == Copy(ME, b"sealed")


def test_its_room_is_taken_once(tmp_path: Path) -> None:
    """A copy is written over what is there, so that no full disk keeps a hub from sending."""
    copies = Copies(tmp_path, HERE)
    for commits in (1, 2):
        copies.write(Copy(replace(ME, commits=commits), b"sealed"))
    taken = [(path, path.stat().st_ino, path.stat().st_blocks) for path in copies.paths]
    copies.write(Copy(replace(ME, pending=b"r" * 256 * 1024), b"sealed"))
    assert sorted((path, path.stat().st_ino, path.stat().st_blocks) for path in copies.paths) == sorted(taken)


def test_forgotten(tmp_path: Path) -> None:
    """Forgetting it twice is as good as once."""
    copies = Copies(tmp_path, HERE)
    copies.write(Copy(ME, b"sealed"))
    copies.forget()
    copies.forget()
    assert copies.read() is None


def test_an_enrolment_is_sealed() -> None:
    """Its keys are in no file in the clear, open in no other household, and print nowhere."""
    seal, key = Seal(Secret("a key of the tests"), SeededEntropy()), HubKey(b"s" * 32)
    made = Enrolment("https://cloud.example", b"h" * 16, "Home", b"c" * 16, ((key.public, key.seed),), 0)
    raw = sealed(seal, HERE, made)
    assert key.seed not in raw
    assert opened(seal, HERE, raw) == made
    with pytest.raises(SealBrokenError):
        opened(seal, UUID(int=2), raw)
    assert "ss" not in repr(made)


def test_two_keys() -> None:
    """While one takes over from the other, either signs; a third takes the place of the older."""
    first, second, third = (HubKey(bytes([number]) * 32) for number in range(3))
    made = Enrolment("https://cloud.example", b"h" * 16, "Home", b"c" * 16, ((first.public, first.seed),), 0)
    both = made.with_key(second, first.public, 5)
    assert (both.signer(b"h" * 16, first.public).key, both.signer(b"h" * 16, second.public).key) == (first, second)
    assert (both.other(first.public), both.other(second.public)) == (second.public, first.public)
    later = both.with_key(third, second.public, 9)
    assert dict(later.seeds) == {third.public: third.seed, second.public: second.seed}
    assert (made.other(first.public), later.since) == (first.public, 9)
