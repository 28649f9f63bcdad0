"""From sources to Settings: find, parse, check together, prepare the data directory, compose."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.engine import URL

from rex_auth_edge.domain.clock import DAY, MINUTE
from rex_auth_edge.domain.entropy import Entropy
from rex_auth_edge.domain.roles import Registration
from rex_auth_edge.flows.options import FlowOptions, Lives
from rex_auth_edge.keys.options import Algorithm, Argon2Options, KeyOptions
from rex_auth_edge.machine import SystemEntropy, host_name, processors
from rex_auth_edge.mail.options import MailOptions
from rex_auth_edge.server import TlsFiles
from rex_auth_edge.settings import rules
from rex_auth_edge.settings.files import FileProblemError, has_secret, own_secret, prepare_directory
from rex_auth_edge.settings.model import ListenOptions, NodeRole, Settings, SettingsError, rows
from rex_auth_edge.settings.sources import Sources, UnreadableError
from rex_auth_edge.settings.table import TABLE, Setting
from rex_auth_edge.web.options import WebOptions

DATABASE_FILE = "rex-auth-edge.db"
_EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104  compared with, not listened on


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
    named = environ.get("REX_CONFIG")
    sources = Sources(environ, config or (Path(named) if named else None))
    read = _read(sources, development=development)
    if config is not None:
        read.values["REX_CONFIG"], read.sources["REX_CONFIG"] = config, "--config"
    _derive(read.values)
    problems = [*sources.problems, *read.problems, *_disagreements(read)]
    problems += _prepare(read, entropy or SystemEntropy(), make=not problems)
    if problems:
        raise SettingsError(problems)
    warnings = (*sources.warnings, *rules.warnings(read.values))
    return _compose(read, warnings, development=development)


@dataclass(slots=True)
class _Read:
    """What was found: a value and its source by name. A value with a problem is None."""

    values: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
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


def _disagreements(read: _Read) -> list[str]:
    """What the rules say, without what only follows from a problem that is told already."""
    told = tuple(re.compile(rf"\b{name}\b") for name in read.broken)
    return [sentence for sentence in rules.problems(read.values) if not any(name.search(sentence) for name in told)]


def _derive(values: dict[str, Any]) -> None:
    """Defaults that follow from other settings."""
    tls = isinstance(values["REX_TLS"], TlsFiles)
    derived = {
        "CSRF_COOKIE_SECURE": tls,
        "REX_ARGON2_WORKERS": min(2, processors()),
        "MAIL_SENDER": f"rex@{host_name()}",
    }
    for name, value in derived.items():
        if values[name] is None:
            values[name] = value


def _prepare(read: _Read, entropy: Entropy, *, make: bool) -> list[str]:
    """Make sure of the data directory and a secret key; without `make` only look at what is there. Returns problems."""
    directory: Path | None = read.values["REX_DATA_DIR"]
    if directory is None or not (make or directory.exists() or not directory.parent.exists()):
        return []
    try:
        prepare_directory(directory)
        if read.values["SECRET_KEY"] is None and (make or has_secret(directory)):
            read.values["SECRET_KEY"] = own_secret(directory, entropy)
            read.sources["SECRET_KEY"] = "data directory"  # noqa: S105  a place, not a secret
    except FileProblemError as problem:
        return [str(problem)]
    if read.values["DATABASE_URL"] is None:
        read.values["DATABASE_URL"] = URL.create("sqlite", database=str(directory / DATABASE_FILE))
    return []


def _compose(read: _Read, warnings: tuple[str, ...], *, development: bool) -> Settings:
    values = read.values
    own_frontend = values["FRONTEND_BASE_URL"] is None
    if own_frontend:
        values["FRONTEND_BASE_URL"] = _own_url(values)
    return Settings(
        role=NodeRole(values["REX_ROLE"]),
        development=development,
        data_dir=values["REX_DATA_DIR"],
        database=values["DATABASE_URL"],
        log_level=values["REX_LOG_LEVEL"],
        cloud_url=values["REX_CLOUD_URL"],
        mdns=values["REX_MDNS"],
        listen=_listen(values),
        keys=_keys(values),
        flows=_flows(values),
        mail=_mail(values, development=development),
        web=_web(values),
        own_frontend=own_frontend,
        warnings=warnings,
        rows=rows(values, read.sources),
    )


def _own_url(values: Mapping[str, Any]) -> str:
    """Where the hub's own pages are, as another machine sees them; always with the port, so that it can be replaced."""
    host = values["REX_HOST"]
    name = host_name() if host in _EVERYWHERE else f"[{host}]" if ":" in host else host
    scheme = "https" if isinstance(values["REX_TLS"], TlsFiles) else "http"
    return f"{scheme}://{name}:{values['REX_PORT']}"


