"""Registering: begin, prove the address, ask for another code."""

from litestar import Controller, Response, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from rex_auth_edge.domain.clock import SECOND
from rex_auth_edge.flows import signup, verify
from rex_auth_edge.web import limited
from rex_auth_edge.web.answers import cookie, tokens
from rex_auth_edge.web.api.messages import Pending, Register, Resend, Tokens, Verify
from rex_auth_edge.web.api.paths import paths
from rex_auth_edge.web.visit import Visit


class Registration(Controller):
    """POST register/initiate, register/verify, register/resend-otp."""

    @post(paths("register/initiate", v1=("auth/register",)), status_code=200)
    async def initiate(self, data: JSONBody[Register], visit: NamedDependency[Visit]) -> Response[Pending]:
        """Send a one-time code to the address; the answer is the same for an address that has an account."""
        asked = signup.Application(
            username=data.username,
            email=data.email,
            password=data.password,
            first_name=data.first_name or data.firstName,
            last_name=data.last_name or data.lastName,
            tenant=data.tenant,
            invite=data.invite,
            setup_code=data.setup_code,
        )
        return _pending(visit, "OTP sent", await limited.register(visit, asked))

    @post(paths("register/verify", v1=("auth/verify-email",)), status_code=200)
    async def verify(self, data: JSONBody[Verify], visit: NamedDependency[Visit]) -> Response[Tokens]:
        """Exchange the right code for an account and its first session."""
        token = data.temp_token or visit.cookie("temp_token")
        proof = verify.Proof(data.email, data.otp, token, data.username)
        response = tokens(visit.desk, await limited.prove(visit, proof))
        response.cookies.append(cookie(visit.desk, "temp_token", "", 0))
        return response

    @post(paths("register/resend-otp", v1=("auth/resend-otp",)), status_code=200)
    async def resend(self, data: JSONBody[Resend], visit: NamedDependency[Visit]) -> Response[Pending]:
        """Send another code; the token that the client holds stays good."""
        token = data.temp_token or visit.cookie("temp_token")
        return _pending(visit, "OTP resent successfully", await limited.resend(visit, data.email, token))


def _pending(visit: Visit, message: str, token: str) -> Response[Pending]:
    seconds = visit.desk.parts.options.lives.otp // SECOND
    return Response(Pending(message, token), cookies=[cookie(visit.desk, "temp_token", token, seconds)])
