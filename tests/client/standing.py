"""A hub's OAuth side as a process, with TLS; told `end`, it revokes its token."""

import base64
import hashlib
import json
import ssl
import sys
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from rex_auth_edge import machine
from tests.client.counter import open_counter, open_doorway
from tests.client.homes import Body, Home
from tests.tls.certificates import HOSTS, Authority


def served(authority: Authority, folder: Path) -> ssl.SSLContext:
    """What a server with a certificate of an authority speaks TLS by."""
    authority.bundle(folder / "served.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "served.pem")
    return context


def main(folder: Path, address: str) -> None:
    """Stand at an address until there is nothing more to read."""
    home, authority = Home(Body(machine.wall_milliseconds())), Authority()
    der = authority.root.certificate.public_bytes(Encoding.DER)
    mark = base64.urlsafe_b64encode(hashlib.sha256(der).digest()).decode().rstrip("=")
    tls = served(authority, folder)
    with open_doorway(der, address, 80), open_counter(home, 443, tls, address, host=HOSTS[0]) as counter:
        counter.codes["claim"] = []
        uri = f"rex://pair?h={HOSTS[0]}&p=443&a={address}&f={mark}&c=claim"
        sys.stdout.write(json.dumps({"uri": uri, "token": counter.token()}) + "\n")
        sys.stdout.flush()
        for line in sys.stdin:
            if line.strip() == "end":
                home.ended, home.version = {7}, 2


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
