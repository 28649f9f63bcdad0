"""One request for a page: who sits at the browser, what they typed, and the page that they see."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Any, Literal

import msgspec
from litestar.datastructures import Cookie

from rex_auth_edge.domain.clock import DAY, MINUTE, SECOND, ClockState
from rex_auth_edge.domain.principal import Principal
from rex_auth_edge.domain.refusals import Code, Refused, RefusedError
from rex_auth_edge.domain.roles import Act
from rex_auth_edge.flows.household import front, house
from rex_auth_edge.flows.household.actor import Actor
from rex_auth_edge.flows.sessions import SignedIn
from rex_auth_edge.web.addresses import scheme
from rex_auth_edge.web.answers import PlainCookie, cookie, session_cookies, unless_refused
from rex_auth_edge.web.forwarded import neighbour
from rex_auth_edge.web.pages import paper
from rex_auth_edge.web.pages.answer import Answer, see
from rex_auth_edge.web.pages.notices import NOTICES
from rex_auth_edge.web.pages.onward import own_path
from rex_auth_edge.web.pages.wrong import shown
from rex_auth_edge.web.visit import MISSING, Visit

FORM_TOKEN = "form_token"  # noqa: S105 - the field's name
_BROWSER = "rex_browser"
_SAID = "rex_said"
_BROWSER_LIFE = 30 * DAY // SECOND
_SAID_LIFE = MINUTE // SECOND
_BROWSER_ID = re.compile(r"[0-9a-f]{32}")
_MARK = 32
_BAD_FORM = Refused(Code.CSRF_FAILED, "This form is no longer good; open the page again")


@dataclass(slots=True)
class Turn:
    """`named` is what the path names, `query` and `form` are what was sent; all of it texts, whatever was sent.

    `refused` is why the form on the page was sent back; `principal` is there on pages for who is signed in.
    """

    visit: Visit
    path: str
    named: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, str]
    refused: Refused | None = None
    principal: Principal | None = None
    cookies: list[Cookie] = field(default_factory=list)

    @property
    def me(self) -> Principal:
        """Who is signed in. Raises RefusedError where nobody is."""
        if self.principal is None:
            raise RefusedError(MISSING)
        return self.principal

    @property
    def actor(self) -> Actor:
        """Who is signed in, as one who acts on their household."""
        return Actor.person(self.me, self.visit.caller)

    @property
    def onward(self) -> str | None:
        """The page to go on to afterwards."""
        return own_path(self.form.get("next") or self.query.get("next"))

    @property
    def outward(self) -> str | None:
        """The page of a service behind a proxy to go on to afterwards: at the host by which the hub is asked."""
        request, options = self.visit.request, self.visit.desk.options
        wanted = self.form.get("next") or self.query.get("next")
        return neighbour(wanted, scheme(dict(request.scope), options), request.headers.get("host", ""))

    def typed(self, name: str) -> str | None:
        """A field without the space around it, None where it is empty; never for passwords, which are as they are."""
        return self.form.get(name, "").strip() or None

    async def sit(self) -> None:
        """Find out who is signed in, with the session's next tokens where it is time. Raises RefusedError."""
        self.principal, renewed = await self.visit.browsing()
        if renewed is not None:
            self.cookies += session_cookies(self.visit.desk, renewed)

    async def anybody(self) -> Principal | None:
        """Who is signed in, on pages where nobody has to be."""
        try:
            await self.sit()
        except RefusedError as error:
            if error.refused.code not in {Code.MISSING_TOKEN, Code.INVALID_TOKEN, Code.TOKEN_EXPIRED}:
                raise
        return self.principal

    async def ready(self, act: Act) -> None:
        """Raise RefusedError where the act that this page is for would be refused."""
        refused = await front.ready(self.visit.desk.parts, self.actor, act)
        if refused is not None:
            raise RefusedError(refused)

    # ---------------------------------------------------------------- forms

    def check_form(self) -> None:
        """Raise RefusedError unless the form was made here for this session or, without one, for this browser."""
        desk, token = self.visit.desk, self.form.get(FORM_TOKEN, "")
        if self.principal is not None:
            good = desk.csrf.good(token, self.principal.session)
        else:
            browser = self.visit.cookie(_BROWSER)
            good = browser is not None and desk.csrf.good_in_browser(token, browser)
        if not good:
            raise RefusedError(_BAD_FORM)

    def _form_token(self) -> str:
        desk = self.visit.desk
        nonce = desk.parts.entropy.token_bytes(16)
        if self.principal is not None:
            return desk.csrf.issue(self.principal.session, nonce)
        browser = self.visit.cookie(_BROWSER) or ""
        if not _BROWSER_ID.fullmatch(browser):
            browser = desk.parts.entropy.token_bytes(16).hex()
            self.keep(_BROWSER, browser, _BROWSER_LIFE)
        return desk.csrf.issue_to_browser(browser, nonce)

    # ---------------------------------------------------------------- cookies

    def keep(self, name: str, value: str, seconds: int, path: str = "/") -> None:
        """A cookie of the pages' own: out of scripts' reach, and there when a letter's link leads here."""
        lax: Literal["lax"] = "lax"
        secure = self.visit.desk.options.secure_cookies
        self.cookies.append(
            PlainCookie(name, path=path, value=value, max_age=seconds, httponly=True, secure=secure, samesite=lax)
        )

    def put_aside(self, name: str, content: Mapping[str, Any], seconds: int, path: str) -> None:
        """Keep something for this browser's next page; where somebody is signed in, for their session alone."""
        packed = msgspec.json.encode(content)
        self.keep(name, urlsafe_b64encode(self._mark(packed) + packed).decode().rstrip("="), seconds, path)

    def aside(self, name: str) -> dict[str, Any] | None:
        """What was put aside, if it was put aside here and by this session."""
        try:
            raw = urlsafe_b64decode((self.visit.cookie(name) or "") + "==")
            content = msgspec.json.decode(raw[_MARK:], type=dict[str, Any])
        except (ValueError, msgspec.DecodeError):
            return None
        return content if compare_digest(raw[:_MARK], self._mark(raw[_MARK:])) else None

    def _mark(self, content: bytes) -> bytes:
        return self.visit.desk.csrf.mark(self.principal.session if self.principal else None, content)

    def sign_in(self, signed_in: SignedIn) -> None:
        """Set the session's cookies, the API's own."""
        self.cookies += session_cookies(self.visit.desk, signed_in)

    def sign_out(self) -> None:
        """Clear the session's cookies; the device stays known."""
        self.cookies += [cookie(self.visit.desk, name, "", 0) for name in ("access_token", "refresh_token")]

    # ---------------------------------------------------------------- answers

    def see(self, path: str, said: str | None = None) -> Answer:
        """The way to another page, which says one of `NOTICES` at its top."""
        if said is not None:
            self.keep(_SAID, said, _SAID_LIFE)
        return see(path)

    async def page(self, template: str, called: Mapping[str, str] | None = None, **values: Any) -> Answer:
        """The page; `called` says what it calls the fields that flows refuse by other names."""
        common = {
            "wrong": shown(self.refused, called or {}),
            "typed": {name: text for name, text in self.form.items() if "password" not in name and name != "otp"},
            "form_token": self._form_token(),
            "said": self._said(),
            "path": self.path,
            "onward": self.onward or "",
            "now": self.visit.desk.parts.clock.now().wall,
            "clock_unsure": self.visit.desk.parts.clock.now().state is not ClockState.SYNCED,
            "house": await self._house(),
            "Act": Act,
        }
        return Answer(paper.page(template, common | values))

    def _said(self) -> str | None:
        said = self.visit.cookie(_SAID)
        if said is not None:
            self.keep(_SAID, "", 0)
        return NOTICES.get(said or "")

    async def _house(self) -> house.House | None:
        """The household of who is signed in. Raises RefusedError where they are no longer there."""
        if self.principal is None:
            return None
        return unless_refused(await house.read(self.visit.desk.parts, self.principal))
