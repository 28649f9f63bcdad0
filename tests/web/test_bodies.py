"""Bodies: JSON or form, bounded, and never a 500 whatever is sent."""

import asyncio
import json
import types
import typing
from collections.abc import AsyncIterator, Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rex_auth_edge.web import bodies
from rex_auth_edge.web.api import messages
from rex_auth_edge.web.asgi import Message
from rex_auth_edge.web.bodies import LARGEST, LARGEST_PICTURE
from tests.web.outside import Outside, shape

FORM = {"content-type": "application/x-www-form-urlencoded"}
JSON = {"content-type": "application/json"}
HOST = (b"host", b"localhost")
MIB = 1024 * 1024


@pytest.mark.parametrize(
    "headers", [JSON, {}, {"content-type": "application/json; charset=utf-8"}, {"content-type": "application/x+json"}]
)
async def test_json(headers: dict[str, str]) -> None:
    """JSON is read with or without its content type; unknown fields are ignored."""
    body = json.dumps({"email": "a@b.example", "password": "ab c ", "new": {"field": [1]}}).encode()
    answer = await Outside().client().post("/auth/echo", content=body, headers=headers)
    assert answer.json() == {"email": "a@b.example", "length": 5}


@pytest.mark.parametrize(
    ("form", "email"),
    [
        (b"email=a%40b.example&password=", "a@b.example"),
        (b"email=first&email=last", "last"),
        (b"email=a+b%2Bc", "a b+c"),
        ("email=Jos%C3%A9 Müller".encode(), "José Müller"),
        (b"email=", ""),
        (b"other=1", None),
        (b"garbage", None),
    ],
)
async def test_forms(form: bytes, email: str | None) -> None:
    """A form is the same as an object of texts; the last of equal names counts."""
    answer = await Outside().client().post("/auth/echo", content=form, headers=FORM)
    assert (answer.status_code, answer.json()["email"]) == (200, email)


@pytest.mark.parametrize("form", [b"email=%zz", b"email=%", b"email=%ff", b"email=\xff", b"a=1&" * 200])
async def test_bad_forms(form: bytes) -> None:
    """Broken escapes, texts that aren't UTF-8 and hundreds of fields are refused."""
    shape(await Outside().client().post("/auth/echo", content=form, headers=FORM), 400, "bad_request")


@pytest.mark.parametrize("headers", [JSON, FORM, {}, {"content-type": "text/plain"}])
async def test_no_body(headers: dict[str, str]) -> None:
    """No body is an empty object, whatever it says it is."""
    answer = await Outside().client().post("/auth/echo", headers=headers)
    assert answer.json() == {"email": None, "length": 0}


BAD_JSON = [
    *(b"{", b"nonsense", b"{'a': 1}", b'{"email": "a"} x', b'{"email": NaN}', b'{"email": 1e999}', b"\xef\xbb\xbf{}"),
    *(b'{"email": "\xff"}', b"\x00", b" ", b'{"email": "\\ud800"', b'{"\\ud800": "a"}', b'{"x": [{"y": "\\udfff"}]}'),
    '{"email": "a"}'.encode("utf-16"),
]


@pytest.mark.parametrize("body", BAD_JSON)
async def test_malformed_json(body: bytes) -> None:
    """What isn't JSON is refused, and the sentence says so."""
    said = shape(await Outside().client().post("/auth/echo", content=body, headers=JSON), 400, "bad_request")
    assert "JSON" in said["message"]


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"3", b"null", b"true", b'[{"email": "a"}]'])
async def test_not_an_object(body: bytes) -> None:
    """JSON that isn't an object is refused, and the sentence says so."""
    said = shape(await Outside().client().post("/auth/echo", content=body), 400, "bad_request")
    assert "object" in said["message"]


@pytest.mark.parametrize("name", ["email", "unknown"])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
async def test_nested_without_end(name: str, opening: str, closing: str) -> None:
    """Nesting is a 400 at every depth where any of those who read the body gives up."""
    client = Outside().client()
    for depth in (*range(850, 1050), 100_000):
        body = f'{{"{name}":{opening * depth}1{closing * depth}}}'
        answer = await client.post("/auth/echo", content=body)
        assert answer.status_code in ({200, 400, 413} if name == "unknown" else {400, 413}), (depth, answer.text)
    assert "nested" in (await client.post("/auth/echo", content="[" * 100_000)).json()["message"]


@pytest.mark.parametrize("written", ['"\\u0000"', '"a\\ud800"', '"\\udc00 b"'])
async def test_texts_that_cant_be_kept(written: str) -> None:
    """Null characters and lone surrogates are refused, naming the field."""
    answer = await Outside().client().post("/auth/echo", content=f'{{"email":"a","password":{written}}}')
    said = shape(answer, 400, "invalid_field")
    assert set(said["fields"]) == {"password"}
    assert "password" in said["message"]
    posted = await Outside().client().post("/auth/echo", content=b"password=%00", headers=FORM)
    assert set(shape(posted, 400, "invalid_field")["fields"]) == {"password"}


@pytest.mark.parametrize("value", [3, 3.5, True, [], ["a"], {}, {"a": "b"}])
async def test_wrong_types(value: object) -> None:
    """What isn't a text is not made one, and the field is named."""
    said = shape(await Outside().client().post("/auth/echo", json={"password": value}), 400, "invalid_field")
    assert set(said["fields"]) == {"password"}
    assert "Expected `str`" in said["fields"]["password"]


