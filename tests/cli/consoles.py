"""The console in the test's own process: asked of a hub in a thread over its real socket, or of the database."""

import asyncio
import json
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from rex_auth_edge.appliance import reach
from rex_auth_edge.assembly import core
from rex_auth_edge.cli import main
from rex_auth_edge.control import ControlServer, socket_in
from rex_auth_edge.machine import SystemClock, SystemEntropy
from rex_auth_edge.settings import Settings, load
from rex_auth_edge.storage.open import open_store
from rex_auth_edge.verbs import verbs
from tests.hub import CHEAP

SETTINGS = {"REX_TLS": "off", "REX_HOST": "127.0.0.1", "REX_PORT": "8000"}


@dataclass
class Console:
    """Commands on one data directory. `environ` are its settings."""

    data_dir: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, str]:
        """What the commands find in their environment."""
        return SETTINGS | {"REX_DATA_DIR": str(self.data_dir), "COLUMNS": "200"} | dict(self.environ)

    def run(self, *arguments: str, typed: str | None = None, **environ: str) -> Result:
        """A command to its end; `typed` is what comes on standard input, which is no terminal."""
        runner = CliRunner()
        return runner.invoke(main, list(arguments), input=typed, env=self.settings | environ, catch_exceptions=False)

    def done(self, *arguments: str, typed: str | None = None) -> Any:
        """What a command that succeeds says with --json."""
        result = self.run(*arguments, "--json", typed=typed)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def said(self, *arguments: str, typed: str | None = None) -> str:
        """What a command that succeeds says to people."""
        result = self.run(*arguments, typed=typed)
        assert result.exit_code == 0, result.output
        return result.stdout


def prepared(template: Path, data_dir: Path) -> Console:
    """A console on a copy of a data directory where a hub has been once."""
    shutil.copytree(template, data_dir)
    return Console(data_dir)


def settings_of(console: Console) -> Settings:
    """What a hub there runs with, hashing as cheaply as it gets."""
    loaded = load(console.settings)
    return replace(loaded, keys=replace(loaded.keys, argon2=CHEAP))


@contextmanager
def served(console: Console) -> Iterator[Console]:
    """A hub that runs on the console's directory, without its listeners but for the control socket."""
    ready, loop = threading.Event(), asyncio.new_event_loop()
    stop = asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(_serve(settings_of(console), ready, stop)))
    thread.start()
    try:
        assert ready.wait(20)
        yield console
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


async def _serve(settings: Settings, ready: threading.Event, stop: asyncio.Event) -> None:
    clock, entropy = SystemClock(), SystemEntropy()
    store = await open_store(settings.database, settings.data_dir, clock, entropy)
    hub = await core(settings, store, clock, entropy, None)
    await hub.parts.setup.load(store)
    control = ControlServer(socket_in(settings.data_dir), verbs(reach(settings, hub, running=True)))
    await control.start()
    ready.set()
    await stop.wait()
    await control.stop()
    await hub.close()
    await store.close()
