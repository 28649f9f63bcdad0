"""Every setting there is: its name, its kind, its default, and a sentence that says what it does.

The command line, the README's test and the checks of the file all read this table.
"""

from dataclasses import dataclass

from rex_auth_edge.settings import kinds
from rex_auth_edge.settings.kinds import BOOLEAN, SECRET, Kind, choice, integer, optional


@dataclass(frozen=True, slots=True)
class Setting:
    """`default` is as a person would write it; None where there is none, or it follows from others, as `doc` says.

    `development` and `cloud` are the defaults there, where they differ.
    """

    name: str
    kind: Kind
    default: str | None
    doc: str
    development: str | None = None
    cloud: str | None = None
    secret: bool = False

    def default_for(self, *, development: bool, role: str) -> str | None:
        """The default in this situation."""
        if development and self.development is not None:
            return self.development
        if role == "cloud" and self.cloud is not None:
            return self.cloud
        return self.default


_PORT = integer(0, 65535)
_REMOTE_PORT = integer(1, 65535)

TABLE: tuple[Setting, ...] = (
    # The program
    Setting(
        "REX_ROLE", choice("hub", "cloud"), "hub", "What this program is: a household's hub, or the cloud's side of it."
    ),
    Setting("REX_CONFIG", optional(kinds.PATH), None, "The TOML file with settings; --config goes before it."),
    Setting(
        "REX_DATA_DIR",
        kinds.PATH,
        "./data",
        "The directory for database, keys and sockets; nothing is written elsewhere.",
    ),
    Setting(
        "REX_LOG_LEVEL", choice("debug", "info", "warning", "error"), "info", "From which level on the log is written."
    ),
    Setting(
        "REX_UNIT_ID",
        kinds.UNIT,
        None,
        "The unit's id, which names the hub rex-<unit id>.local from its first start on; without it a random one.",
    ),
    Setting("REX_CLOUD_URL", optional(kinds.URL_TEXT), None, "The cloud instance to synchronise with."),
    Setting(
        "REX_SYNC_CA",
        optional(kinds.PATH),
        None,
        "A PEM file with the authority to believe of the cloud's certificate, in place of the system's.",
    ),
    Setting(
        "REX_PUBLIC_URL",
        optional(kinds.URL_TEXT),
        None,
        "How clients reach the cloud role, where that isn't its listener; settled at the first start.",
    ),
    # The listener
    Setting("REX_HOST", kinds.HOST, "0.0.0.0", "The address to listen at.", development="127.0.0.1"),  # noqa: S104  a LAN's server
    Setting("REX_PORT", _PORT, "8000", "The port to listen at; 0 picks a free one and prints it."),
    Setting(
        "REX_TLS",
        kinds.TLS,
        "auto",
        "auto (the household's CA), off, or cert.pem,key.pem.",
        development="off",
        cloud="off",
    ),
    Setting("REX_HTTP_PORT", _PORT, "0", "The port that leads to HTTPS and hands out the household's CA; 0 is none."),
    Setting(
        "REX_GATEWAY_PORT", _PORT, "0", "A port without TLS at 127.0.0.1, for a gateway on the same machine; 0 is none."
    ),
    Setting("REX_MDNS", BOOLEAN, "on", "Whether the hub announces itself in the LAN.", cloud="off"),
    Setting("REX_METRICS_PORT", _PORT, "9464", "The port for Prometheus at 127.0.0.1; 0 turns it off."),
    Setting(
        "REX_ALLOWED_HOSTS", kinds.HOSTS, "", "Host names to accept beside addresses, localhost and the hub's own name."
    ),
    Setting("REX_TRUSTED_PROXIES", kinds.NETWORKS, "", "Addresses and networks whose forwarded headers are believed."),
    # Data and secrets
    Setting(
        "DATABASE_URL",
        kinds.DATABASE,
        None,
        "The database; without it rex-auth-edge.db in the data directory.",
        secret=True,
    ),
    Setting(
        "SECRET_KEY",
        SECRET,
        None,
        "The key of keyed hashes; a hub without it makes its own in the data directory.",
        secret=True,
    ),
    Setting(
        "REX_LABEL_SECRET",
        SECRET,
        None,
        "The secret on the hub's label, for recovery, from the factory; without it `recovery label` makes one.",
        secret=True,
    ),
    Setting(
        "INTERNAL_SERVICE_TOKEN",
        SECRET,
        None,
        "What a gateway sends to have limits counted by account only.",
        secret=True,
    ),
    # Tokens
    Setting("REX_ISSUER", kinds.TEXT, "rex-auth-service", "The `iss` of access tokens."),
    Setting("JWT_ALGORITHM", choice("ES256", "EdDSA", "HS256"), "ES256", "How access tokens are signed."),
    Setting("JWT_SECRET_KEY", SECRET, None, "The shared secret, for HS256 only: 32 bytes or more.", secret=True),
    Setting("ACCESS_TOKEN_EXPIRES_MINUTES", integer(1, 1440, "minutes"), "10", "How long an access token is good."),
    Setting("REFRESH_TOKEN_EXPIRES_DAYS", integer(1, 365, "days"), "7", "How long an unused refresh token is good."),
    Setting(
        "REX_SESSION_DAYS", integer(1, 3650, "days"), "90", "How long a session lasts at most, however often refreshed."
    ),
    Setting("REX_AUDIT_DAYS", integer(30, 36500, "days"), "400", "How long the audit log is kept."),
    Setting("OTP_EXPIRES_MINUTES", integer(1, 10, "minutes"), "5", "How long a registration's code is good."),
    Setting(
        "RESET_TOKEN_EXPIRES_MINUTES", integer(1, 1440, "minutes"), "30", "How long a password reset's link is good."
    ),
    # Accounts
    Setting(
        "REX_REGISTRATION",
        choice("open", "invite", "closed"),
        "invite",
        "Who may register at first.",
        development="open",
    ),
    Setting("REX_ARGON2_MEMORY_KIB", integer(1, 1048576, "KiB"), "19456", "The memory that hashing a password takes."),
    Setting("REX_ARGON2_PASSES", integer(1, 32), "2", "The passes over that memory."),
    Setting("REX_ARGON2_LANES", integer(1, 8), "1", "The lanes that memory is divided in."),
    Setting(
        "REX_ARGON2_WORKERS",
        integer(1, 64),
        None,
        "Passwords hashed at a time; without it 2, or 1 on a single processor.",
    ),
    Setting(
        "REX_ARGON2_QUEUE",
        integer(32, 4096),
        "64",
        "Passwords that may wait to be hashed; past them the answer is 503.",
    ),
    # The web
    Setting(
        "FRONTEND_BASE_URL", kinds.URL_TEXT, None, "Where links in letters lead; without it to the hub's own pages."
    ),
    Setting("ALLOWED_ORIGINS", kinds.ORIGINS, "", "Web origins that may call the API from a browser."),
    Setting("CSRF_PROTECT", BOOLEAN, "true", "Whether cookie-borne requests need a CSRF token."),
    Setting("CSRF_COOKIE_SAMESITE", choice("Lax", "Strict", "None"), "Lax", "The cookies' SameSite attribute."),
    Setting(
        "CSRF_COOKIE_SECURE", BOOLEAN, None, "The cookies' Secure attribute; without it on where the listener has TLS."
    ),
    Setting(
        "RATE_LIMIT_ENABLED", BOOLEAN, "true", "Whether rates are limited; cooldowns, caps and bans stay in any case."
    ),
    Setting(
        "RATELIMIT_STORAGE_URI", kinds.RATE_STORAGE, None, "Where rates are counted; without it in memory.", secret=True
    ),
    # Mail
    Setting("SMTP_ENABLED", BOOLEAN, "false", "Whether letters are sent; else they wait in the outbox."),
    Setting("SMTP_SERVER", optional(kinds.HOST), None, "The SMTP server."),
    Setting("SMTP_PORT", _REMOTE_PORT, "587", "Its port; 465 means TLS from the first byte."),
    Setting("SMTP_USERNAME", optional(kinds.TEXT), None, "The account there, together with SMTP_PASSWORD."),
    Setting("SMTP_PASSWORD", SECRET, None, "Its password.", secret=True),
    Setting("SMTP_USE_TLS", BOOLEAN, "true", "Whether to insist on TLS."),
    Setting("SMTP_TIMEOUT", kinds.SECONDS, "30", "Seconds for each step of the conversation."),
    Setting("MAIL_SENDER", kinds.EMAIL, None, "Whom letters come from; without it rex at the hub's name."),
)

BY_NAME = {setting.name: setting for setting in TABLE}
