"""What a hub shows with each request: good for that request, from that hub, now and once."""

import json
from dataclasses import replace
from uuid import UUID

import pytest

from rex_auth_edge.client import jose
from rex_auth_edge.domain.clock import SECOND, Moment
from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.domain.secret import Secret
from rex_auth_edge.exchange.cloud.checking import Checks
from rex_auth_edge.exchange.proof import HubKey, Signer, hub_name, jwk_of, shown
from rex_auth_edge.flows.devices.proving import OwnMemory
from rex_auth_edge.keys.hashes import Pepper
from tests.doubles import HandClock, SeededEntropy

HOUSEHOLD, HUB = UUID(int=7), b"hub of the tests"
URL, PATH, BODY = "https://cloud.example", "/sync/push", b"a body"
KEY = HubKey(b"k" * 32)
PUBLIC = {(HOUSEHOLD, HUB): (KEY.public,)}
NAME = hub_name(HOUSEHOLD, HUB)


async def keys(household: UUID, hub: bytes) -> tuple[bytes, ...]:
    """What the cloud knows."""
    return PUBLIC.get((household, hub), ())


class Gate:
    """Checks with a clock, and a hub's signer."""

    def __init__(self) -> None:
        self.clock, self.entropy = HandClock(), SeededEntropy()
        self.checks = Checks(Pepper(Secret("a key of the tests, of 32 bytes ....")), URL, OwnMemory())

    def proof(self, signer: Signer = Signer(KEY, NAME), path: str = PATH, body: bytes = BODY, url: str = URL) -> str:  # noqa: B008 - frozen
        """One by that signer, with the nonce of now."""
        return signer.proof("POST", url + path, body, self.checks.nonce(self.clock.now()), self.entropy)

    async def code(self, proof: str, path: str = PATH, body: bytes = BODY) -> Code | None:
        """What it is refused for."""
        found = await self.checks.hub(proof, path, body, self.clock.now(), keys)
        return found.code if isinstance(found, Refused) else None


@pytest.fixture
def gate() -> Gate:
    """A cloud's gate."""
    return Gate()


async def test_a_hub_comes_in_once_with_each_proof(gate: Gate) -> None:
    """A proof for this very request is good, and is spent by it."""
    proof = gate.proof()
    assert await gate.code(proof) is None
    assert await gate.code(proof) is Code.INVALID_PROOF
    assert await gate.code(gate.proof()) is None


@pytest.mark.parametrize("what", ["path", "body", "url", "method", "truncated", "signature"])
async def test_a_proof_is_for_one_request(gate: Gate, what: str) -> None:
    """Another address, body, method or cloud, a cut-off proof or a changed signature: no."""
    proof, path, body = gate.proof(), PATH, BODY
    if what == "path":
        path = "/sync/pull"
    elif what == "body":
        body += b"!"
    elif what == "url":
        proof = gate.proof(url="https://elsewhere.example")
    elif what == "method":
        proof = Signer(KEY, NAME).proof("GET", URL + PATH, BODY, gate.checks.nonce(gate.clock.now()), gate.entropy)
    elif what == "truncated":
        proof = proof[:-1]
    else:
        proof = proof[:-4] + ("AAAA" if proof[-4:] != "AAAA" else "BBBB")
    assert await gate.code(proof, path, body) is Code.INVALID_PROOF


async def test_a_nonce_is_good_for_some_minutes(gate: Gate) -> None:
    """At least 150 seconds and at most 300, by the cloud's running time: the hub's clock takes no part."""
    early = [gate.proof() for _ in range(2)]
    gate.clock.advance(150 * SECOND)
    assert await gate.code(early[0]) is None
    gate.clock.advance(150 * SECOND)
    assert await gate.code(early[1]) is Code.USE_NONCE
    assert await gate.code(Signer(KEY, NAME).proof("POST", URL + PATH, BODY, "made up", gate.entropy)) is Code.USE_NONCE
    assert await gate.code("") is Code.USE_NONCE


async def test_a_proof_is_remembered_for_as_long_as_its_nonce_is_good(gate: Gate) -> None:
    """Who has overheard it gets in by it at no time."""
    proof = gate.proof()
    assert await gate.code(proof) is None
    gate.clock.advance(150 * SECOND)
    assert await gate.code(gate.proof()) is None
    assert await gate.code(proof) is Code.INVALID_PROOF


