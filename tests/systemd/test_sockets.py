"""What is seen from outside: three doors, and none of them shut while the hub is restarted."""

import subprocess
import sys
import time

from tests.systemd.machines import Machine

UNIT = "rex-auth-edge.service"
CALLER = """
import ssl, sys, threading, http.client
stop, done, failed = threading.Event(), [0], []
trust = ssl.create_default_context()
trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE

def call(connect, path, wanted):
    while not stop.is_set():
        try:
            connection = connect()
            connection.request("GET", path)
            status = connection.getresponse().status
            if status != wanted:
                failed.append(f"{path}: {status}")
            connection.close()
            done[0] += 1
        except (OSError, http.client.HTTPException) as error:
            failed.append(f"{path}: {error!r}")

doors = [
    (lambda: http.client.HTTPSConnection("127.0.0.1", 443, context=trust, timeout=30), "/health/live", 200),
    (lambda: http.client.HTTPConnection("127.0.0.1", 80, timeout=30), "/ca.crt", 200),
    (lambda: http.client.HTTPConnection("127.0.0.1", 8000, timeout=30), "/health/live", 200),
]
threads = [threading.Thread(target=call, args=door) for door in doors]
for thread in threads: thread.start()
print("calling", flush=True)
sys.stdin.readline()
stop.set()
for thread in threads: thread.join()
print(done[0], failed)
"""
HANGING = """
import socket, sys
sock = socket.create_connection(("127.0.0.1", 8000))
sock.sendall(b"POST /auth/login HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Length: 38\\r\\n\\r\\nusername=maya&")
print("asked", flush=True)
sys.stdin.readline()
sock.sendall(b"password=Zebra-River-42!")
print(sock.makefile("rb").readline().decode().strip(), flush=True)
"""


def called(caller: "subprocess.Popen[str]") -> str:
    """Let it end, and read what it says last."""
    return caller.communicate("\n", timeout=60)[0].strip()


def test_nobody_is_turned_away_by_a_restart(hub: Machine) -> None:
    """People who come while the hub restarts wait a moment at each of its three doors; none is refused."""
    with hub.near(sys.executable, "-c", CALLER) as caller:
        assert caller.stdout
        assert caller.stdout.readline() == "calling\n"
        for _ in range(3):
            time.sleep(0.5)
            hub.run("systemctl", "restart", UNIT)
        time.sleep(0.5)
        count, _, failed = called(caller).partition(" ")
    assert failed == "[]"
    assert int(count) > 30


def test_a_stop_lets_requests_finish(hub: Machine) -> None:
    """Who is in the middle of a request when the hub stops gets an answer; the stop then ends, and in order."""
    with hub.near(sys.executable, "-c", HANGING) as caller:
        assert caller.stdout
        assert caller.stdout.readline() == "asked\n"
        hub.run("systemctl", "stop", "--no-block", UNIT)
        hub.until(f"systemctl show {UNIT} --property=StatusText | grep -q 'Finishing what runs'")
        assert called(caller).startswith("HTTP/1.1 4")
    hub.until(f"systemctl show {UNIT} --property=ActiveState | grep -q inactive")
    assert hub.about(UNIT, "Result", "ExecMainStatus") == ("success", "0")


def test_a_caller_wakes_a_stopped_hub(hub: Machine) -> None:
    """The doors are systemd's while the hub is stopped, and it starts the hub for whoever knocks."""
    hub.run("systemctl", "stop", UNIT)
    asked = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8000/health/live', timeout=60).status)"
    with hub.near(sys.executable, "-c", asked) as caller:
        assert called(caller) == "200"
    assert hub.about(UNIT, "ActiveState") == ("active",)
