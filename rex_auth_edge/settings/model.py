"""The settings as the program sees them: frozen, each room's options inside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy.engine import URL

from rex_auth_edge.domain.failures import ExplainedError
from rex_auth_edge.flows.options import FlowOptions
from rex_auth_edge.keys.options import KeyOptions
from rex_auth_edge.mail.options import MailOptions
from rex_auth_edge.server import TlsFiles
from rex_auth_edge.settings.table import TABLE
from rex_auth_edge.web.options import WebOptions

_DEFAULT_PORTS = {"http": 80, "https": 443}


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
class Look:
    """What is set, right or wrong: `problems` keep a hub from starting, `warnings` don't."""

    data_dir: Path | None
    rows: tuple[Row, ...]
    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    cloud: bool = False


@dataclass(frozen=True, slots=True)
class ListenOptions:
    """Where to listen. `tls` is None without TLS; with `household_ca` its files are of the hub's own making.

    `http_port` leads to HTTPS; `gateway_port` (without TLS) and `metrics_port` are on 127.0.0.1. 0 is none.
    """

    host: str
    port: int
    tls: TlsFiles | None
    metrics_port: int
    household_ca: bool = False
    http_port: int = 0
    gateway_port: int = 0


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that is set. `database` hides its password in its repr; its driver is `sqlite` or `mysql+asyncmy`.

    `host` is how other machines call this one, on a hub by its `unit_id` (None in the cloud, and where no hub has been
    started yet).
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
    host: str = "localhost"
    unit_id: str | None = None
    warnings: tuple[str, ...] = ()
    rows: tuple[Row, ...] = field(default=(), repr=False)
    public_url: str | None = None
    sync_ca: Path | None = None

    @property
    def disk(self) -> Path | None:
        """The directory whose disk matters; the cloud role keeps nothing on one."""
        return self.data_dir if self.role is NodeRole.HUB else None

    @property
    def url(self) -> str:
        """The hub itself, as other machines reach it."""
        return self.public_url or url_at("http" if self.listen.tls is None else "https", self.host, self.listen.port)

    def bound_to(self, host: str, port: int) -> "Settings":
        """These settings once the hub has its own door: port 0 is a real one then, and systemd may have chosen both."""
        listen = replace(self.listen, host=host, port=port)
        if not self.own_frontend:
            return replace(self, listen=listen)
        parts = urlsplit(self.flows.frontend)
        frontend = url_at(parts.scheme, str(parts.hostname), port)
        return replace(
            self,
            listen=listen,
            flows=replace(self.flows, frontend=frontend),
            web=replace(self.web, frontend_base_url=frontend),
        )


def url_at(scheme: str, host: str, port: int) -> str:
    """A URL without what goes without saying: the scheme's own port."""
    literal = f"[{host}]" if ":" in host else host
    return f"{scheme}://{literal}" if port == _DEFAULT_PORTS[scheme] else f"{scheme}://{literal}:{port}"


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
