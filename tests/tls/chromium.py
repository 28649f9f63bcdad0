"""Debian's Chromium with a home of its own, where the household's CA is trusted or isn't."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from rex_auth_edge import machine


def home(directory: Path, trusted: bytes | None) -> Path:
    """A home directory whose browser trusts this CA (DER), or none beside the world's."""
    store = directory / ".pki" / "nssdb"
    store.mkdir(parents=True)
    database = ["-d", f"sql:{store}"]
    subprocess.run(["certutil", "-N", "--empty-password", *database], check=True)
    if trusted is not None:
        command = ["certutil", "-A", *database, "-n", "household", "-t", "C,,"]
        subprocess.run(command, input=trusted, check=True)
    return directory


@contextmanager
def browsing(directory: Path, *hosts: str, **context: object) -> Iterator[Page]:
    """A page in a browser that lives in this home and finds these hosts on this machine."""
    rules = ", ".join(f"MAP {host} 127.0.0.1" for host in hosts)
    arguments = [f"--host-resolver-rules={rules}", "--no-sandbox", "--disable-gpu"]
    environment = {**machine.environment(), "HOME": str(directory)}
    with sync_playwright() as player:
        browser = player.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=arguments,
            env=environment,  # type: ignore[arg-type]
        )
        yield browser.new_page(**context)  # type: ignore[arg-type]
        browser.close()
