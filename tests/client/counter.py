"""A hub's OAuth side as its formats are agreed on, with a real socket: it checks what a device sends, by PyJWT."""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import jwt

from rex_auth_edge.client import jose
from rex_auth_edge.client.line import Pin
from tests.client.homes import DEVICE, TENANT, Home

Answer = tuple[int, dict[str, Any]]


@dataclass
class Counter:
    """Where devices ask. `codes` are device codes and how often each is still pending; `log` is what was asked for."""

    home: Home
    port: int = 0
    host: str = ""
    nonce: str = "nonce-1"
    keys: dict[str, dict[str, Any]] = field(default_factory=dict)
    codes: dict[str, list[str]] = field(default_factory=dict)
    spent: set[str] = field(default_factory=set)
    log: list[str] = field(default_factory=list)
    refresh: str | None = None
    removed: bool = False
    broken: bool = False

    @property
    def issuer(self) -> str:
        """Its own address."""
        return f"https://{self.host}:{self.port}" if self.host else f"http://127.0.0.1:{self.port}"

    @property
    def pin(self) -> Pin:
        """In the clear, on this machine."""
        return Pin("127.0.0.1", self.port, ("127.0.0.1",), None)

    def invitation(self, code: str) -> str:
        """What its QR code would say."""
        return f"rex://pair?h=127.0.0.1&p={self.port}&a=127.0.0.1&c={code}"

    def claims(self, **more: Any) -> dict[str, Any]:
        """Claims of a token of this hub."""
        place = {"status_list": {"idx": 7, "uri": f"{self.issuer}/oauth/status/{TENANT}"}}
        return self.home.claims(iss=self.issuer, status=place, **more)

    def token(self, **more: Any) -> str:
        """A token of this hub."""
        return self.home.signed("at+jwt", self.claims(**more))

    def get(self, path: str) -> tuple[int, bytes]:
        """What it publishes."""
        if self.broken:
            return 503, b"<html>"
        if path.startswith("/.well-known/oauth"):
            names = {"token_endpoint": "token", "device_authorization_endpoint": "device_authorization"}
            said = {name: f"{self.issuer}/oauth/{path}" for name, path in names.items()}
            said |= {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/.well-known/jwks.json"}
            return 200, json.dumps(said).encode()
        if path == "/.well-known/jwks.json":
            return 200, json.dumps(self.home.jwks()).encode()
        listed = self.home.listed(iss=self.issuer, sub=f"{self.issuer}/oauth/status/{TENANT}")
        return 200, listed.encode()

    def post(self, path: str, form: dict[str, str], headers: dict[str, str]) -> Answer:
        """What devices ask."""
        jwk = self._proved(path, headers.get("dpop", ""))
        if jwk is None:
            return 400, {"error": "use_dpop_nonce"}
        if path == "/oauth/device_authorization":
            self.log.append(f"asked: {form['name']}")
            codes = {"user_code": "BCDF-GHJK", "verification_uri": f"{self.issuer}/pair", "nonce": "n"}
            return 200, {"device_code": "slow", "expires_in": 300, "interval": 5, **codes}
        if form["grant_type"].endswith("device_code"):
            return self._redeemed(form, jwk)
        if self.removed or not self._known(form):
            return 401, {"error": "invalid_client"}
        self.log.append(form["grant_type"])
        if form["grant_type"] == "refresh_token" and form["refresh_token"] != self.refresh:
            return 400, {"error": "invalid_grant"}
        return 200, self._given(jwk)

    def _redeemed(self, form: dict[str, str], jwk: dict[str, Any]) -> Answer:
        waiting = self.codes.get(form["device_code"])
        if waiting is None:
            return 400, {"error": "invalid_grant"}
        if waiting:
            return 400, {"error": waiting.pop(0)}
        del self.codes[form["device_code"]]
        self.keys[DEVICE] = jwk
        return 200, self._given(jwk)

    def _given(self, jwk: dict[str, Any]) -> dict[str, Any]:
        self.refresh = None if self.refresh is None else f"{self.refresh}+"
        token = self.token(cnf={"jkt": jose.thumbprint(jwk)})
        given = {"access_token": token, "token_type": "DPoP", "expires_in": 3600}
        return given | ({"refresh_token": self.refresh} if self.refresh else {})

    def _proved(self, path: str, proof: str) -> dict[str, Any] | None:
        """The proof's key, if it bears our nonce and is new."""
        jwk = jwt.get_unverified_header(proof)["jwk"]
        claims = jwt.decode(proof, jwt.PyJWK(jwk, "ES256"), ["ES256"], options={"verify_iat": False})
        assert (claims["htm"], claims["htu"]) == ("POST", f"{self.issuer}{path}")
        assert claims["jti"] not in self.spent
        self.spent.add(claims["jti"])
        return dict(jwk) if claims.get("nonce") == self.nonce else None

    def _known(self, form: dict[str, str]) -> bool:
        assert form["client_assertion_type"].endswith("jwt-bearer")
        key = jwt.PyJWK(self.keys[DEVICE], "ES256")
        said = jwt.decode(
            form["client_assertion"],
            key,
            ["ES256"],
            options={"verify_iat": False, "verify_exp": False},
            audience=self.issuer,
        )
        return (said["iss"], said["sub"], said.get("nonce")) == (DEVICE, DEVICE, self.nonce)


@contextmanager
def open_counter(
    home: Home, port: int = 0, tls: ssl.SSLContext | None = None, at: str = "127.0.0.1", **facts: Any
) -> Iterator[Counter]:
    """One that answers on a free port."""
    counter = Counter(home, **facts)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(*counter.get(self.path.partition("?")[0]))

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
            said = {name: values[0] for name, values in form.items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, answer = (503, {}) if counter.broken else counter.post(self.path, said, headers)
            self._send(status, json.dumps(answer).encode())

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("DPoP-Nonce", counter.nonce)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer((at, port), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    counter.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield counter
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def open_doorway(authority: bytes, at: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """Port 80 of a hub: it hands out this CA. Yields the port that it has instead."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/ca.crt" else 404)
            self.send_header("Content-Length", str(len(authority)))
            self.end_headers()
            self.wfile.write(authority)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer((at, port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()