async def test_whose_key(gate: Gate) -> None:
    """Another key, another household's hub, and a hub that nobody knows come in nowhere."""
    stranger = HubKey(b"s" * 32)
    assert await gate.code(gate.proof(Signer(stranger, NAME))) is Code.INVALID_PROOF
    assert await gate.code(gate.proof(Signer(KEY, hub_name(UUID(int=8), HUB)))) is Code.UNKNOWN_HUB
    assert await gate.code(gate.proof(Signer(KEY, hub_name(HOUSEHOLD, b"another hub here")))) is Code.UNKNOWN_HUB
    assert await gate.code(gate.proof(Signer(KEY))) is Code.INVALID_PROOF, "a key that names itself isn't a hub"


async def test_strangers_ask_no_database(gate: Gate) -> None:
    """What isn't a fresh proof for this request is refused before anybody looks for its hub."""

    async def looked(_household: UUID, _hub: bytes) -> tuple[bytes, ...]:
        pytest.fail("somebody looked")

    now = gate.clock.now()
    for proof in ("", "a.b.c", "x" * 5000, gate.proof(path="/sync/pull"), gate.proof(Signer(KEY))):
        assert isinstance(await gate.checks.hub(proof, PATH, BODY, now, looked), Refused)


@pytest.mark.parametrize(
    "change",
    [
        {"alg": "none"},
        {"alg": "ES256"},
        {"typ": "dpop+jwt"},
        {"kid": None},
        {"kid": "x"},
        {"kid": NAME + "A"},
        {"crit": ["kid"]},
        {"jwk": jwk_of(KEY.public)},
    ],
)
async def test_heads_that_arent_ours(gate: Gate, change: dict[str, object]) -> None:
    """Another algorithm or type, no name, one that isn't canonical, a name and a key at once."""
    head, claims, _ = gate.proof().split(".")
    other = jose.text(json.dumps(json.loads(jose.unbase64(head)) | change).encode())
    signature = jose.text(KEY.sign(f"{other}.{claims}"))
    assert await gate.code(f"{other}.{claims}.{signature}") is Code.INVALID_PROOF


async def test_a_newcomer_shows_its_own_key(gate: Gate) -> None:
    """Who is to be let in signs with the key that the proof names: a name instead of it is no way in, nor another's."""
    proof, now = gate.proof(Signer(KEY)), gate.clock.now()
    assert await gate.checks.newcomer(proof, PATH, BODY, now) == KEY.public
    again = await gate.checks.newcomer(proof, PATH, BODY, now)
    named = await gate.checks.newcomer(gate.proof(), PATH, BODY, now)
    signed = gate.proof(Signer(KEY)).rpartition(".")[0]
    others = f"{signed}.{jose.text(HubKey(b's' * 32).sign(signed))}"
    stolen = await gate.checks.newcomer(others, PATH, BODY, now)
    assert [each.code for each in (again, named, stolen) if isinstance(each, Refused)] == [Code.INVALID_PROOF] * 3


async def test_without_the_memory_each_process_has_its_own(gate: Gate) -> None:
    """While Redis is away a proof is still good once in a process, and hubs aren't sent away."""

    class Away:
        """A memory that can't be asked."""

        async def spend(self, mark: bytes, life: int, now: Moment) -> Refused | bool:  # noqa: ARG002 - a Memory
            """See `Memory`."""
            return Refused(Code.STORAGE_UNAVAILABLE, "away")

    gate.checks = Checks(Pepper(Secret("a key of the tests, of 32 bytes ....")), URL, Away())
    proof = gate.proof()
    assert await gate.code(proof) is None
    assert await gate.code(proof) is Code.INVALID_PROOF


def test_nothing_shows_the_key() -> None:
    """Neither the key nor who signs with it prints it."""
    for each in (KEY, Signer(KEY, NAME), replace(Signer(KEY), name=None)):
        assert "***" in repr(each)
        assert repr(b"k" * 32) not in repr(each)


def test_a_proof_is_small() -> None:
    """A quiet hub asks every minute: with a nonce of ours and a usual address a proof has 430 characters at most."""
    proof = Signer(KEY, NAME).proof("POST", "https://cloud.example/sync/pull", b"", "n" * 24, SeededEntropy())
    assert len(proof) <= 430, len(proof)
    assert shown(proof, "POST", "https://cloud.example/sync/pull", b"") is not None
