"""Verifying others' tokens with no hub in reach: never asks the network, so that a door opens at once or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rex_auth_edge.client import jose, levels
from rex_auth_edge.client.clock import Instant
from rex_auth_edge.client.known import Known
from rex_auth_edge.client.limits import Limits
from rex_auth_edge.client.reasons import Reason, TokenRefusedError
from rex_auth_edge.client.shown import Challenges, Proof
from rex_auth_edge.client.status import plain

HOME = "rex-home"
"""The `aud` of tokens of devices, of those who act for a person, and of guests."""
PEOPLE_ISSUER, PEOPLE = "rex-auth-service", "rex-platform"
"""`iss` and `aud` of the tokens that people have when they sign in themselves."""
_SECOND = 1_000


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a good token speaks for. `client` is the device that holds it, None for a person's own session.

    `actor` is the device that acts for the person `subject`, and `acr` how sure that person is (`levels`): whoever has
    signed in themselves is confirmed, and behind a device's own token or a pass there is nobody. `claims` is everything
    that the token says.
    """

    subject: str
    client: str | None
    actor: str | None
    scopes: frozenset[str]
    acr: str | None
    claims: Mapping[str, Any] = field(repr=False)


class Verifier:
    """Checks tokens against what is known. `people` is the `iss` of people's own tokens, None to refuse them."""

    def __init__(self, known: Known, limits: Limits, people: str | None = PEOPLE_ISSUER) -> None:
        self._known = known
        self._limits = limits
        self._people = people
        self._challenges = Challenges()

    def challenge(self) -> str:
        """A nonce for the DPoP proof (RFC 9449 section 9) of a token that is bound to a key; good once, 5 minutes."""
        with self._known.lock:
            return self._challenges.make(self._known.now())

    def check(
        self, token: str, *, scope: str | None = None, acr: str | None = None, proof: Proof | None = None
    ) -> Holder:
        """Who holds this token, if it is good now, allows `scope` and is of the level `acr` or a higher one.

        Raises TokenRefusedError, and ValueError for an `acr` that there isn't.
        """
        holder = self._holder(token, scope, proof)
        if acr is not None and not levels.reaches(holder.acr, acr):
            raise TokenRefusedError(Reason.ACR)
        return holder

    def _holder(self, token: str, scope: str | None, proof: Proof | None) -> Holder:
        with self._known.lock:
            claims = jose.authenticate(jose.parse(token), "at+jwt", self._known.keys)
            try:
                return self._checked(token, claims, scope, proof)
            except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
                raise TokenRefusedError(Reason.MALFORMED) from error

    def _checked(self, token: str, claims: Mapping[str, Any], scope: str | None, proof: Proof | None) -> Holder:
        of_person = self._check_source(claims)
        self._known.clock.seen(int(claims["iat"]) * _SECOND)
        now = self._known.now()
        self._check_time(claims, now)
        self._check_reach(now)
        self._check_status(claims, of_person=of_person)
        if "cnf" in claims:
            self._challenges.check(token, claims["cnf"], proof, now)
        scopes = frozenset(str(claims.get("scope", "")).split())
        if scope is not None and scope not in scopes:
            raise TokenRefusedError(Reason.SCOPE)
        actor = claims["act"]["sub"] if "act" in claims else None
        acr = levels.CONFIRMED if of_person else claims.get("acr")
        return Holder(claims["sub"], claims.get("client_id"), actor, scopes, acr, claims)

    def _check_source(self, claims: Mapping[str, Any]) -> bool:
        """Whether it is a person's own token; who issued it for whom is right if nothing is raised."""
        of_person = self._people is not None and claims["iss"] == self._people
        if not of_person and claims["iss"] != self._known.household.issuer:
            raise TokenRefusedError(Reason.ISSUER)
        if claims["aud"] != (PEOPLE if of_person else HOME):
            raise TokenRefusedError(Reason.AUDIENCE)
        if claims["tenant_id"] != self._known.household.tenant_id:
            raise TokenRefusedError(Reason.HOUSEHOLD)
        return of_person

    def _check_time(self, claims: Mapping[str, Any], now: Instant) -> None:
        if int(claims.get("nbf", claims["iat"])) * _SECOND > now.earliest:
            raise TokenRefusedError(Reason.NOT_YET_VALID)
        if int(claims["exp"]) * _SECOND <= now.latest:
            raise TokenRefusedError(Reason.EXPIRED)

    def _check_reach(self, now: Instant) -> None:
        known = self._known
        if known.contact is None or now.latest - known.contact > self._limits.offline:
            raise TokenRefusedError(Reason.TOO_LONG_OFFLINE)
        if known.list is None or now.latest >= min(known.list.expires, known.list.issued + self._limits.status):
            raise TokenRefusedError(Reason.LIST_ROLLED_BACK if known.rolled_back else Reason.LIST_STALE)

    def _check_status(self, claims: Mapping[str, Any], *, of_person: bool) -> None:
        listed = self._known.list
        if listed is None:
            raise TokenRefusedError(Reason.LIST_STALE)
        if of_person:
            ended = claims["sid"] in listed.sessions
        else:
            place = claims["status"]["status_list"]
            if plain(place["uri"]) != plain(listed.uri):
                raise TokenRefusedError(Reason.HOUSEHOLD)
            if not listed.covers(place["idx"]):
                raise TokenRefusedError(Reason.LIST_STALE)
            ended = listed.ended(place["idx"])
        if ended:
            raise TokenRefusedError(Reason.REVOKED)
