"""The mosquitto broker with a small plugin: a token is the password, and is introspected at the hub."""

import subprocess
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from tests.hub import PASSWORD
from tests.interop.conftest import Home
from tests.interop.programs import free_port, needed, running, shown

PLUGIN = Path(__file__).with_name("introspect.c")
REFUSED = 5
"""What mosquitto's clients exit with when the broker lets them in to nothing."""


@contextmanager
def broker(home: Home, folder: Path) -> Iterator[int]:
    """A broker whose configuration is the README's; its port."""
    needed(
        "mosquitto",
        "mosquitto_pub",
        "gcc",
        packages="mosquitto mosquitto-clients mosquitto-dev libmosquitto-dev gcc libc6-dev",
    )
    made, credentials, config = folder / "introspect.so", folder / "credentials", folder / "mosquitto.conf"
    strict = ("-Wall", "-Wextra", "-Werror")
    subprocess.run(["gcc", "-shared", "-fPIC", *strict, "-o", made, PLUGIN], check=True, timeout=60)
    asker = home.thing("broker", "hub.introspect")
    credentials.write_bytes(b64encode(f"{asker['client_id']}:{quote(asker['client_secret'])}".encode()))
    port = free_port()
    changes = {
        "listener 1883": f"user root\nlistener {port} 127.0.0.1",
        "/usr/lib/mosquitto/introspect.so": str(made),
        "/etc/mosquitto/hub-credentials": str(credentials),
        "plugin_opt_port 8000": f"plugin_opt_port {home.hub.url.rpartition(':')[2]}",
    }
    config.write_text(shown("conf", changes))
    with running("mosquitto", "-c", str(config), port=port, folder=folder):
        yield port


def publish(port: int, username: str, password: str) -> int:
    """Leave a message with the broker; mosquitto_pub's exit code."""
    what = ("-t", "home/lamp", "-m", "on", "-q", "1", "-r")
    return client("mosquitto_pub", port, username, password, *what).returncode


def client(program: str, port: int, username: str, password: str, *more: str) -> subprocess.CompletedProcess[str]:
    """One of mosquitto's clients, to its end."""
    who = ("-h", "127.0.0.1", "-p", str(port), "-u", username, "-P", password)
    return subprocess.run([program, *who, *more], capture_output=True, text=True, check=False, timeout=20)


def test_a_token_is_the_password(home: Home, tmp_path: Path) -> None:
    """Devices with the scope come in as themselves until they are removed; nobody else does, nor without the hub."""
    lamp = home.thing("lamp", "mqtt")
    with broker(home, tmp_path) as port:
        assert publish(port, lamp["client_id"], lamp["access_token"]) == 0
        read = client("mosquitto_sub", port, lamp["client_id"], lamp["access_token"], "-t", "home/#", "-C", "1")
        assert read.stdout == "on\n"
        sensor = home.thing("sensor", "weather")
        forged = lamp["access_token"][:-8] + "AAAAAAAA"
        for username, password in (
            (sensor["client_id"], sensor["access_token"]),  # lacks the scope
            (sensor["client_id"], lamp["access_token"]),  # another's
            (lamp["client_id"], forged),
            (lamp["client_id"], lamp["client_secret"]),
            ("maya", PASSWORD),
            (lamp["client_id"], "x&client_id=" + lamp["client_id"]),
            (lamp["client_id"], ""),
        ):
            assert publish(port, username, password) == REFUSED, (username, password)
        home.remove("lamp")
        assert publish(port, lamp["client_id"], lamp["access_token"]) == REFUSED
        home.remove("broker")
        fresh = home.thing("lamp", "mqtt")
        assert publish(port, fresh["client_id"], fresh["access_token"]) == REFUSED
