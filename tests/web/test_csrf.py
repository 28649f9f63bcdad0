"""Tokens against cross-site request forgery."""

import hashlib
import hmac
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from rex_auth_edge.web.csrf import Csrf

HOUSE = UUID(int=8)
SESSION, OTHER, NEXT_DOOR = (HOUSE, UUID(int=1)), (HOUSE, UUID(int=2)), (UUID(int=9), UUID(int=1))
NONCE = b"n" * 16


def keyed(key: bytes) -> Csrf:
    """Tokens under a key."""
    return Csrf(lambda purpose, *parts: hmac.digest(key, repr((purpose, *parts)).encode(), hashlib.sha256))


CSRF = keyed(b"k")


@given(nonce=st.binary(min_size=16, max_size=16), session=st.tuples(st.uuids(), st.uuids()))
def test_token_is_good_for_its_session(nonce: bytes, session: tuple[UUID, UUID]) -> None:
    """A token is good for the session that it was issued to, and for no other, also of that id in another household."""
    token = CSRF.issue(session, nonce)
    assert CSRF.good(token, session)
    household, named = session
    assert not CSRF.good(token, (household, UUID(int=named.int ^ 1)))
    assert not CSRF.good(token, (UUID(int=household.int ^ 1), named))


@given(place=st.integers(0, 95), char=st.sampled_from("0123456789abcdef"))
def test_changed_token(place: int, char: str) -> None:
    """A token with any digit changed is good for nothing: a pair of header and cookie can't be made up."""
    token = CSRF.issue(SESSION, NONCE)
    changed = token[:place] + char + token[place + 1 :]
    assert CSRF.good(changed, SESSION) is (changed == token)


@given(st.text() | st.binary().map(bytes.hex))
def test_garbage(token: str) -> None:
    """Whatever is sent as a token is refused, not failed on."""
    assert not CSRF.good(token, SESSION)


def test_strangers_token() -> None:
    """A token for nobody, of another session, or under another key doesn't serve; each token is another."""
    assert not CSRF.good(CSRF.issue(None, NONCE), SESSION)
    for other in (OTHER, NEXT_DOOR):
        assert not CSRF.good(CSRF.issue(other, NONCE), SESSION)
    assert not CSRF.good(keyed(b"other").issue(SESSION, NONCE), SESSION)
    assert CSRF.issue(SESSION, NONCE) != CSRF.issue(SESSION, b"m" * 16)
    assert len(CSRF.issue(None, NONCE)) == len(CSRF.issue(SESSION, NONCE))
