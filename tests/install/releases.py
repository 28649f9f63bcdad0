"""Later releases, good and bad ones, made of the present one."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

_MIGRATION = '''"""A table that only the next release knows."""

from alembic import op
import sqlalchemy as sa

revision = "{number}"
down_revision = "{last}"


def upgrade() -> None:
    op.create_table("of_the_next", sa.Column("id", sa.Integer, primary_key=True))
'''
_SERVES = "        await entrance.start()\n"


@dataclass(frozen=True)
class Later:
    """A later release: `version` is its number, `lines` come before the point where it would begin to serve."""

    version: str = "9.0.0"
    lines: str = ""


GOOD = Later()
BROKEN = Later("9.1.0", '        raise RuntimeError("this release is broken")\n')
HANGING = Later("9.2.0", "        await asyncio.sleep(3600)\n")


def made(later: Later, present: Path, target: Path) -> Path:
    """A release that brings the schema further before it does what it does, unpacked for its owner's eyes alone."""
    shutil.copytree(present, target)
    _change(target / "rex_auth_edge/__init__.py", r'__version__ = ".*"', f'__version__ = "{later.version}"')
    _change(target / "rex_auth_edge/appliance.py", re.escape(_SERVES), later.lines + _SERVES)
    versions = target / "migrations/versions"
    last = max(re.findall(r"^(\d{4})_", "\n".join(path.name for path in versions.iterdir()), re.MULTILINE))
    number = f"{int(last) + 1:04}"
    (versions / f"{number}_next.py").write_text(_MIGRATION.format(number=number, last=last))
    for path in target.rglob("*"):
        path.chmod(path.stat().st_mode & 0o700)
    return target


def _change(path: Path, pattern: str, by: str) -> None:
    text, count = re.subn(pattern, lambda _: by, path.read_text())
    assert count == 1, f"{path} has {pattern} {count} times"
    path.write_text(text)
