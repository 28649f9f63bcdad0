"""What can be set about mail."""

from dataclasses import dataclass, field

from rex_auth_edge.domain.secret import Secret


@dataclass(frozen=True, slots=True)
class MailOptions:
    """`timeout` is in seconds, for each step of the SMTP conversation.

    `use_tls` demands STARTTLS, or implicit TLS on port 465. With `console` letters are printed, for development only.
    """

    enabled: bool = False
    server: str = "localhost"
    port: int = 587
    username: str | None = None
    password: Secret | None = field(default=None)
    use_tls: bool = True
    timeout: float = 30.0
    sender: str = "rex@localhost"
    console: bool = False
