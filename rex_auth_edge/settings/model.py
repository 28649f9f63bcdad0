"""The settings as the program sees them: frozen, each room's options inside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from sqlalchemy.engine import URL

from rex_auth_edge.domain.failures import ExplainedError
from rex_auth_edge.flows.options import FlowOptions
from rex_auth_edge.keys.options import KeyOptions
from rex_auth_edge.mail.options import MailOptions
from rex_auth_edge.server import TlsFiles
from rex_auth_edge.settings.table import TABLE
from rex_auth_edge.web.options import WebOptions


class NodeRole(StrEnum):
    """What this program is."""

    HUB = "hub"
    CLOUD = "cloud"


class SettingsError(ExplainedError):
    """The program can't start like this. `problems` are sentences, all there are, none with a secret in it."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = list(problems)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of `settings show`: a secret's `value` is masked, `source` says who set it."""

    name: str
    value: str
    source: str
    doc: str


@dataclass(frozen=True, slots=True)
class ListenOptions:
    """Where to listen. `tls` is None without TLS; `metrics_port` is on 127.0.0.1, 0 is none."""

    host: str
    port: int
    tls: TlsFiles | None
    metrics_port: int


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that is set. `database` hides its password in its repr; its driver is `sqlite` or `mysql+asyncmy`.

    `own_frontend` tells that links in letters lead to the hub's own pages; `warnings` are sentences to be logged.
    """

    role: NodeRole
    development: bool
    data_dir: Path
    database: URL
    log_level: str
    cloud_url: str | None
    mdns: bool
    listen: ListenOptions
    keys: KeyOptions
    flows: FlowOptions
    mail: MailOptions
    web: WebOptions
    own_frontend: bool
    warnings: tuple[str, ...] = ()
    rows: tuple[Row, ...] = field(default=(), repr=False)

    def at_port(self, port: int) -> "Settings":
        """These settings once port 0 has become a real one: the hub's own pages are there."""
        if not self.own_frontend:
            return replace(self, listen=replace(self.listen, port=port))
        frontend = f"{self.flows.frontend.rpartition(':')[0]}:{port}"
        return replace(
            self,
            listen=replace(self.listen, port=port),
            flows=replace(self.flows, frontend=frontend),
            web=replace(self.web, frontend_base_url=frontend),
        )


def describe(settings: Settings) -> list[Row]:
    """What is set and by whom, in the table's order, secrets masked."""
    return list(settings.rows)


def rows(values: Mapping[str, object], sources: Mapping[str, str]) -> tuple[Row, ...]:
    """A row for every setting of the table, from its value and its source."""
    return tuple(
        Row(setting.name, _shown(values[setting.name], secret=setting.secret), sources[setting.name], setting.doc)
        for setting in TABLE
    )


def _shown(value: object, *, secret: bool) -> str:
    if value is None:
        return "-"
    if isinstance(value, URL):
        return value.render_as_string(hide_password=True)
    if secret:
        return "***"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or "-"
    return f"{value.certificate},{value.key}" if isinstance(value, TlsFiles) else str(value)
