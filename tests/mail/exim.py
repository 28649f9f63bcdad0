"""A real mail server, Debian's exim4: on a free port and a temporary folder, gone when the tests end."""

import email
import grp
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from pathlib import Path

from tests.mail.conftest import Authority
from tests.mail.servers import PASSWORD, USERNAME

PROGRAM = Path("/usr/sbin/exim4")
PATIENCE = 30

_CONFIGURATION = """
primary_hostname = mail.test
exim_user = {user}
exim_group = {group}
deliver_drop_privilege = true
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
spool_directory = {folder}/spool
log_file_path = {folder}/spool/%slog
pid_file_path = {folder}/spool/pid
tls_advertise_hosts = *
tls_certificate = {folder}/leaf.pem
tls_privatekey = {folder}/leaf.key
auth_advertise_hosts = ${{if eq{{$tls_in_cipher}}{{}}{{}}{{*}}}}
smtputf8_advertise_hosts = *
host_lookup =
rfc1413_query_timeout = 0s
queue_only = true
keep_environment =
acl_smtp_rcpt = recipient
begin acl
recipient:
  deny !authenticated = *
       message = sign in first
  deny local_parts = stranger
       message = $local_part is unknown here
  defer local_parts = greylisted
       message = come back later
  accept
begin routers
all:
  driver = accept
  transport = keep
begin transports
keep:
  driver = appendfile
  directory = {folder}/mail
  maildir_format
  user = {user}
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = ${{if and{{{{eq{{$auth2}}{{{username}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
"""


@dataclass
class Exim:
    """A running server. It keeps what it takes until it is told to deliver."""

    folder: Path
    port: int

    def delivered(self, address: str) -> list[EmailMessage]:
        """Have it deliver; the letters to this address that now lie in its mailbox."""
        subprocess.run([PROGRAM, "-C", self.folder / "exim.conf", "-qff"], check=True)
        found = [path.read_bytes() for path in (self.folder / "mail" / "new").glob("*")]
        letters = [email.message_from_bytes(source, policy=policy.default) for source in found]
        return [letter for letter in letters if letter["To"] == address]


@contextmanager
def running(authority: Authority) -> Iterator[Exim]:
    """A server for as long as it is needed."""
    folder = Path(tempfile.mkdtemp(prefix="rex-exim-"))
    try:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            server = Exim(folder, int(probe.getsockname()[1]))
        _furnish(server, authority)
        with _started(server):
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _furnish(server: Exim, authority: Authority) -> None:
    """Its folders and files, belonging to the user that it runs as: root it refuses to be."""
    user = pwd.getpwnam("Debian-exim") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    folder = server.folder
    folder.chmod(0o755)
    for name in ("spool", "mail"):
        (folder / name).mkdir()
    shutil.copy(authority.leaf, folder / "leaf.pem")
    shutil.copy(authority.key, folder / "leaf.key")
    for path in folder.iterdir():
        os.chown(path, user.pw_uid, user.pw_gid)
    (folder / "exim.conf").write_text(
        _CONFIGURATION.format(
            folder=folder,
            port=server.port,
            user=user.pw_name,
            group=grp.getgrgid(user.pw_gid).gr_name,
            username=USERNAME,
            password=PASSWORD,
        )
    )


@contextmanager
def _started(server: Exim) -> Iterator[None]:
    command = [str(PROGRAM), "-bdf", "-C", str(server.folder / "exim.conf")]
    with (server.folder / "log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            _await_answer(server, process)
            yield
        finally:
            process.terminate()


def _await_answer(server: Exim, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", server.port)):
            return
        time.sleep(0.02)
    message = f"exim4 didn't start: {(server.folder / 'log').read_text()}"
    raise AssertionError(message)
