"""Three nodes of Galera on this machine, and HAProxy in front of them as the README has it."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests import mariadb

PROVIDER = Path("/usr/lib/galera/libgalera_smm.so")
PATIENCE = 60
_SYNCED = (
    "SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'wsrep_local_state_comment'"
)
_PROXY = Path(__file__).parents[2] / "systemd" / "cloud" / "haproxy.cfg"


def installed() -> bool:
    """Whether nodes and a proxy can be started here."""
    programs = all(mariadb.program(name) for name in ("haproxy", "rsync"))
    return mariadb.installed() and PROVIDER.exists() and programs


@dataclass
class Node:
    """One of the cluster's servers."""

    number: int
    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    def sql(self, statement: str) -> str:
        """Run a statement as the server's owner, once the node has taken in what others have acknowledged; its rows."""
        command = [str(mariadb.program("mariadb")), "--no-defaults", "-uroot", f"-S{self.folder / 's'}", "-Ne"]
        whole = f"SET SESSION wsrep_sync_wait=1; {statement}"
        return subprocess.run([*command, whole], capture_output=True, text=True, check=True).stdout

    def fail(self, how: str) -> None:
        """`killed`, as by a power cut, or `frozen`: it takes connections then, and says nothing more."""
        self.process.send_signal(signal.SIGKILL if how == "killed" else signal.SIGSTOP)


@dataclass
class Cluster:
    """Nodes that write as one. `port` is the proxy's: it leads to the first node that answers."""

    port: int
    nodes: list[Node] = field(default_factory=list)


@contextmanager
def running(count: int = 3) -> Iterator[Cluster]:
    """A cluster for as long as it is needed; its nodes keep nothing."""
    folder = Path(tempfile.mkdtemp(prefix="rex-galera-", dir="/dev/shm"))
    folder.chmod(0o755)
    proxies: list[subprocess.Popen[bytes]] = []
    cluster = Cluster(_free_ports(1)[0])
    ports = [_free_ports(4) for _ in range(count)]
    try:
        _install(folder, count)
        for number in range(count):
            cluster.nodes.append(_started(folder / str(number), number, ports))
            _await(cluster.nodes[-1])
        cluster.nodes[0].sql("CREATE USER haproxy@127.0.0.1")
        proxies.append(_proxy(folder, cluster))
        yield cluster
    finally:
        for process in [node.process for node in cluster.nodes] + proxies:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _free_ports(count: int) -> list[int]:
    with socket.socket() as first, socket.socket() as second, socket.socket() as third, socket.socket() as fourth:
        probes = (first, second, third, fourth)
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes[:count]]


def _install(folder: Path, count: int) -> None:
    first = folder / "0"
    first.mkdir()
    command = [
        str(mariadb.program("mariadb-install-db")),
        "--no-defaults",
        f"--datadir={first / 'data'}",
        "--user=root",
    ]
    options = ["--skip-test-db", "--auth-root-authentication-method=normal"]
    subprocess.run([*command, *options], check=True, stdout=subprocess.DEVNULL)
    for number in range(1, count):
        shutil.copytree(first, folder / str(number))
    for number in range(count):
        (folder / str(number) / "tmp").mkdir()
    if os.getuid() == 0:  # the transfer between nodes runs as the server's user, which may not be root
        subprocess.run(["chown", "-R", "mysql:", *map(str, folder.iterdir())], check=True)


def _started(folder: Path, number: int, ports: list[list[int]]) -> Node:
    port = ports[number][0]
    command = [
        *(
            str(mariadb.program("mariadbd")),
            "--no-defaults",
            f"--datadir={folder / 'data'}",
            f"--tmpdir={folder / 'tmp'}",
        ),
        *(f"--socket={folder / 's'}", f"--port={port}", "--bind-address=127.0.0.1", f"--pid-file={folder / 'pid'}"),
        *("--innodb-log-file-size=16M", "--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=0"),
        *("--binlog-format=ROW", "--default-storage-engine=InnoDB", "--innodb-autoinc-lock-mode=2"),
        *_cluster_options(number, ports),
        *(["--user=mysql"] if os.getuid() == 0 else []),
    ]
    with (folder / "log").open("w") as log:
        return Node(number, folder, port, subprocess.Popen(command, stdout=log, stderr=log))


def _cluster_options(number: int, ports: list[list[int]]) -> list[str]:
    _, group, increments, state = ports[number]
    others = ",".join(f"127.0.0.1:{each[1]}" for each in ports) if number else ""
    provider = {
        "gcache.size": "16M",
        "gmcast.listen_addr": f"tcp://127.0.0.1:{group}",
        "base_host": "127.0.0.1",
        "base_port": group,
        "ist.recv_addr": f"127.0.0.1:{increments}",
        "evs.keepalive_period": "PT0.5S",
        "evs.inactive_check_period": "PT0.5S",
        "evs.suspect_timeout": "PT2S",
        "evs.inactive_timeout": "PT5S",
        "evs.install_timeout": "PT3S",
    }
    return [
        *("--wsrep-on=ON", f"--wsrep-provider={PROVIDER}", "--wsrep-cluster-name=rex"),
        *(f"--wsrep-cluster-address=gcomm://{others}", f"--wsrep-node-name=node{number}"),
        *(f"--wsrep-node-address=127.0.0.1:{group}", "--wsrep-sst-method=rsync"),
        f"--wsrep-sst-receive-address=127.0.0.1:{state}",
        f"--wsrep-provider-options={';'.join(f'{name}={value}' for name, value in provider.items())}",
    ]


def _await(node: Node) -> None:
    deadline = time.monotonic() + PATIENCE
    while node.process.poll() is None and time.monotonic() < deadline:
        with suppress(subprocess.CalledProcessError):
            if node.sql(_SYNCED).strip() == "Synced":
                return
        time.sleep(0.1)
    raise AssertionError((node.folder / "log").read_text()[-3000:])


def _proxy(folder: Path, cluster: Cluster) -> subprocess.Popen[bytes]:
    """With the file that operators are given, and these ports in it."""
    given = _PROXY.read_text().replace("bind 127.0.0.1:3306", f"bind 127.0.0.1:{cluster.port}")
    for node in cluster.nodes:
        given = given.replace(f"192.0.2.1{node.number}:3306", f"127.0.0.1:{node.port}")
    config = folder / "haproxy.cfg"
    config.write_text(given)
    with (folder / "haproxy.log").open("w") as log:
        process = subprocess.Popen([str(mariadb.program("haproxy")), "-db", "-f", str(config)], stdout=log, stderr=log)
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", cluster.port)):
            return process
        time.sleep(0.05)
    raise AssertionError((folder / "haproxy.log").read_text())
