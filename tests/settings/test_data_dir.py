"""Settings: the data directory, and the secret in it."""

import os
import stat
from pathlib import Path

import pytest
from typing_extensions import override

from rex_auth_edge.settings import load
from tests.doubles import SeededEntropy
from tests.settings.loading import KEY, loaded, problems


def test_the_data_directory_and_its_secret_are_made_private(data: Path) -> None:
    """0700 and 0600; the secret is random, and the same at the next start."""
    first = loaded(data)
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert stat.S_IMODE((data / "secret.key").stat().st_mode) == 0o600
    assert len(first.keys.secret_key) == 64
    assert load({"REX_DATA_DIR": str(data), "REX_TLS": "off"}).keys.secret_key == first.keys.secret_key
    assert sorted(path.name for path in data.iterdir()) == ["secret.key", "unit-id"], "no drafts are left"


def test_a_secret_that_is_set_makes_no_file(data: Path) -> None:
    """SECRET_KEY from outside stays outside."""
    assert loaded(data, {"SECRET_KEY": KEY}).keys.secret_key.reveal() == KEY
    assert [path.name for path in data.iterdir()] == ["unit-id"]


@pytest.mark.parametrize("content", [b"", b"\n", b"abc", b"0" * 63, b"\xff" * 64, b"0" * 65])
def test_a_damaged_secret_refuses_to_start(data: Path, content: bytes) -> None:
    """A new one in its place would silently orphan everything sealed with the old."""
    loaded(data)
    (data / "secret.key").write_bytes(content)
    assert "backup" in problems(data)[0]
    assert (data / "secret.key").read_bytes() == content


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_secret_that_others_may_read_refuses_to_start(data: Path, mode: int) -> None:
    """With the command that puts it right."""
    loaded(data)
    (data / "secret.key").chmod(mode)
    assert f"chmod 600 {data}/secret.key" in problems(data)[0]


def test_a_dangling_secret_is_no_reason_for_a_new_one(data: Path, tmp_path: Path) -> None:
    """A symbolic link to a volume that isn't mounted is a problem to tell, not a first start."""
    data.mkdir(mode=0o700)
    (data / "secret.key").symlink_to(tmp_path / "not-mounted")
    assert "secret.key" in problems(data)[0]


class Overtaken(SeededEntropy):
    """Randomness during whose making another process makes the secret first."""

    def __init__(self, data: Path) -> None:
        super().__init__(seed=1)
        self.data = data

    @override
    def token_bytes(self, count: int) -> bytes:
        self.others = loaded(self.data).keys.secret_key
        return super().token_bytes(count)


def test_two_that_start_at_once_agree_on_the_secret(data: Path) -> None:
    """Of two processes that make it at the same time the first wins, and both use that."""
    data.mkdir(mode=0o700)
    entropy = Overtaken(data)
    mine = load({"REX_DATA_DIR": str(data), "REX_TLS": "off"}, entropy=entropy).keys.secret_key
    assert mine == entropy.others == loaded(data).keys.secret_key


def test_a_data_directory_that_cannot_be_is_explained(tmp_path: Path) -> None:
    """No parent, a file in its place, a place where nothing can be written, or one where others may write."""
    (tmp_path / "file").write_text("")
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o770)
    assert f"make the directory {tmp_path}/no first" in problems(tmp_path / "no" / "data")[0]
    assert "not a directory" in problems(tmp_path / "file")[0]
    assert "not a directory" in problems(tmp_path / "file" / "data")[0]
    assert "chmod 700" in problems(tmp_path / "shared")[0]
    assert "can't be" in problems(Path("/proc/self/fdinfo"))[0]


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes where it pleases")
def test_a_read_only_data_directory_is_explained(data: Path) -> None:
    """What the hub can't write is told at start, not at the first registration."""
    data.mkdir(mode=0o500)
    assert "can't be written" in problems(data)[0]
