"""The hub's routes as its document lists them, and how a test fills them in: the tables to add a new kind to."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.hub import PASSWORD, Household

PAGES = {"/docs", "/assets/rex.css", "/openapi.json", "/oauth/status/{name}"}
"""What isn't in the document or is for everybody: the signed list of a household's ended tokens tells their places."""

NAMES = {
    "/household/members/{name}": "member",
    "/household/members/{name}/sessions/{session_name}": "session",
    "/household/invites/{name}": "invitation",
    "/household/codes/{name}": "code",
    "/household/devices/{name}": "device",
    "/household/devices/asks/{name}": "ask",
    "/household/passes/{name}": "pass",
    "/household/children/{name}": "child",
    "/household/sync/reviews/{name}": "review",
    "/household/sync/notices/{name}": "notice",
    "/sessions/{name}": "session",
    "/auth/notices/{name}": "own notice",
    "/confirmations/{name}": "confirmation",
}
"""What the last parameter of a path names (a key of `House.things`); the path may go on, and begin anyhow."""

PLAIN = {
    "password": PASSWORD,
    "new_password": "Harbour-Lamp-77?",
    "current_password": PASSWORD,
    "first_name": "Nele",
    "last_name": "Brandt",
    "firstName": "Nele",
    "lastName": "Brandt",
    "phone_number": "+49 1",
    "image_data": "iVBORw0KGgoAAAANSUhEUg==",
    "role": "guest",
    "name": "Nele",
    "expires_in": "2d",
    "registration": "invite",
    "password_rule": "composition",
    "session_life": "30d",
    "idle_life": "7d",
    "shares": "audit",
    "cloud_grants": "wait",
    "passwords_home": "",
    "fresh_after_reboot": "off",
    "otp": "000000",
    "page": "1",
    "kind": "lamp",
    "room": "Diele",
    "code_life": "5m",
    "open_for": "5m",
    "way": "grant",
    "scopes": "door.open",
    "starts": "1h",
    "screen_code": "0000",
    "label_secret": "0000-0000-0000-0000-0000",
    "recovery_code": "0000-0000-0000-0000",
    "ends": "8h",
    "grant_type": "client_credentials",
    "scope": "lights",
    "token_type_hint": "access_token",
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    "client_assertion": "a.b.c",
    "redirect": "false",
    "subject_token_type": "urn:rex:token-type:recognised",
    "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
    "actor_token": "a.b.c",
    "binding_message": "Open the door",
    "requested_expiry": "60",
    "voice": "on",
}
"""Fields that say something, and name nothing that another household could have: with a good value of each."""

NAMING = {
    "tenant": ("tenant id", "slug"),
    "household": ("tenant id",),
    "invite": ("invitation code", "bound invitation code", "spent invitation code", "revoked invitation code"),
    "setup_code": ("spent setup code",),
    "temp_token": ("temp token",),
    "refresh_token": ("refresh token", "device refresh token"),
    "reset_token": ("reset token",),
    "token": ("reset token", "device token", "pass token"),
    "secret": ("pass secret",),
    "request_token": ("child token",),
    "email": ("address", "waiting address"),
    "username": ("username",),
    "client_id": ("device",),
    "subject_token": ("username",),
    "login_hint": ("username",),
    "auth_req_id": ("confirmation code",),
    "client_secret": ("device secret",),
    "device_code": ("device code", "spent device code", "ask's own code"),
    "code": ("user code", "spoken words"),
}
"""Fields by which something or somebody is named: with what the other household has of it (keys of `foreign`)."""


@dataclass(frozen=True)
class Route:
    """One method of one path: its handler's name, its parameters and the fields of its body and query."""

    method: str
    path: str
    handler: str
    parameters: tuple[str, ...]
    fields: tuple[str, ...]
    query: tuple[str, ...]
    security: list[dict[str, Any]] = field(hash=False, compare=False)

    @property
    def anybody(self) -> bool:
        """Whether it asks for no person."""
        return {} in self.security

    @property
    def kinds(self) -> tuple[str, ...]:
        """What each of its parameters names."""
        cuts = [self.path[: self.path.index(f"{{{name}}}") + len(name) + 2] for name in self.parameters]
        return tuple(self._kind(cut) for cut in cuts)

    def _kind(self, cut: str) -> str:
        for ending in sorted(NAMES, key=len, reverse=True):
            if cut.endswith(ending):
                return NAMES[ending]
        pytest.fail(f"{self.method} {self.path}: say in tests/tenancy/routes.py, NAMES, what the last parameter names")

    def body(self, **named: str) -> dict[str, str] | None:
        """A good value for every plain field, and `named` ones of the others."""
        if not self.fields:
            return None
        self.known()
        return {name: PLAIN[name] for name in self.fields if name in PLAIN} | named

    def known(self) -> None:
        """Fail where a field is in neither table."""
        unknown = sorted({*self.fields, *self.query} - PLAIN.keys() - NAMING.keys())
        if unknown:
            pytest.fail(
                f"{self.method} {self.path} takes {', '.join(unknown)}: add it in tests/tenancy/routes.py to NAMING if "
                "it names something or somebody, with what the other household has of it, else to PLAIN"
            )


def filled(route: Route, names: tuple[str, ...]) -> str:
    """The route's path with names in the place of its parameters."""
    path = route.path
    for parameter, name in zip(route.parameters, names, strict=True):
        path = path.replace(f"{{{parameter}}}", name)
    return path


async def routes(home: Household) -> list[Route]:
    """Everything that the document lists, which is the same for every hub."""
    if not _LISTED:
        async with home.client() as client:
            _LISTED.extend(_routes((await client.get("/openapi.json")).json()))
    return list(_LISTED)


async def handlers(home: Household) -> list[Route]:
    """One route of each handler: its other paths are the same, as tests/contract/test_openapi.py sees to."""
    return list({route.handler: route for route in reversed(await routes(home))}.values())[::-1]


_LISTED: list[Route] = []


def _routes(document: dict[str, Any]) -> Iterator[Route]:
    for path, item in document["paths"].items():
        if path in PAGES:
            continue
        for method, operation in item.items():
            found = operation.get("parameters", [])
            yield Route(
                method.upper(),
                path,
                operation["operationId"].partition("__")[0],
                tuple(sorted((each["name"] for each in found if each["in"] == "path"), key=path.index)),
                _fields(document, operation),
                tuple(each["name"] for each in found if each["in"] == "query"),
                operation["security"],
            )


def _fields(document: dict[str, Any], operation: dict[str, Any]) -> tuple[str, ...]:
    if "requestBody" not in operation:
        return ()
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    name = schema["$ref"].rpartition("/")[2]
    return tuple(document["components"]["schemas"][name]["properties"])
