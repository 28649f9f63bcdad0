"""nginx and Caddy before a service, configured as the README says: who gets through, and what the service is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.interop.conftest import Home
from tests.interop.programs import free_port, needed, running, service, shown

CLAIMED = {"remote-user": "maya", "remote-groups": "owner", "remote-email": "x@y.z", "x-rex-subject": "1"}
_NGINX = """
daemon off; pid nginx.pid; error_log stderr; worker_processes 1; events {{}}
http {{ access_log off; client_body_temp_path a; proxy_temp_path b; fastcgi_temp_path c; uwsgi_temp_path d;
scgi_temp_path e;
{server}
}}
"""


@contextmanager
def nginx(hub: str, guarded: int, folder: Path) -> Iterator[str]:
    """With auth_request: the URL of the service through it."""
    needed("nginx", packages="nginx-light")
    port, config = free_port(), folder / "nginx.conf"
    places = {"127.0.0.1:8000": hub, "127.0.0.1:3000": f"127.0.0.1:{guarded}", "listen 8443;": f"listen {port};"}
    config.write_text(_NGINX.format(server=shown("nginx", places)))
    with running("nginx", "-p", str(folder), "-c", str(config), port=port, folder=folder):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def caddy(hub: str, guarded: int, folder: Path) -> Iterator[str]:
    """With forward_auth: the URL of the service through it."""
    needed("caddy", packages="caddy")
    port, config = free_port(), folder / "Caddyfile"
    places = {"127.0.0.1:8000": hub, "127.0.0.1:3000": f"127.0.0.1:{guarded}", ":8443": f"http://127.0.0.1:{port}"}
    config.write_text("{\n admin off\n auto_https off\n}\n" + shown("caddy", places))
    with running("caddy", "run", "--config", str(config), "--adapter", "caddyfile", port=port, folder=folder):
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("proxy", [nginx, caddy], ids=["nginx", "caddy"])
def test_a_service_behind_a_proxy(home: Home, proxy: type, tmp_path: Path) -> None:
    """Who may pass does, by token and by cookie, and the service is told who it is by the hub alone."""
    with service() as guarded, proxy(home.hub.url.partition("://")[2], guarded, tmp_path) as url:
        people_pass(home, url)
        nobody_else_passes(home, url)
        things_pass(home, url)
        browsers_are_led(home, url)


def people_pass(home: Home, url: str) -> None:
    """Maya by token and by cookie; what else she claims to be doesn't arrive, nor what she authenticated with."""
    cookies = {"cookie": f"access_token={home.token}; refresh_token=secret"}
    for shown_by in (home.bearer, cookies):
        told = httpx.get(f"{url}/lamp", headers=shown_by | {"remote-user": "noah", "remote-name": "Noah"}).json()
        assert (told["remote-user"], told["remote-groups"]) == ("maya", "owner")
        assert "Noah" not in told.values()
        assert not {"cookie", "authorization"} & told.keys()
    own = {"origin": url}
    assert httpx.post(f"{url}/lamp", headers=cookies | own).status_code == 200
    foreign = {"origin": "http://127.0.0.1:1", "sec-fetch-site": "same-site"}
    assert httpx.post(f"{url}/lamp", headers=cookies | foreign).status_code == 403
    assert httpx.post(f"{url}/lamp", headers=cookies).status_code == 403


def nobody_else_passes(home: Home, url: str) -> None:
    """Without a token, with a forged one, with an ended one, and by claims alone."""
    forged = home.token[:-8] + "AAAAAAAA"
    signed_out = home.maya.post("/auth/login", json={"username": "maya", "password": "Zebra-River-42!"}).json()
    ended = {"authorization": f"Bearer {signed_out['access_token']}"}
    assert httpx.get(url, headers=ended).status_code == 200
    assert httpx.post(f"{home.hub.url}/auth/logout", headers=ended).status_code == 200
    for headers in ({}, {"authorization": f"Bearer {forged}"}, ended, {"cookie": f"access_token={forged}"}, CLAIMED):
        assert httpx.get(url, headers=headers).status_code == 401, headers


def things_pass(home: Home, url: str) -> None:
    """A device with the scope, until it is removed; not one without."""
    for name, scope, status in (("remote", "lamp.switch", 200), ("sensor", "weather", 403)):
        token = home.thing(name, scope)["access_token"]
        headers = {"authorization": f"Bearer {token}", "remote-name": "Maya"}
        answer = httpx.get(url, headers=headers)
        assert answer.status_code == status
        if status == 200:
            assert answer.json()["remote-user"] == f"device:{home.thing(name, scope)['client_id']}"
            assert "remote-name" not in answer.json()
            home.remove(name)
            assert httpx.get(url, headers=headers).status_code == 401


def browsers_are_led(home: Home, url: str) -> None:
    """To the hub's sign-in page, and from there back to where they were going."""
    answer = httpx.get(f"{url}/lamp?on=1", headers={"accept": "text/html"})
    assert answer.status_code == 302
    where = urlsplit(answer.headers["location"])
    assert (f"http://{where.netloc}", where.path) == (home.hub.url, "/sign-in")
    assert parse_qs(where.query)["next"] == [f"{url}/lamp?on=1"]
    cookies = {"cookie": f"access_token={home.token}"}
    assert httpx.get(answer.headers["location"], headers=cookies).headers["location"] == f"{url}/lamp?on=1"
