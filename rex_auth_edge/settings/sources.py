"""Where values come from: environment, NAME_FILE, systemd credentials, the TOML file; the first that has one wins."""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rex_auth_edge.machine import credentials_directory
from rex_auth_edge.settings.table import BY_NAME, TABLE, Setting

_PREFIX = "REX_"
_FILE = "_FILE"
_SECRET_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Given:
    """A setting's text, and where it was found."""

    text: str
    source: str


class Sources:
    """All the sources together. `problems` and `warnings` grow as they are read."""

    def __init__(self, environ: Mapping[str, str], config: Path | None) -> None:
        self._environ = environ
        self._credentials = credentials_directory(environ)
        self.problems: list[str] = []
        self.warnings: list[str] = []
        self._file = {} if config is None else self._read(config)
        self._check_environment()

    def find(self, setting: Setting) -> Given | None:
        """The first source's value, or None if nobody has set it."""
        if setting.name in self._environ:
            return Given(self._environ[setting.name], "environment")
        if setting.secret:
            return self._from_secret_file(setting) or self._file.get(setting.name)
        return self._file.get(setting.name)

    def _from_secret_file(self, setting: Setting) -> Given | None:
        named = self._environ.get(setting.name + _FILE)
        if named is not None:
            return self._secret(Path(named), setting.name + _FILE)
        if self._credentials is None:
            return None
        path = self._credentials / setting.name
        return self._secret(path, "credential") if path.exists() else None

    def _secret(self, path: Path, source: str) -> Given:
        try:
            with path.open("rb") as file:
                text = file.read(_SECRET_BYTES).decode()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            self.problems.append(f"The {source} {path} can't be read: {reason}. Check the path and its permissions.")
            raise UnreadableError from None
        return Given(text.rstrip("\r\n"), source)

    def _check_environment(self) -> None:
        known = {*BY_NAME, *(setting.name + _FILE for setting in TABLE if setting.secret)}
        for name in sorted(self._environ):
            if name.startswith(_PREFIX) and name not in known:
                self.problems.append(f"{name} in the environment is no setting.{_nearest(name, known)}")

    def _read(self, path: Path) -> dict[str, Given]:
        try:
            with path.open("rb") as file:
                content = tomllib.load(file)
            open_to_all = path.stat().st_mode & 0o004
        except OSError as error:
            self.problems.append(f"The file {path} can't be read: {error.strerror}. Check --config and REX_CONFIG.")
            return {}
        except ValueError as error:
            self.problems.append(f"The file {path} is not TOML: {error}.")
            return {}
        found = self._checked(path, content)
        if open_to_all and any(BY_NAME[name].secret for name in found):
            self.warnings.append(f"Everybody on this machine can read the secrets in {path}: run `chmod 600 {path}`.")
        return found

    def _checked(self, path: Path, content: Mapping[str, object]) -> dict[str, Given]:
        found: dict[str, Given] = {}
        for key, value in content.items():
            name = key.upper()
            setting = BY_NAME.get(name)
            text = None if setting is None else _text(setting, value)
            if setting is None:
                self.problems.append(f"{key} in {path} is no setting.{_nearest(name, BY_NAME)}")
            elif name == "REX_CONFIG":
                self.problems.append(f"{key} in {path} can't name another file: remove it.")
            elif name in found:
                self.problems.append(f"{key} is in {path} twice: remove one.")
            elif text is None:
                self.problems.append(f"{key} in {path} has to be {setting.kind.wanted}.")
            else:
                found[name] = Given(text, str(path))
        return found


class UnreadableError(Exception):
    """A source was named and can't be read; the problem has been noted."""


def _text(setting: Setting, value: object) -> str | None:
    """The value as the environment would have it, or None if it has the wrong TOML type. True is no number."""
    if type(value) not in setting.kind.toml:
        return None
    if isinstance(value, list):
        return ",".join(value) if all(isinstance(item, str) for item in value) else None
    return str(value).lower() if isinstance(value, bool) else str(value)


def _nearest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return (
        f" Do you mean {close[0]}?" if close else " Remove it, or see `rex-auth-edge settings show` for all there are."
    )
