"""A LAN of network namespaces on one bridge, with avahi on one of its hosts. Needs root, iproute2, avahi and dbus."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rex_auth_edge import machine

NEEDED = ("ip", "avahi-daemon", "avahi-browse", "avahi-resolve", "dbus-daemon", "unshare", "curl")
_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={bus}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/><allow user="*"/></policy></busconfig>
"""
_AVAHI = """[server]
host-name={name}
use-ipv6=no
allow-interfaces=eth0
[wide-area]
[publish]
[rlimits]
"""


def missing() -> list[str]:
    """What this machine lacks for these tests."""
    path = f"{machine.environment().get('PATH', '')}:/usr/sbin:/sbin"
    lacking = [name for name in NEEDED if shutil.which(name, path=path) is None]
    return lacking + ([] if os.geteuid() == 0 else ["root"])


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


def eventually(true: object, what: str, seconds: float = 20.0) -> None:
    """Wait until `true()` is."""
    assert callable(true)
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, f"never {what}"
        time.sleep(0.1)


@dataclass
class Announcement:
    """A process that announces. `lines` is what it has said."""

    process: subprocess.Popen[str]
    facts: Path
    log: Path

    @property
    def labels(self) -> list[str]:
        """The names that it has announced, in order."""
        return [line.split()[1] for line in self.log.read_text().splitlines() if line.startswith("announced ")]

    def say(self, **facts: str) -> None:
        """Other facts."""
        self.facts.write_text(json.dumps(facts))

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End it."""
        self.process.send_signal(number)
        self.process.wait(timeout=20)


@dataclass
class Lan:
    """Hosts a, b and c at 10.77.0.1 to .3; avahi runs on b."""

    folder: Path
    prefix: str
    stack: ExitStack
    bus: Path = field(init=False)

    def on(self, host: str, *command: str) -> str:
        """What a command prints on a host."""
        return _run("ip", "netns", "exec", f"{self.prefix}-{host}", *command)

    def readdress(self, host: str, address: str) -> None:
        """Give a host another address in the place of its own."""
        name = f"{self.prefix}-{host}"
        _run("ip", "-n", name, "-4", "addr", "flush", "dev", "eth0")
        _run("ip", "-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
        _run("ip", "-n", name, "route", "replace", "default", "dev", "eth0")

    def readdress_six(self, host: str, address: str) -> None:
        """Give a host an address of IPv6 (RFC 4193) in the place of its own, good at once."""
        name = f"{self.prefix}-{host}"
        _run("ip", "-n", name, "-4", "addr", "flush", "dev", "eth0")
        _run("ip", "-n", name, "addr", "add", f"{address}/64", "dev", "eth0", "nodad")

    def unplug(self, host: str) -> None:
        """Take a host's address and its interface away."""
        _run("ip", "-n", f"{self.prefix}-{host}", "-4", "addr", "flush", "dev", "eth0")
        _run("ip", "-n", f"{self.prefix}-{host}", "link", "set", "eth0", "down")

    def plug(self, host: str, address: str) -> None:
        """Give them back."""
        _run("ip", "-n", f"{self.prefix}-{host}", "link", "set", "eth0", "up")
        self.readdress(host, address)

    def cut(self, host: str, state: str) -> None:
        """Let nothing through (`down`) or all (`up`) at the switch; the host itself notices nothing."""
        _run("ip", "-n", f"{self.prefix}-sw", "link", "set", f"p{host}", "master" if state == "up" else "nomaster",
             *(["br0"] if state == "up" else []))  # fmt: skip

    def announce(self, host: str, label: str, **facts: str) -> Announcement:
        """Announce from a host, and wait until it is on the air."""
        file, log = self.folder / f"facts-{host}.json", self.folder / f"log-{host}"
        file.write_text(json.dumps(facts))
        command = ["ip", "netns", "exec", f"{self.prefix}-{host}", sys.executable, "-m", "tests.mdns.announcing"]
        output = self.stack.enter_context(log.open("w"))
        process = subprocess.Popen([*command, label, str(file)], stdout=output, stderr=subprocess.STDOUT, text=True)
        self.stack.callback(process.wait)
        self.stack.callback(process.kill)
        made = Announcement(process, file, log)
        eventually(lambda: made.labels, f"announced from {host}: {log.read_text()}")
        return made

    def hub(self, host: str, data_dir: Path, listening: str = "::") -> None:
        """Run a real hub on a host, with TLS at 443 and its doorway at 80, and wait until it is announced."""
        settings = {
            "REX_HOST": listening,
            "REX_DATA_DIR": str(data_dir),
            "REX_PORT": "443",
            "REX_HTTP_PORT": "80",
            "REX_METRICS_PORT": "0",
        }
        command = ["ip", "netns", "exec", f"{self.prefix}-{host}", sys.executable, "-m", "rex_auth_edge", "serve"]
        log = self._spawn(*command, **settings)
        eventually(lambda: "Announced as" in log.read_text(), f"announced: {log}")

    def avahi(self, name: str) -> None:
        """Run avahi on b, with this host name."""
        self.bus = self.folder / "bus"
        config, avahi = self.folder / "bus.conf", self.folder / "avahi.conf"
        config.write_text(_BUS.format(bus=self.bus))
        avahi.write_text(_AVAHI.format(name=name))
        self._spawn("dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile")
        eventually(self.bus.exists, "a bus")
        run = "mkdir -p /run/avahi-daemon; mount -t tmpfs tmpfs /run/avahi-daemon; exec avahi-daemon"
        flags = f"-f {avahi} --no-chroot --no-drop-root --no-rlimits"
        inside = ("ip", "netns", "exec", f"{self.prefix}-b", "unshare", "-m", "bash", "-c", f"{run} {flags}")
        log = self._spawn(*inside)
        eventually(lambda: "Server startup complete" in log.read_text(), f"avahi: {log.read_text()}")

    def _spawn(self, *command: str, **settings: str) -> Path:
        log = self.folder / f"log-{Path(command[0]).name}-{len(command)}"
        environment = dict(machine.environment()) | {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={self.bus}"} | settings
        output = self.stack.enter_context(log.open("w"))
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
        self.stack.callback(process.wait)
        self.stack.callback(process.kill)
        return log

    def browse(self, kind: str = "_rex-auth._tcp") -> list[list[str]]:
        """What avahi on b resolves of a kind of service: the fields of avahi-browse's `=` lines."""
        command = ["env", f"DBUS_SYSTEM_BUS_ADDRESS=unix:path={self.bus}", "avahi-browse", "-rpt", kind]
        lines = self.on("b", *command).splitlines()
        return [line.split(";") for line in lines if line.startswith("=")]

    def resolve(self, name: str) -> str:
        """The address that avahi on b finds for a host's name, empty where nobody answers."""
        command = ["env", f"DBUS_SYSTEM_BUS_ADDRESS=unix:path={self.bus}", "avahi-resolve", "-4", "-n", name]
        return self.on("b", *command).partition("\t")[2].strip()


@contextmanager
def lan(folder: Path) -> Iterator[Lan]:
    """Three hosts on a switch; everything is gone afterwards."""
    prefix = f"rex{os.getpid() % 10_000}"
    with ExitStack() as stack:
        for name in ("sw", "a", "b", "c"):
            _run("ip", "netns", "add", f"{prefix}-{name}")
            stack.callback(_run, "ip", "netns", "del", f"{prefix}-{name}")
        switch = f"{prefix}-sw"
        _run("ip", "-n", switch, "link", "add", "br0", "type", "bridge", "mcast_snooping", "0")
        _run("ip", "-n", switch, "link", "set", "br0", "up")
        for number, name in enumerate(("a", "b", "c"), 1):
            host = f"{prefix}-{name}"
            port = ("link", "add", f"p{name}", "type", "veth", "peer", "name", "eth0", "netns", host)
            _run("ip", "-n", switch, *port)
            _run("ip", "-n", switch, "link", "set", f"p{name}", "master", "br0", "up")
            _run("ip", "-n", host, "link", "set", "lo", "up")
            _run("ip", "-n", host, "link", "set", "eth0", "up")
            _run("ip", "-n", host, "addr", "add", f"10.77.0.{number}/24", "dev", "eth0")
            _run("ip", "-n", host, "route", "add", "default", "dev", "eth0")
        made = Lan(folder, prefix, stack)
        made.bus = folder / "bus"
        yield made
