"""What each refusal makes the hub do, and that every request has its proof."""

import json
from collections.abc import Mapping

import pytest

from rex_auth_edge.domain.clock import SECOND
from rex_auth_edge.exchange.hub.call import Reply
from rex_auth_edge.exchange.hub.signed_line import SignedLine
from rex_auth_edge.exchange.messages import TYPE
from rex_auth_edge.exchange.proof import HubKey, Signer
from rex_auth_edge.exchange.trouble import LineError
from tests.doubles import SeededEntropy


class Cloud:
    """A line whose replies are given."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.asked: list[Mapping[str, str]] = []

    async def post(self, path: str, body: bytes, headers: Mapping[str, str], wait: float) -> Reply:  # noqa: ARG002 - a Line
        """See `Line`."""
        self.asked.append(headers)
        return self.replies.pop(0)

    def close(self) -> None:
        """See `Line`."""


def problem(status: int, code: str = "", **headers: str) -> Reply:
    """A refusal as the cloud gives it."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, named, json.dumps({"code": code, "message": "Said"}).encode() if code else b"<html>")


def asking(cloud: Cloud) -> SignedLine:
    """Who asks it."""
    return SignedLine(cloud, "https://cloud.example", lambda: Signer(HubKey(b"k" * 32), "name"), SeededEntropy())


GOOD = Reply(200, {"content-type": TYPE, "rex-nonce": "third"}, b"said")


async def test_the_nonce_is_taken_from_each_answer() -> None:
    """The first request is sent again with the nonce that its refusal has brought; later ones need no second."""
    cloud = Cloud(problem(401, "use_nonce", rex_nonce="first"), GOOD, GOOD)
    asks = asking(cloud)
    assert await asks.ask("/sync/push", b"body") == b"said"
    assert await asks.ask("/sync/push", b"body") == b"said"
    assert len(cloud.asked) == 3


async def test_what_came_twice_is_asked_again() -> None:
    """Where a proof counts as used, as when a proxy has sent it twice, another one is tried, once."""
    cloud = Cloud(problem(401, "invalid_proof"), GOOD)
    assert await asking(cloud).ask("/sync/push", b"body") == b"said"
    assert len({headers["Authorization"] for headers in cloud.asked}) == 2


async def test_a_nonce_that_never_fits_ends() -> None:
    """A cloud that refuses its own nonces isn't asked for ever."""
    cloud = Cloud(*(problem(401, "use_nonce", rex_nonce=str(number)) for number in range(9)))
    with pytest.raises(LineError, match="proof"):
        await asking(cloud).ask("/sync/push", b"body")
    assert len(cloud.asked) == 3


@pytest.mark.parametrize(
    ("reply", "trouble", "told"),
    [
        (problem(429, "rate_limited", retry_after="7"), "too_often", 7 * SECOND),
        (problem(503, "storage_unavailable", retry_after="5"), "busy", 5 * SECOND),
        (problem(503), "busy", 0),
        (problem(413, "body_too_large"), "too_large", 0),
        (problem(401, "unknown_hub"), "unknown_key", 0),
        (problem(401, "invalid_proof"), "proof", 0),
        (problem(401, "use_nonce"), "use_nonce", 0),
        (problem(400, "bad_request"), "malformed", 0),
        (problem(400, "version_not_spoken"), "version", 0),
        (problem(403, "invalid_claim_code"), "invalid_claim_code", 0),
        (problem(404, "not_found"), "no_cloud", 0),
        (problem(302), "no_cloud", 0),
        (problem(500, "internal_error"), "failing", 0),
        (problem(502), "failing", 0),
        (Reply(200, {"content-type": "text/html"}, b"<html>Sign in to this Wi-Fi"), "no_cloud", 0),
    ],
)
async def test_refusals(reply: Reply, trouble: str, told: int) -> None:
    """Each has its code, and Retry-After is heard."""
    with pytest.raises(LineError) as raised:
        await asking(Cloud(reply, reply)).ask("/sync/push", b"body")
    assert (raised.value.trouble, raised.value.retry_after) == (trouble, told)


async def test_what_a_stranger_says_is_not_shown() -> None:
    """A sentence that steers the terminal, or is as long as a page, stays where it came from."""
    for message in ("\x1b[2J", "x" * 401):
        reply = Reply(404, {}, json.dumps({"code": "not_found", "message": message}).encode())
        with pytest.raises(LineError, match="no_cloud") as raised:
            await asking(Cloud(reply)).ask("/sync/enroll", b"body")
        assert raised.value.message == ""
