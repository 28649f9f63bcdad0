"""From sources to Settings: find, parse, check together, prepare the data directory, compose."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.engine import URL

from rex_auth_edge.domain.entropy import Entropy
from rex_auth_edge.domain.hub_names import host_of
from rex_auth_edge.machine import SystemEntropy, host_name, processors
from rex_auth_edge.settings import rules
from rex_auth_edge.settings.compose import composed
from rex_auth_edge.settings.files import (
    FileProblemError,
    has_secret,
    kept_unit_id,
    own_secret,
    own_unit_id,
    prepare_directory,
)
from rex_auth_edge.settings.model import Look, Settings, SettingsError, rows
from rex_auth_edge.settings.sources import Sources, UnreadableError
from rex_auth_edge.settings.table import TABLE, Setting

DATABASE_FILE = "rex-auth-edge.db"


def load(
    environ: Mapping[str, str],
    config: Path | None = None,
    *,
    development: bool = False,
    entropy: Entropy | None = None,
) -> Settings:
    """Read every setting once; `config` goes before REX_CONFIG. Raises SettingsError with all problems at once.

    The data directory is made if it isn't there, and in it the secret key if none is set.
    """
    read = _find(environ, config, development=development)
    problems = [*read.problems, *_disagreements(read, rules.problems(read.values))]
    problems += _prepare(read, entropy or SystemEntropy(), make=not problems)
    if problems:
        raise SettingsError(problems)
    return composed(read.values, read.sources, _warnings(read), development=development)


def load_beside(environ: Mapping[str, str], config: Path | None = None) -> Settings:
    """The settings for a command that works beside the hub or in its place: what only a listener minds is let be.

    Nothing is made. Raises SettingsError, also where no hub has been started on the data directory yet.
    """
    read = _find(environ, config)
    problems = [*read.problems, *_disagreements(read, rules.problems_beside(read.values))]
    problems += [] if problems else _unless_started(read)
    problems += _prepare(read, SystemEntropy(), make=False)
    if problems:
        raise SettingsError(problems)
    return composed(read.values, read.sources, _warnings(read), development=False)


def look(environ: Mapping[str, str], config: Path | None = None) -> Look:
    """What is set, whether or not a hub could start with it; nothing is made."""
    read = _find(environ, config)
    problems = [*read.problems, *_disagreements(read, rules.problems(read.values))]
    problems += _prepare(read, SystemEntropy(), make=False)
    directory, cloud = read.values["REX_DATA_DIR"], read.values["REX_ROLE"] == "cloud"
    return Look(directory, rows(read.values, read.sources), tuple(problems), _warnings(read), cloud)


def _find(environ: Mapping[str, str], config: Path | None, *, development: bool = False) -> "_Read":
    named = environ.get("REX_CONFIG")
    sources = Sources(environ, config or (Path(named) if named else None))
    read = _read(sources, development=development)
    if config is not None:
        read.values["REX_CONFIG"], read.sources["REX_CONFIG"] = config, "--config"
    _derive(read.values)
    read.problems[:0] = sources.problems
    read.warnings += sources.warnings
    return read


def _warnings(read: "_Read") -> tuple[str, ...]:
    return (*read.warnings, *rules.warnings(read.values))


def _unless_started(read: "_Read") -> list[str]:
    """A command must not make a second, empty hub where somebody only stood in the wrong directory."""
    directory: Path | None = read.values["REX_DATA_DIR"]
    if read.values["REX_ROLE"] == "cloud":
        return []
    if directory is None or (directory.is_dir() and (read.values["SECRET_KEY"] is not None or has_secret(directory))):
        return []
    where = "start it (rex-auth-edge serve), or name its directory with REX_DATA_DIR or --config"
    return [f"No hub has been started on {directory} yet: {where}."]


@dataclass(slots=True)
class _Read:
    """What was found: a value and its source by name. A value with a problem is None."""

    values: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)


def _read(sources: Sources, *, development: bool) -> _Read:
    read = _Read()
    for setting in TABLE:
        role = read.values.get("REX_ROLE") or "hub"
        _read_one(read, sources, setting, setting.default_for(development=development, role=role))
    return read


def _read_one(read: _Read, sources: Sources, setting: Setting, default: str | None) -> None:
    read.values[setting.name] = None
    read.sources[setting.name] = "default"
    try:
        given = sources.find(setting)
        text = default if given is None else given.text
        if given is not None:
            read.sources[setting.name] = given.source
        if text is not None:
            read.values[setting.name] = setting.kind.parse(text)
    except UnreadableError:
        read.broken.add(setting.name)
    except ValueError as error:
        read.broken.add(setting.name)
        source = read.sources[setting.name]
        where = "" if source == "environment" else f" (from {source})"
        read.problems.append(f"{setting.name}{where} {error}.")


def _disagreements(read: _Read, said: Iterable[str]) -> list[str]:
    """What the rules say, without what only follows from a problem that is told already."""
    told = tuple(re.compile(rf"\b{name}\b") for name in read.broken)
    return [sentence for sentence in said if not any(name.search(sentence) for name in told)]


def _derive(values: dict[str, Any]) -> None:
    """Defaults that follow from other settings."""
    derived = {
        "CSRF_COOKIE_SECURE": values["REX_TLS"] not in {"off", None},
        "REX_ARGON2_WORKERS": min(2, processors()),
        "MAIL_SENDER": f"rex@{host_name()}",
    }
    for name, value in derived.items():
        if values[name] is None:
            values[name] = value


def _prepare(read: _Read, entropy: Entropy, *, make: bool) -> list[str]:
    """Make sure of the data directory and a secret key; without `make` only look at what is there. Returns problems.

    The cloud role has no directory.
    """
    directory: Path | None = read.values["REX_DATA_DIR"]
    if (
        read.values["REX_ROLE"] == "cloud"
        or directory is None
        or not (make or directory.exists() or not directory.parent.exists())
    ):
        return []
    try:
        prepare_directory(directory)
        if read.values["SECRET_KEY"] is None and (make or has_secret(directory)):
            read.values["SECRET_KEY"] = own_secret(directory, entropy)
            read.sources["SECRET_KEY"] = "data directory"  # noqa: S105  a place, not a secret
        _name(read, directory, entropy, make=make)
    except FileProblemError as problem:
        return [str(problem)]
    if read.values["DATABASE_URL"] is None:
        read.values["DATABASE_URL"] = URL.create("sqlite", database=str(directory / DATABASE_FILE))
    return []


def _name(read: _Read, directory: Path, entropy: Entropy, *, make: bool) -> None:
    """A hub's unit id: settled at its first start, since devices know the hub by it. Raises FileProblemError."""
    wanted: str | None = read.values["REX_UNIT_ID"]
    kept = own_unit_id(directory, wanted, entropy) if make else kept_unit_id(directory)
    if kept is None:
        return
    if wanted is None:
        read.sources["REX_UNIT_ID"] = "data directory"
    elif wanted != kept:
        read.warnings.append(
            f"REX_UNIT_ID={wanted} comes too late: this hub is known as {host_of(kept)}, and stays it."
        )
    read.values["REX_UNIT_ID"] = kept