def _listen(values: Mapping[str, Any]) -> ListenOptions:
    tls = values["REX_TLS"]
    files = tls if isinstance(tls, TlsFiles) else None
    return ListenOptions(values["REX_HOST"], values["REX_PORT"], files, values["REX_METRICS_PORT"])


def _keys(values: Mapping[str, Any]) -> KeyOptions:
    return KeyOptions(
        secret_key=values["SECRET_KEY"],
        issuer=values["REX_ISSUER"],
        access_seconds=values["ACCESS_TOKEN_EXPIRES_MINUTES"] * 60,
        algorithm=Algorithm(values["JWT_ALGORITHM"]),
        jwt_secret=values["JWT_SECRET_KEY"],
        argon2=Argon2Options(
            memory_kib=values["REX_ARGON2_MEMORY_KIB"],
            passes=values["REX_ARGON2_PASSES"],
            lanes=values["REX_ARGON2_LANES"],
            workers=values["REX_ARGON2_WORKERS"],
            queue=values["REX_ARGON2_QUEUE"],
        ),
    )


def _flows(values: Mapping[str, Any]) -> FlowOptions:
    return FlowOptions(
        frontend=values["FRONTEND_BASE_URL"],
        registration=Registration(values["REX_REGISTRATION"]),
        lives=Lives(
            access=values["ACCESS_TOKEN_EXPIRES_MINUTES"] * MINUTE,
            refresh=values["REFRESH_TOKEN_EXPIRES_DAYS"] * DAY,
            session=values["REX_SESSION_DAYS"] * DAY,
            otp=values["OTP_EXPIRES_MINUTES"] * MINUTE,
            reset=values["RESET_TOKEN_EXPIRES_MINUTES"] * MINUTE,
        ),
    )


def _mail(values: Mapping[str, Any], *, development: bool) -> MailOptions:
    return MailOptions(
        enabled=values["SMTP_ENABLED"],
        server=values["SMTP_SERVER"] or "localhost",
        port=values["SMTP_PORT"],
        username=values["SMTP_USERNAME"],
        password=values["SMTP_PASSWORD"],
        use_tls=values["SMTP_USE_TLS"],
        timeout=values["SMTP_TIMEOUT"],
        sender=values["MAIL_SENDER"],
        console=development and not values["SMTP_ENABLED"],
    )


def _web(values: Mapping[str, Any]) -> WebOptions:
    return WebOptions(
        frontend_base_url=values["FRONTEND_BASE_URL"],
        allowed_origins=frozenset(values["ALLOWED_ORIGINS"]),
        allowed_hosts=frozenset({*values["REX_ALLOWED_HOSTS"], host_name()}),
        trusted_proxies=values["REX_TRUSTED_PROXIES"],
        csrf_protect=values["CSRF_PROTECT"],
        same_site=values["CSRF_COOKIE_SAMESITE"].lower(),
        secure_cookies=values["CSRF_COOKIE_SECURE"],
        rate_limits=values["RATE_LIMIT_ENABLED"],
        rate_storage=values["RATELIMIT_STORAGE_URI"],
        internal_service_token=values["INTERNAL_SERVICE_TOKEN"],
    )
