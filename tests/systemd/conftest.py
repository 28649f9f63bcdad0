"""Machines for tests, and the hub installed on them from a release and a folder of wheels, without a network."""

import hashlib
import itertools
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from rex_auth_edge import machine
from tests.systemd import debian
from tests.systemd.machines import Machine, booted, forget

ROOT = Path(__file__).parents[2]
RELEASE, WHEELS = "/srv/release", "/srv/wheels"

_PLENTY = 6 * 1024**3
_AS_INSTALLED = """
if [[ -e /etc/systemd/system/rex-auth-edge.service.d || -e /etc/credstore ]]; then
    rm -rf /etc/systemd/system/rex-auth-edge.service.d /etc/credstore
    systemctl daemon-reload
    systemctl stop rex-auth-edge.service
fi
systemctl start rex-auth-edge-{https,http,gateway}.socket rex-auth-edge-backup.timer rex-auth-edge.service
"""
_serial = itertools.count()


@dataclass(frozen=True)
class Layers:
    """What machines are made of: a clean Debian, and over it the files that installing the hub has written."""

    debian: Path
    wheels: Path
    release: Path
    installed: Path
    said: str


Boot = Callable[..., AbstractContextManager[Machine]]


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all processes of this test run share."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@pytest.fixture(scope="session")
def clean() -> Path:
    """A Debian root. Where no machine can be made and booted tests are skipped, with the reason; in CI they fail."""
    try:
        return debian.root()
    except debian.NoMachineError as error:
        said = f"No machine can be booted here: {error}"
        if machine.environment().get("CI") == "true":
            pytest.fail(said)
        pytest.skip(said)


@pytest.fixture(scope="session")
def wheels(clean: Path) -> Path:
    """The folder that `make wheels` fills, for the lock as it is."""
    mark = hashlib.sha256((ROOT / "requirements.lock").read_bytes()).hexdigest()[:12]
    folder = debian.KEPT / f"wheels-{mark}"
    with debian.alone("wheels"):
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run(["make", "wheels", f"WHEELS={folder}"], cwd=ROOT, check=True, capture_output=True)
            _show(folder)
            (folder / "complete").touch()
    return folder


@pytest.fixture(scope="session")
def release(shared: Path) -> Path:
    """The release of this checkout, packed and unpacked."""
    target = shared / "release"
    with debian.alone("release"):
        if not target.exists():
            draft = shared / "release-draft"
            command = [sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--directory", str(draft)]
            subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
            (archive,) = draft.glob("*.tar.gz")
            with tarfile.open(archive) as packed:
                packed.extractall(draft, filter="data")
            (folder,) = (path for path in draft.iterdir() if path.is_dir())
            folder.rename(target)
            _show(target)
    return target


def _show(folder: Path) -> None:
    """Let everybody read it, whatever the test run's umask is."""
    subprocess.run(["chmod", "-R", "go=rX", str(folder)], check=True)


@pytest.fixture(scope="session")
def layers(shared: Path, clean: Path, wheels: Path, release: Path) -> Layers:
    """The hub, installed once on a clean Debian that has no network, and stopped in order."""
    upper = shared / "installed"
    with debian.alone("installed"):
        if not (upper / "said").exists():
            with booted(upper, [clean], {wheels: WHEELS, release: RELEASE}) as fresh:
                said = fresh.said(f"{RELEASE}/install.sh", "--wheels", WHEELS)
                fresh.said("systemctl", "stop", "rex-auth-edge.service")
                fresh.said("sync")
            (upper / "said").write_text(said)
    return Layers(clean, wheels, release, upper / "files", (upper / "said").read_text())


@contextmanager
def _room(otherwise: Path) -> Iterator[Path]:
    """Where machines write: into memory where there is plenty, since what they write is thrown away."""
    memory = Path("/dev/shm")  # noqa: S108  made for this, and removed again
    if not memory.is_dir() or shutil.disk_usage(memory).free < _PLENTY or _available() < _PLENTY:
        yield otherwise
        return
    place = Path(tempfile.mkdtemp(prefix="rex-auth-edge-", dir=memory))
    yield place
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Path]:
    """Where a test's machines write."""
    with _room(tmp_path) as place:
        yield place


def _available() -> int:
    (found,) = re.findall(r"^MemAvailable: +(\d+) kB$", Path("/proc/meminfo").read_text(), re.MULTILINE)
    return int(found) * 1024


@pytest.fixture
def boot(room: Path, layers: Layers) -> Iterator[Boot]:
    """Boots machines on which the hub is installed, or isn't. One of the same `upper` goes on from where it was."""
    uppers: set[Path] = set()

    @contextmanager
    def begin(
        there: Mapping[Path, str] | None = None, upper: Path | None = None, *, installed: bool = True
    ) -> Iterator[Machine]:
        upper = upper or room / f"machine-{next(_serial)}"
        uppers.add(upper)
        below = [layers.installed, layers.debian] if installed else [layers.debian]
        binds = {layers.wheels: WHEELS, layers.release: RELEASE} | dict(there or {})
        with booted(upper, below, binds) as begun:
            yield begun

    yield begin
    for upper in uppers:
        forget(upper)


@pytest.fixture(scope="session")
def resident(layers: Layers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine on which the hub is installed, for all tests of this process that ask."""
    with _room(tmp_path_factory.mktemp("resident")) as place:
        binds = {layers.wheels: WHEELS, layers.release: RELEASE}
        with booted(place / "machine", [layers.installed, layers.debian], binds) as begun:
            yield begun


@pytest.fixture
def hub(resident: Machine) -> Machine:
    """A machine whose hub serves, with its units as they are installed, whatever the test before has done to them."""
    resident.shell(_AS_INSTALLED)
    return resident
