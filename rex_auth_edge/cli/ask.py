"""Asking the hub: over its socket where it runs, else on its database."""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rex_auth_edge.cli.fail import RefusedHereError
from rex_auth_edge.cli.waiting import waiting
from rex_auth_edge.domain.failures import ExplainedError

if TYPE_CHECKING:
    from rex_auth_edge.settings import Settings

PATIENCE = 60.0
"""Seconds that a running hub may take for one answer, unless the command says otherwise."""
_STARTING = 5.0
"""Seconds that a hub may take between its lock and its socket, and another command for its work."""
_LOOK = 0.2
LOOK_AGAIN = 0.5
"""Seconds between looks at how far it is."""


@dataclass(frozen=True, slots=True)
class Look:
    """What is asked now and then while a verb takes its time, and who is told the answers."""

    verb: str
    arguments: Mapping[str, Any]
    tell: Callable[[Any], None]


class Do(Protocol):
    """Has the hub do a verb, and looks meanwhile."""

    def __call__(self, verb: str, arguments: Mapping[str, Any], patience: float, look: Look | None = None) -> Any:
        """See `Ask`."""
        ...


class Ask:
    """A hub's verbs. The way to it is found at the first: passwords and confirmations are asked for before."""

    def __init__(self, find: Callable[[], Do]) -> None:
        self._find = find
        self._do: Do | None = None

    def __call__(self, verb: str, /, *, patience: float = PATIENCE, **arguments: Any) -> Any:
        """What the verb answers. Raises ExplainedError, ControlRefusedError among them."""
        return self.looking(None, verb, patience, arguments)

    def looking(self, look: Look | None, verb: str, patience: float, arguments: Mapping[str, Any]) -> Any:
        """The same, looking meanwhile how far it is."""
        _unless_text(arguments)
        with waiting("Waiting for the hub"):
            if self._do is None:
                self._do = self._find()
            return self._do(verb, arguments, patience, look)


def _unless_text(arguments: Mapping[str, Any]) -> None:
    """Raises RefusedHereError for bytes that are no text, as which Python hands them over (PEP 383)."""
    if any(isinstance(each, str) and not each.isascii() and _is_no_text(each) for each in arguments.values()):
        raise RefusedHereError("invalid_field", "What was given isn't UTF-8 text: look at the file, or type it anew.")


def _is_no_text(given: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in given)


@contextmanager
def asking(config: Path | None) -> Iterator[Ask]:
    """A way to the hub for as long as the command lasts."""
    with ExitStack() as stack:
        yield Ask(lambda: _reached(stack, config))


def _reached(stack: ExitStack, config: Path | None) -> Do:
    from rex_auth_edge import machine  # noqa: PLC0415 - `--help` doesn't pay for what it doesn't use
    from rex_auth_edge.control import answers, socket_in  # noqa: PLC0415
    from rex_auth_edge.settings import SettingsError, load_beside, look  # noqa: PLC0415
    from rex_auth_edge.storage.lock import DataDirInUseError  # noqa: PLC0415

    seen = look(machine.environment(), config)
    if seen.data_dir is None:
        raise SettingsError(seen.problems)
    if seen.cloud:
        return stack.enter_context(_held(load_beside(machine.environment(), config)))
    socket, last = socket_in(seen.data_dir), time.monotonic() + _STARTING
    while not answers(socket):
        try:
            return stack.enter_context(_held(load_beside(machine.environment(), config)))
        except DataDirInUseError:
            if time.monotonic() > last:
                raise
            time.sleep(_LOOK)
    return _through(socket)


def over(socket: Path) -> Ask:
    """The hub that listens there."""
    return Ask(lambda: _through(socket))


def _through(socket: Path) -> Do:
    from rex_auth_edge.control import call  # noqa: PLC0415

    def do(verb: str, arguments: Mapping[str, Any], patience: float, look: Look | None = None) -> Any:
        done = threading.Event()
        if look is not None:
            threading.Thread(target=_looking, args=(socket, look, done), daemon=True).start()
        try:
            return call(socket, verb, arguments, timeout=patience)
        finally:
            done.set()

    return do


def _looking(socket: Path, look: Look, done: threading.Event) -> None:
    from rex_auth_edge.control import call  # noqa: PLC0415

    with suppress(ExplainedError):  # what it is about fails by itself, or doesn't
        while not done.wait(LOOK_AGAIN):
            look.tell(call(socket, look.verb, look.arguments))


@contextmanager
def on_database(settings: "Settings") -> Iterator[Ask]:
    """The database itself, held until the end. Raises DataDirInUseError where somebody else holds it."""
    with _held(settings) as do:
        yield Ask(lambda: do)


@contextmanager
def _held(settings: "Settings") -> Iterator[Do]:
    from rex_auth_edge.appliance import offline  # noqa: PLC0415 - the whole program; one that runs needs none of it
    from rex_auth_edge.control import done  # noqa: PLC0415

    become_owner(settings.data_dir)
    with _quiet(), asyncio.Runner() as runner:
        stack = AsyncExitStack()
        verbs = runner.run(_entered(stack, offline(settings)))
        try:
            yield lambda verb, arguments, _patience, look=None: runner.run(_do(done, verbs, (verb, arguments), look))
        finally:
            runner.run(stack.aclose())


async def _entered(stack: AsyncExitStack, context: Any) -> Any:
    return await stack.enter_async_context(context)


async def _do(
    done: Callable[[Awaitable[Any]], Awaitable[Any]],
    verbs: Mapping[str, Callable[..., Awaitable[Any]]],
    asked: tuple[str, Mapping[str, Any]],
    look: Look | None,
) -> Any:
    verb, arguments = asked
    looks = None if look is None else asyncio.create_task(_looked(verbs, look))
    try:
        return await done(verbs[verb](**arguments))
    finally:
        if looks is not None:
            looks.cancel()


async def _looked(verbs: Mapping[str, Callable[..., Awaitable[Any]]], look: Look) -> None:
    while True:
        await asyncio.sleep(LOOK_AGAIN)
        look.tell(await verbs[look.verb](**look.arguments))


@contextmanager
def _quiet() -> Iterator[None]:
    """What the hub would log, a command says by its answer."""
    ours = logging.getLogger("rex_auth_edge")
    before = ours.level
    ours.setLevel(logging.ERROR)
    try:
        yield
    finally:
        ours.setLevel(before)


def become_owner(data_dir: Path) -> None:
    """As root, go on as the data directory's owner: the hub could not write what root has made there."""
    if os.geteuid() != 0 or not data_dir.is_dir():
        return
    owner = data_dir.stat()
    if owner.st_uid != 0:
        os.setgroups([])
        os.setgid(owner.st_gid)
        os.setuid(owner.st_uid)
