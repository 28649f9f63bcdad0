"""Values as Settings: each room's options, and what follows from several values together."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from rex_auth_edge.domain.clock import DAY, MINUTE
from rex_auth_edge.domain.hub_names import host_of, hosts_of
from rex_auth_edge.domain.roles import Registration
from rex_auth_edge.flows.options import FlowOptions, Lives
from rex_auth_edge.keys.options import BUNDLE, Algorithm, Argon2Options, KeyOptions
from rex_auth_edge.machine import host_name
from rex_auth_edge.mail.options import MailOptions
from rex_auth_edge.server import TlsFiles
from rex_auth_edge.settings.model import ListenOptions, NodeRole, Settings, rows, url_at
from rex_auth_edge.web.options import WebOptions

_EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104  compared with, not listened on


def composed(
    values: dict[str, Any], sources: Mapping[str, str], warnings: tuple[str, ...], *, development: bool
) -> Settings:
    """Settings of values that have no problem; `sources` say where each is from."""
    own_frontend = values["FRONTEND_BASE_URL"] is None
    if own_frontend:
        values["FRONTEND_BASE_URL"] = values["REX_PUBLIC_URL"] or _own_url(values)
        own_frontend = values["REX_PUBLIC_URL"] is None
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
        host=_own_host(values),
        unit_id=values["REX_UNIT_ID"],
        warnings=warnings,
        rows=rows(values, sources),
        public_url=values["REX_PUBLIC_URL"],
        sync_ca=values["REX_SYNC_CA"],
    )


def _own_host(values: Mapping[str, Any]) -> str:
    """How another machine calls this one."""
    host, unit_id = values["REX_HOST"], values["REX_UNIT_ID"]
    if values["REX_TLS"] == "auto" and unit_id and not _is_loopback(host):
        return host_of(unit_id)
    return host_name() if host in _EVERYWHERE else str(host)


def _own_url(values: Mapping[str, Any]) -> str:
    """Where the hub's own pages are, as another machine sees them."""
    scheme = "http" if values["REX_TLS"] == "off" else "https"
    return url_at(scheme, _own_host(values), values["REX_PORT"])


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _names(values: Mapping[str, Any]) -> tuple[str, ...]:
    """What the hub may be called on its LAN, or the cloud by everybody."""
    public = urlsplit(values["REX_PUBLIC_URL"] or "").hostname
    return (*(hosts_of(values["REX_UNIT_ID"]) if values["REX_UNIT_ID"] else ()), *([public] if public else ()))


def _listen(values: Mapping[str, Any]) -> ListenOptions:
    tls: str | TlsFiles = values["REX_TLS"]
    made = values["REX_DATA_DIR"] / BUNDLE
    files = tls if isinstance(tls, TlsFiles) else TlsFiles(made, made) if tls == "auto" else None
    return ListenOptions(
        host=values["REX_HOST"],
        port=values["REX_PORT"],
        tls=files,
        metrics_port=values["REX_METRICS_PORT"],
        household_ca=tls == "auto",
        http_port=values["REX_HTTP_PORT"],
        gateway_port=values["REX_GATEWAY_PORT"],
    )


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
        label=values["REX_LABEL_SECRET"],
        lives=Lives(
            access=values["ACCESS_TOKEN_EXPIRES_MINUTES"] * MINUTE,
            refresh=values["REFRESH_TOKEN_EXPIRES_DAYS"] * DAY,
            session=values["REX_SESSION_DAYS"] * DAY,
            audit=values["REX_AUDIT_DAYS"] * DAY,
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
        allowed_hosts=frozenset({*values["REX_ALLOWED_HOSTS"], host_name(), *_names(values)}),
        trusted_proxies=values["REX_TRUSTED_PROXIES"],
        csrf_protect=values["CSRF_PROTECT"],
        same_site=values["CSRF_COOKIE_SAMESITE"].lower(),
        secure_cookies=values["CSRF_COOKIE_SECURE"],
        rate_limits=values["RATE_LIMIT_ENABLED"],
        rate_storage=values["RATELIMIT_STORAGE_URI"],
        internal_service_token=values["INTERNAL_SERVICE_TOKEN"],
    )
