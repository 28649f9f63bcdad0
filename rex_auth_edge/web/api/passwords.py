"""Forgotten and changed passwords."""

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody

from rex_auth_edge.web import limited
from rex_auth_edge.web.answers import rfc3339
from rex_auth_edge.web.api.messages import ChangePassword, Forgot, Reset, Resettable, ResetToken, Said
from rex_auth_edge.web.api.paths import paths
from rex_auth_edge.web.visit import Visit


class Passwords(Controller):
    """POST password/forgot, password/reset, password/change; GET or POST of a reset token's validity."""

    @post(paths("password/forgot", also=("forgot-password",), v1=("password/forgot",)), status_code=200)
    async def forgot(self, data: JSONBody[Forgot], visit: NamedDependency[Visit]) -> Said:
        """Send a reset link; the answer is the same for an address that nobody has."""
        await limited.forgot(visit, data.email, data.tenant)
        return Said("Password reset email sent")

    @get(paths("password/reset/validate", also=("validate-reset-token",)))
    async def look(self, visit: NamedDependency[Visit], token: FromQuery[str | None] = None) -> Resettable:
        """Whom a reset token is for."""
        return await _look(visit, token)

    @post(
        ["/api/v1/password/reset-token/validate", *paths("validate-reset-token", also=("password/reset/validate",))],
        status_code=200,
    )
    async def look_posted(self, data: JSONBody[ResetToken], visit: NamedDependency[Visit]) -> Resettable:
        """Whom a reset token is for, as the gateway asks it."""
        return await _look(visit, data.reset_token or data.token)

    @post(paths("password/reset", also=("reset-password",), v1=("password/reset",)), status_code=200)
    async def reset(self, data: JSONBody[Reset], visit: NamedDependency[Visit]) -> Said:
        """Set a new password with a reset token, which is good once."""
        await limited.reset(visit, data.reset_token or data.token, data.new_password or data.password)
        return Said("Password updated")

    @post(paths("password/change", v1=("password/change",)), status_code=200)
    async def change(self, data: JSONBody[ChangePassword], visit: NamedDependency[Visit]) -> Said:
        """Set a new password knowing the present one; the caller's other sessions end."""
        await limited.change_password(visit, visit.principal(), data.current_password, data.new_password)
        return Said("Password changed")


async def _look(visit: Visit, token: str | None) -> Resettable:
    found = await limited.look_at_reset(visit, token)
    return Resettable(
        message="Token is valid",
        email=found.user.email,
        username=found.user.username,
        token_expiry_minutes=found.minutes_left,
        expires_at=rfc3339(found.expires_at),
    )
