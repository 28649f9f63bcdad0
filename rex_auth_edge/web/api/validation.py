"""Whether a session is good: what dashboards and gateways ask all the time; and the CSRF token."""

from litestar import Controller, Response, get
from litestar.di import NamedDependency

from rex_auth_edge.domain.refusals import Code, Refused, RefusedError
from rex_auth_edge.flows import refresh
from rex_auth_edge.flows.authenticate import INVALID
from rex_auth_edge.flows.people import Person
from rex_auth_edge.flows.sessions import SignedIn
from rex_auth_edge.web.answers import cookie, session_cookies
from rex_auth_edge.web.api.messages import CsrfToken, ShownUser, Valid
from rex_auth_edge.web.api.paths import paths
from rex_auth_edge.web.rates import Rule
from rex_auth_edge.web.visit import MISSING, Visit

VALIDATE = "token/validate"

_CSRF_LIFE = 24 * 3600


class Validation(Controller):
    """GET token/validate and csrf."""

    @get(paths(VALIDATE, also=("validate",)))
    async def validate(self, visit: NamedDependency[Visit]) -> Response[Valid]:
        """Who the access token is; where it is missing or expired and the refresh token is good, with new tokens."""
        token = visit.access_token
        claims = visit.desk.authenticator.claims(token) if token else MISSING
        if not isinstance(claims, Refused):
            person = await visit.desk.people.find(claims.tenant_id, claims.user_id)
            return Response(valid(visit.unless_gone(person)))
        if claims.code not in {Code.MISSING_TOKEN, Code.TOKEN_EXPIRED}:
            if claims.code is Code.INVALID_TOKEN:
                await visit.failed(Rule.VALIDATE, "")
            raise RefusedError(claims)
        return await _renewed(visit, claims)

    @get(paths("csrf"))
    async def csrf(self, visit: NamedDependency[Visit]) -> Response[CsrfToken]:
        """A token to send as `X-CSRF-Token` with unsafe requests that a cookie authenticates."""
        cookie_token = visit.access_token
        claims = visit.desk.authenticator.claims(cookie_token) if cookie_token else INVALID
        session = None if isinstance(claims, Refused) else (claims.tenant_id, claims.session_id)
        token = visit.desk.csrf.issue(session, visit.desk.parts.entropy.token_bytes(16))
        shown = cookie(visit.desk, "csrf_token", token, _CSRF_LIFE, readable=True)
        return Response(CsrfToken(token), cookies=[shown])


async def _renewed(visit: Visit, refused: Refused) -> Response[Valid]:
    """The session anew by its refresh token, else the refusal of its access token."""
    token = visit.cookie_refresh_token()
    if token is None:
        await visit.failed(Rule.VALIDATE, "")
        raise RefusedError(refused)
    signed_in: SignedIn = await visit.refreshed(refresh.first(visit.desk.parts, token))
    person = await visit.desk.people.find(signed_in.tenant_id, signed_in.user_id)
    body = valid(visit.unless_gone(person))
    body.is_expired = body.refreshed = True
    body.access_token, body.refresh_token = signed_in.access_token, signed_in.refresh_token
    body.token_type, body.expires_in = "Bearer", signed_in.expires_in
    return Response(body, cookies=session_cookies(visit.desk, signed_in))


def valid(person: Person) -> Valid:
    """The answer to a good access token of this person's."""
    return Valid(
        message="Token is valid",
        user_id=str(person.user_id),
        email=person.email,
        username=person.username,
        tenant_id=str(person.tenant_id),
        is_expired=False,
        refreshed=False,
        user=ShownUser(person.name, person.email, person.picture),
    )
