"""The endpoints: tokens, introspection, revocation, the list of ended tokens, and the document that names them."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from rex_auth_edge.client import levels
from rex_auth_edge.domain.clock import MINUTE, SECOND
from rex_auth_edge.domain.devices import Kind, lives_of
from rex_auth_edge.domain.refusals import Code, Refused, RefusedError
from rex_auth_edge.flows.devices import adding, issuing, polling, tokens
from rex_auth_edge.flows.devices.issuing import Issued
from rex_auth_edge.web.answers import unless_refused
from rex_auth_edge.web.api.household import uuid_in
from rex_auth_edge.web.oauth import persons
from rex_auth_edge.web.oauth.asking import Asking
from rex_auth_edge.web.visit import Visit

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
CIBA = "urn:openid:params:grant-type:ciba"
FOR_PEOPLE = frozenset({EXCHANGE, CIBA})
GRANTS = ("client_credentials", "refresh_token", DEVICE_CODE, EXCHANGE, CIBA)
_NO_LIST = Refused(Code.NOT_FOUND, "There is no such list")
_UNSUPPORTED = Refused(Code.UNSUPPORTED_GRANT_TYPE, "grant_type is one of " + ", ".join(GRANTS))
_LACKS = Refused(Code.MISSING_FIELD, "A parameter of the grant is missing")
_NO_PROOF = Refused(Code.INVALID_DPOP_PROOF, "This device's tokens are bound to its key: send a DPoP proof by that key")
_NO_KIND = Refused(Code.INVALID_FIELD, "kind is one of " + ", ".join(Kind), {"kind": "not good"})


class TokenRequest(msgspec.Struct):
    """RFC 6749 sections 4.4 and 6, RFC 8628 section 3.4, RFC 7523 section 2.2, RFC 8693 section 2.1.

    `subject_token` is the username or id of whom the device has recognised: `urn:rex:token-type:recognised`.
    `auth_req_id` is CIBA's (section 10.1).
    """

    grant_type: str | None = None
    device_code: str | None = None
    refresh_token: str | None = None
    subject_token: str | None = None
    subject_token_type: str | None = None
    requested_token_type: str | None = None
    actor_token: str | None = None
    auth_req_id: str | None = None
    scope: str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    client_assertion_type: str | None = None
    client_assertion: str | None = None


class AboutToken(msgspec.Struct):
    """RFC 7662 section 2.1, RFC 7009 section 2.1."""

    token: str | None = None
    token_type_hint: str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    client_assertion_type: str | None = None
    client_assertion: str | None = None


class OAuth(Controller):
    """POST oauth/token, oauth/introspect, oauth/revoke; GET oauth/status/{household} and the metadata."""

    path = "/oauth"

    @post("/token", status_code=200)
    async def token(self, data: JSONBody[TokenRequest], visit: NamedDependency[Visit]) -> Response[dict[str, Any]]:
        """Tokens for a device: for the code that lets it in, its refresh token, its own proof, or one for a person."""
        asking = Asking(visit, visit.desk.proofs, "/oauth/token")

        async def work() -> dict[str, Any]:
            said = issuing.answer(visit.desk.parts, await _issued(asking, data))
            return said | ({"issued_token_type": persons.ACCESS_TOKEN} if data.grant_type == EXCHANGE else {})

        return await asking.answered(work, spoken=data.grant_type in FOR_PEOPLE)

    @post("/introspect", status_code=200)
    async def introspect(self, data: JSONBody[AboutToken], visit: NamedDependency[Visit]) -> Response[dict[str, Any]]:
        """Whether a token of the same household is good now, for a device with the scope `hub.introspect`."""
        asking = Asking(visit, visit.desk.proofs, "/oauth/introspect")

        async def work() -> dict[str, Any]:
            device = await asking.device(data.client_id, data.client_secret, data.client_assertion)
            desk = visit.desk
            await desk.elsewhere.look(data.token or "")
            return unless_refused(tokens.introspect(desk.parts, desk.authenticator, device, data.token or ""))

        return await asking.answered(work)

    @post("/revoke", status_code=200)
    async def revoke(self, data: JSONBody[AboutToken], visit: NamedDependency[Visit]) -> Response[dict[str, Any]]:
        """End one of the device's own tokens, with all of its chain."""
        asking = Asking(visit, visit.desk.proofs, "/oauth/revoke")

        async def work() -> dict[str, Any]:
            device = await asking.device(data.client_id, data.client_secret, data.client_assertion)
            await tokens.revoke(visit.desk.parts, device, data.token or "")
            return {}

        return await asking.answered(work)

    @get("/status/{name:str}")
    async def status(
        self, name: FromPath[str], visit: NamedDependency[Visit], kind: FromQuery[str] = Kind.OTHER.value
    ) -> Response[str]:
        """The household's signed list of ended tokens, good for as long as suits this kind of device."""
        tenant_id: UUID = uuid_in(name, _NO_LIST)
        if kind not in set(Kind):
            raise RefusedError(_NO_KIND)
        made = await tokens.ended_list(visit.desk.parts, tenant_id, lives_of(Kind(kind)).status)
        return Response(made, media_type="application/statuslist+jwt", headers={"Cache-Control": "no-cache"})


async def _issued(asking: Asking, data: TokenRequest) -> Issued:
    key, visit = await asking.key(), asking.visit
    parts, caller = visit.desk.parts, visit.caller
    if data.grant_type == DEVICE_CODE:
        if not data.device_code:
            raise RefusedError(_LACKS)
        return unless_refused(await polling.redeem(parts, data.device_code, key, caller))
    if data.grant_type not in GRANTS:
        raise RefusedError(_UNSUPPORTED)
    device = await asking.device(data.client_id, data.client_secret, data.client_assertion)
    if device.thumbprint is not None and not adding.same_key(parts, device, key):
        raise RefusedError(_NO_PROOF)
    if data.grant_type == EXCHANGE:
        return await persons.exchanged(visit, device, data)
    if data.grant_type == CIBA:
        return await persons.confirmed(visit, device, data.auth_req_id)
    refresh = data.refresh_token or ("" if data.grant_type == "refresh_token" else None)
    scopes = None if data.scope is None else tuple(data.scope.split())
    return unless_refused(await tokens.renew(parts, device, refresh, scopes, caller))


def metadata(issuer: str) -> dict[str, Any]:
    """RFC 8414 section 2: what works, and nothing else."""
    methods = ["private_key_jwt", "client_secret_basic", "client_secret_post"]
    algorithms = ["ES256", "EdDSA"]
    return {
        "issuer": issuer,
        "device_authorization_endpoint": f"{issuer}/oauth/device_authorization",
        "token_endpoint": f"{issuer}/oauth/token",
        "introspection_endpoint": f"{issuer}/oauth/introspect",
        "revocation_endpoint": f"{issuer}/oauth/revoke",
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "response_types_supported": [],
        "grant_types_supported": list(GRANTS),
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "introspection_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "dpop_signing_alg_values_supported": algorithms,
        "backchannel_authentication_endpoint": f"{issuer}/oauth/backchannel_authentication",
        "backchannel_token_delivery_modes_supported": ["poll"],
        "backchannel_user_code_parameter_supported": False,
        "acr_values_supported": [levels.VOICE, levels.CONFIRMED],
    }


@get("/.well-known/oauth-authorization-server")
async def discovery(visit: NamedDependency[Visit]) -> Response[dict[str, Any]]:
    """Where a device's program finds the endpoints (RFC 8414)."""
    said = metadata(visit.desk.parts.device_tokens.issuer)
    return Response(said, headers={"Cache-Control": f"public, max-age={5 * MINUTE // SECOND}"})
