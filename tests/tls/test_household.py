"""The household's CA on disk: made once, whole after any interruption."""

import os
import subprocess
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from typing_extensions import override

from rex_auth_edge.domain.hub_names import certifiable
from rex_auth_edge.keys.tls import CaError, HouseholdCa, fingerprint, issue, spelled
from rex_auth_edge.keys.tls.issue import Issued
from tests.doubles import HandClock, SeededEntropy
from tests.tls.homes import HOST, Lan, ca_in, life, own
from tests.tls.programs import needed


def test_made_at_the_first_start(ca: HouseholdCa, tmp_path: Path) -> None:
    """Three private files, nothing else; the certificate is for the host's name, its LAN address and loopback."""
    files = sorted((tmp_path / "tls").iterdir())
    assert [file.name for file in files] == ["hub.pem", "intermediate.pem", "root.pem"]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert (tmp_path / "tls").stat().st_mode & 0o777 == 0o700
    assert issue.named(own(ca)) == {HOST, "192.168.1.5", "127.0.0.1", "::1"}
    assert life(own(ca)) == timedelta(days=110)
    root = x509.load_der_x509_certificate(ca.certificate())
    assert life(root) > timedelta(days=20 * 365)


def test_the_next_start_changes_nothing(ca: HouseholdCa, tmp_path: Path, clock: HandClock, lan: Lan) -> None:
    """What is there is used: nothing is written."""
    before = {file.name: file.stat().st_ino for file in (tmp_path / "tls").iterdir()}
    again = ca_in(tmp_path, clock, lan)
    assert {file.name: file.stat().st_ino for file in (tmp_path / "tls").iterdir()} == before
    assert again.certificate() == ca.certificate()


def test_its_fingerprint(ca: HouseholdCa, tmp_path: Path) -> None:
    """The console, the running hub and openssl agree on it; there is none before the first start."""
    needed(openssl="openssl")
    shown = subprocess.run(
        ["openssl", "x509", "-inform", "DER", "-noout", "-fingerprint", "-sha256"],
        input=ca.certificate(), capture_output=True, check=True,
    ).stdout.decode()  # fmt: skip
    assert shown.strip().partition("=")[2] == spelled(ca.fingerprint())
    assert fingerprint(tmp_path) == ca.fingerprint()
    assert fingerprint(tmp_path / "elsewhere") is None


# ---------------------------------------------------------------- interruptions and damage


class PowerCutError(BaseException):
    """Nothing after this instant has happened."""


@pytest.mark.parametrize("nth", range(1, 40))
def test_interrupted_anywhere_it_recovers(
    tmp_path: Path, clock: HandClock, lan: Lan, nth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At whichever of its system calls the first start dies, the next finishes; a root once shown is the root."""
    left = nth

    def dying(call: Callable[..., object]) -> Callable[..., object]:
        def maybe(*arguments: object, **options: object) -> object:
            nonlocal left
            left -= 1
            if not left:
                raise PowerCutError
            return call(*arguments, **options)

        return maybe

    with monkeypatch.context() as patch:
        for name in ("open", "fsync", "close"):
            patch.setattr(os, name, dying(getattr(os, name)))
        for name in ("replace", "unlink", "mkdir"):
            patch.setattr(Path, name, dying(getattr(Path, name)))
        with suppress(PowerCutError):
            ca_in(tmp_path, clock, lan)
    shown = fingerprint(tmp_path)
    made = ca_in(tmp_path, clock, lan)
    assert shown in {None, made.fingerprint()}
    assert sorted(file.name for file in made.directory.iterdir()) == ["hub.pem", "intermediate.pem", "root.pem"]
    Issued.from_pem(made.bundle.read_bytes()).certificate.verify_directly_issued_by(
        Issued.from_pem((made.directory / "intermediate.pem").read_bytes()).certificate
    )


@pytest.mark.parametrize("name", ["intermediate.pem", "hub.pem"])
@pytest.mark.parametrize("content", [None, b"", b"half", "another's"])
def test_what_can_be_made_again_is(
    tmp_path: Path, clock: HandClock, lan: Lan, name: str, content: bytes | str | None
) -> None:
    """A lost, damaged or foreign intermediate or certificate is replaced, under the same root."""
    before = ca_in(tmp_path / "", clock, lan).fingerprint()
    path = tmp_path / "tls" / name
    (tmp_path / "other").mkdir()
    ca_in(tmp_path / "other", clock, lan)
    path.unlink()
    if content is not None:
        path.write_bytes((tmp_path / "other" / "tls" / name).read_bytes() if isinstance(content, str) else content)
        path.chmod(0o600)
    made = ca_in(tmp_path, clock, lan)
    assert made.fingerprint() == before
    found = Issued.from_pem(made.bundle.read_bytes())
    found.above[0].verify_directly_issued_by(x509.load_der_x509_certificate(made.certificate()))


@pytest.mark.parametrize("content", [b"", b"half", b"-----BEGIN CERTIFICATE-----\n"])
def test_a_damaged_root_is_never_replaced(ca: HouseholdCa, tmp_path: Path, lan: Lan, content: bytes) -> None:
    """Every device trusts it: the start says what to do, and leaves it alone."""
    (tmp_path / "tls" / "root.pem").write_bytes(content)
    with pytest.raises(CaError, match="backup"):
        ca_in(tmp_path, HandClock(), lan)
    with pytest.raises(CaError, match="backup"):
        fingerprint(tmp_path)
    assert (tmp_path / "tls" / "root.pem").read_bytes() == content


def test_keys_that_others_may_read(ca: HouseholdCa, tmp_path: Path, lan: Lan) -> None:
    """The start says how to close them."""
    (tmp_path / "tls" / "root.pem").chmod(0o640)
    with pytest.raises(CaError, match="chmod 600"):
        ca_in(tmp_path, HandClock(), lan)


def test_another_hubs_ca(ca: HouseholdCa, tmp_path: Path, clock: HandClock, lan: Lan) -> None:
    """A CA that was made for another unit id can sign nothing here, and isn't thrown away."""
    with pytest.raises(CaError, match="made for another hub"):
        HouseholdCa(tmp_path, "zzzz2345", clock, SeededEntropy(), lan).open()
    assert fingerprint(tmp_path) == ca.fingerprint()


def test_no_room(tmp_path: Path, clock: HandClock, lan: Lan, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is a sentence, and later there is a certificate."""

    class FullError(OSError):
        @override
        def __init__(self) -> None:
            super().__init__(28, "No space left on device")

    def full(_: int) -> None:
        raise FullError

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(CaError, match="No space left"):
            ca_in(tmp_path, clock, lan)
    assert ca_in(tmp_path, clock, lan).bundle.exists()


def test_only_private_addresses_are_certified() -> None:
    """Loopback is always among them."""
    assert certifiable(frozenset({"1.1.1.1", "fe80::2", "172.16.0.1"})) == {"172.16.0.1", "127.0.0.1", "::1"}