async def test_wrong_types_further_in() -> None:
    """A field inside of another is named with its way."""
    said = shape(await Outside().client().post("/auth/nested", json={"names": ["a", 3]}), 400, "invalid_field")
    assert set(said["fields"]) == {"names[1]"}
    said = shape(await Outside().client().post("/auth/nested", json={"form": {"email": 3}}), 400, "invalid_field")
    assert set(said["fields"]) == {"form.email"}


def leaves(annotation: Any) -> set[Any]:
    """The types that a union names."""
    union = isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union
    return set().union(*map(leaves, typing.get_args(annotation))) if union else {annotation}


REQUESTS = [
    *(messages.Register, messages.Verify, messages.Resend, messages.Login, messages.Refresh, messages.Forgot),
    *(messages.ResetToken, messages.Reset, messages.ChangePassword, messages.Reauthenticate, messages.ChangeProfile),
    messages.Picture,
]


@pytest.mark.parametrize("request_type", REQUESTS)
def test_requests_are_texts(request_type: type[msgspec.Struct]) -> None:
    """The framework converts bodies laxly ("3" to a number), which is strict for texts: every field is one."""
    for name, annotation in typing.get_type_hints(request_type).items():
        assert leaves(annotation) <= {str, type(None), msgspec.UnsetType}, name


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x", "application/xml", "nonsense"])
async def test_other_content_types(kind: str) -> None:
    """What is neither JSON nor a form is a 415."""
    answer = await Outside().client().post("/auth/echo", content=b"{}", headers={"content-type": kind})
    shape(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize(("path", "largest"), [("/auth/echo", LARGEST), ("/auth/profile/picture", LARGEST_PICTURE)])
async def test_largest_bodies(path: str, largest: int) -> None:
    """A body of the largest size is read, one byte more is a 413 that ends the connection."""
    client = Outside().client()
    frame = len('{"password":""}')
    fits = await client.post(path, content=b'{"password":"%b"}' % (b"x" * (largest - frame)))
    assert fits.json()["length"] == largest - frame
    answer = await client.post(path, content=b'{"password":"%b"}' % (b"x" * (largest - frame + 1)))
    shape(answer, 413, "body_too_large")
    assert answer.headers["connection"] == "close"


def test_room_for_a_picture() -> None:
    """A picture of 2 MiB fits as a data URL in base64."""
    assert 2 * MIB * 4 // 3 + len('{"image_data":"data:image/jpeg;base64,"}') <= LARGEST_PICTURE


async def test_too_large_is_known_early() -> None:
    """Not a byte more is read than it takes to know: none where the length is announced."""
    read: list[int] = []

    async def endless() -> AsyncIterator[Message]:
        while True:
            read.append(MIB // 4)
            yield {"type": "http.request", "body": b"x" * read[-1], "more_body": True}

    for length in (str(LARGEST + 1), "9" * 5000):
        announced = (b"content-length", length.encode())
        assert (await Outside().raw("POST", "/auth/echo", [HOST, announced], endless()))[0]["status"] == 413
        assert read == []
    assert (await Outside().raw("POST", "/auth/echo", [HOST], endless()))[0]["status"] == 413
    assert sum(read) == LARGEST + MIB // 4


async def test_body_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that doesn't arrive in time is a 400 that ends the connection; its client holds nobody up."""
    monkeypatch.setattr(bodies, "PATIENCE", 0.0)

    async def silent() -> AsyncIterator[Message]:
        yield {"type": "http.request", "body": b"{", "more_body": True}
        await asyncio.Event().wait()

    start, content = await Outside().raw("POST", "/auth/echo", [HOST], silent())
    assert (start["status"], json.loads(content["body"])["code"]) == (400, "bad_request")
    assert (b"connection", b"close") in start["headers"]


async def test_client_that_hangs_up() -> None:
    """Nobody is answered who has gone before the body was there."""

    async def leaving() -> AsyncIterator[Message]:
        yield {"type": "http.request", "body": b"{", "more_body": True}
        yield {"type": "http.disconnect"}

    assert await Outside().raw("POST", "/auth/echo", [HOST], leaving()) == []


@given(
    chunks=st.lists(st.binary(max_size=40), max_size=4),
    kind=st.sampled_from([b"", *(v.encode() for v in FORM.values())]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
async def test_garbage(chunks: Iterable[bytes], kind: bytes) -> None:
    """Whatever bytes arrive, in whatever pieces, the answer is a 200 or a 400."""
    answered = await Outside().raw("POST", "/auth/echo", [HOST, (b"content-type", kind)], chunks)
    assert answered[0]["status"] in {200, 400}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(content=st.dictionaries(st.sampled_from(["email", "password", "x"]) | st.text(), json_values))
@settings(deadline=None)
async def test_any_object(content: dict[str, object]) -> None:
    """Whatever object arrives, texts come through as they are, and everything else is a 400."""
    answered = await Outside().raw("POST", "/auth/echo", [HOST], [json.dumps(content).encode()])
    if answered[0]["status"] == 200:
        assert json.loads(answered[1]["body"])["email"] == content.get("email")
    else:
        assert answered[0]["status"] == 400
