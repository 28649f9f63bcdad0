"""What a device imports weighs little: Python's own modules and, once something is signed, cryptography."""

import subprocess
import sys

import pytest

HEAVY = {
    *("alembic", "aiosqlite", "argon2", "click", "jinja2", "jwt", "limits", "litestar", "msgspec", "rich"),
    *("sqlalchemy", "uvicorn", "zeroconf"),
}


def loaded(code: str) -> set[str]:
    """The top-level modules and the package's own that a fresh Python has after some code."""
    code += "\nimport sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names = done.stdout.split()
    return {name.partition(".")[0] for name in names} | {name for name in names if name.startswith("rex_auth_edge.")}


@pytest.mark.parametrize("code", ["import rex_auth_edge.client", "from rex_auth_edge.client import Hub, Wish, Proof"])
def test_importing_it_brings_nothing_heavy(code: str) -> None:
    """Neither what the hub is made of, nor cryptography, the network or asyncio before they are needed."""
    found = loaded(code)
    assert found & {*HEAVY, "cryptography", "ssl", "http", "asyncio", "socket", "email"} == set()
    assert {name for name in found if name.startswith("rex_auth_edge.") and ".client" not in name} == set()


def test_verifying_brings_cryptography_and_no_network() -> None:
    """A program that only verifies pays for signatures and for nothing else."""
    code = """
from pathlib import Path
from tempfile import mkdtemp
from rex_auth_edge.client.folder import Folder
from rex_auth_edge.client.keys import load_or_make
from rex_auth_edge.client import jose
key = load_or_make(Folder(Path(mkdtemp())))
assert jose.verified(jose.parse(key.dpop("GET", "http://x/", 0, None)), key.jwk)
"""
    found = loaded(code)
    assert "cryptography" in found
    assert found & {*HEAVY, "ssl", "http", "asyncio"} == set()
