"""Signing in and out, refreshing, and proving again who one is."""

from litestar import Controller, Response, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from rex_auth_edge.flows import login, sessions
from rex_auth_edge.web import limited
from rex_auth_edge.web.answers import tokens, without_session
from rex_auth_edge.web.api.messages import Login, Reauthenticate, Refresh, Said, Tokens
from rex_auth_edge.web.api.paths import paths
from rex_auth_edge.web.visit import Visit

REFRESH = paths("token/refresh", v1=("auth/refresh",), also=("refresh",))


class SignIn(Controller):
    """POST login, token/refresh, logout, logout-all, logout-others, reauthenticate."""

    @post(paths("login"), status_code=200)
    async def login(self, data: JSONBody[Login], visit: NamedDependency[Visit]) -> Response[Tokens]:
        """Exchange the right password for a session."""
        shown = data.refresh_token or visit.refresh_token().token
        request = login.SignIn(data.email or data.username, data.password, data.tenant, shown)
        return tokens(visit.desk, await limited.sign_in(visit, request))

    @post(REFRESH, status_code=200)
    async def refresh(self, data: JSONBody[Refresh], visit: NamedDependency[Visit]) -> Response[Tokens]:
        """Exchange a refresh token for its one successor."""
        return tokens(visit.desk, await visit.refreshed(visit.refresh_token(data.refresh_token)))

    @post(paths("logout"), status_code=200)
    async def logout(self, visit: NamedDependency[Visit]) -> Response[Said]:
        """End this session."""
        await sessions.sign_out(visit.desk.parts, visit.principal(ending=True), visit.caller)
        return without_session(visit.desk, Said("Logged out"))

    @post(paths("logout-all"), status_code=200)
    async def logout_all(self, visit: NamedDependency[Visit]) -> Response[Said]:
        """End all of the caller's sessions."""
        await sessions.sign_out_everywhere(visit.desk.parts, visit.principal(ending=True), visit.caller, keep_own=False)
        return without_session(visit.desk, Said("Logged out everywhere"))

    @post(paths("logout-others"), status_code=200)
    async def logout_others(self, visit: NamedDependency[Visit]) -> Said:
        """End all of the caller's sessions but this one."""
        await sessions.sign_out_everywhere(visit.desk.parts, visit.principal(ending=True), visit.caller, keep_own=True)
        return Said("Logged out of the other sessions")

    @post(paths("reauthenticate"), status_code=200)
    async def reauthenticate(self, data: JSONBody[Reauthenticate], visit: NamedDependency[Visit]) -> Said:
        """Open, for 10 minutes, the acts that ask for a fresh sign-in."""
        await limited.reauthenticate(visit, visit.principal(), data.password)
        return Said("Confirmed")
