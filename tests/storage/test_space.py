"""The reserve and the marks between a disk with room and a full one; the tests of bad days fill real disks."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rex_auth_edge.storage.space import HIGH, LOW, MIB, PORTION, Space

WANTED = 2 * MIB


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Say how much of the disk is free."""

    def says(count: int) -> None:
        monkeypatch.setattr(Space, "free", property(lambda _: count))

    return says


def test_the_reserve_really_takes_its_room(tmp_path: Path) -> None:
    """Nobody has room until it was looked for; then the reserve is there, allocated and private."""
    space = Space(tmp_path / "hub.db", WANTED)
    assert space.full
    assert not space.look()
    facts = (tmp_path / "hub.db-reserve").stat()
    assert (facts.st_size, facts.st_mode & 0o777) == (WANTED, 0o600)
    assert facts.st_blocks * 512 >= WANTED


def test_the_marks(tmp_path: Path, free: Callable[[int], None]) -> None:
    """Full below the low mark, and until the high one is reached again."""
    space = Space(tmp_path / "hub.db", 0)
    seen = []
    for count in (HIGH - 1, HIGH, LOW, LOW - 1, LOW, HIGH - 1, HIGH):
        free(count)
        seen.append(space.look())
    assert seen == [True, False, False, True, True, True, False]


def test_what_was_given_is_made_whole_first(tmp_path: Path, free: Callable[[int], None]) -> None:
    """A disk has room again when the reserve is back and the high mark reached beside it."""
    space = Space(tmp_path / "hub.db", WANTED)
    free(HIGH + WANTED)
    assert not space.look()
    space.ran_out()
    assert space.give()
    assert space.reserved == WANTED - PORTION
    free(HIGH + PORTION - 1)
    assert space.look()
    free(HIGH + PORTION)
    assert not space.look()
    assert space.reserved == WANTED


def test_nothing_left_to_give(tmp_path: Path) -> None:
    """Portion after portion, until it says that there is none."""
    space = Space(tmp_path / "hub.db", WANTED)
    space.look()
    assert [space.give() for _ in range(3)] == [True, True, False]
    assert not Space(tmp_path / "other.db", WANTED).give()


def test_no_room_for_a_reserve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where it can't be made (a quota), ordinary writes stay refused, and the log says so once."""

    def refuses(*_: Any) -> None:
        raise OSError(122, "Disk quota exceeded")

    monkeypatch.setattr("rex_auth_edge.storage.space.os.posix_fallocate", refuses)
    space = Space(tmp_path / "hub.db", WANTED)
    assert space.look()
    assert "Disk quota exceeded" in caplog.text
    assert caplog.text.count("is full") == 1


def test_a_reserve_with_holes(tmp_path: Path) -> None:
    """A copy of the directory may have kept its size and lost its room: that is none."""
    with (tmp_path / "hub.db-reserve").open("wb") as file:
        file.truncate(WANTED)
    space = Space(tmp_path / "hub.db", WANTED)
    assert space.reserved == 0
    assert not space.look()
    assert space.reserved == WANTED


def test_a_disk_that_is_gone(tmp_path: Path) -> None:
    """What can't be asked stays as it was."""
    space = Space(tmp_path / "gone" / "hub.db", WANTED)
    assert space.look()
    assert not space.give()
