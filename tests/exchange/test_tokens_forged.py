"""What somebody who has a hub's keys may not say by them, and to whom."""

from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec.structs import replace

from rex_auth_edge.domain.clock import DAY, SECOND
from rex_auth_edge.domain.refusals import Refused
from rex_auth_edge.exchange.stores.cloud import SqlCloud
from rex_auth_edge.flows import signing
from rex_auth_edge.keys.tokens import boot_claim
from rex_auth_edge.storage.tx import Tx
from tests.exchange.conftest import Street
from tests.exchange.people import add, agree, joined, signed_in, validated
from tests.exchange.street import CLOUD, bearer, sign_up
from tests.exchange.visiting import FORBIDDEN, OK, UNKNOWN, Root, asked, hs256, session_of, two_hubs


async def test_what_a_hubs_root_may_not_say(street: Street) -> None:
    """Its key speaks for its own sessions, in its own household, for as long as an access token may live."""
    first, second = await two_hubs(street)
    noah, maya = (await signed_in(first.home, "noah")).json(), (await signed_in(street.cloud.home, "maya")).json()
    async with street.cloud.home.client("192.168.9.1") as client:
        zoe = await sign_up(street.cloud.home, client, "zoe@example.net", "zoe")
    await agree(street)
    root, now = Root(first, noah), street.clock.now()
    public = root.key.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    away, far = str(UUID(int=7)), now.seconds + 3 * DAY // SECOND
    forged = {
        "somebody else": root.signs(sub=maya["user_id"]),
        "a session of the cloud's": root.signs(sub=maya["user_id"], session_id=session_of(maya)),
        "a session that isn't": root.signs(session_id=away),
        "a household that isn't": root.signs(household=away),
        "the household next door": root.signs(household=zoe["tenant_id"]),
        "and its session": root.signs(
            household=zoe["tenant_id"], sub=zoe["user_id"], session_id=session_of(zoe), tenant_id=zoe["tenant_id"]
        ),
        "no household": root.signs(household=None),
        "for ever": root.signs(exp=far),
        "too early": root.signs(nbf=now.seconds + 3600),
        "too late, by a boot of its own": root.signs(exp=now.seconds - 1, boot=boot_claim(now)),
        "another audience": root.signs(aud="rex-home"),
        "another issuer": root.signs(iss="https://hub.example"),
        "the public key as a secret": {"access_token": hs256(root, public)},
        "no signature": root.under("none", None),
        "another key under the name of this": root.under("ES256", generate_private_key(SECP256R1())),
        "another kind of key": root.under("EdDSA", Ed25519PrivateKey.generate()),
        "a key that isn't": root.under("ES256", root.key.private, kid="A" * 43),
        "the other hub's key": root.under("ES256", root.key.private, kid=Root(second, noah).key.kid),
        "a key that comes along": root.under("ES256", root.key.private, jwk=root.key.jwk()),
        "a shorter name": root.under("ES256", root.key.private, typ="JWT"),
    }
    for home in (second.home, street.cloud.home):
        assert await validated(home, root.signs(roles=["owner"], email_verified=False, jti="again")) == OK
        assert {name: await validated(home, tokens) for name, tokens in forged.items()} == dict.fromkeys(
            forged, UNKNOWN
        )


async def test_the_same_key_next_door(street: Street) -> None:
    """Two households' hubs that have one key between them, as from one image: a token is good in its own household."""
    first = await joined(street)
    maya = (await signed_in(first.home, "maya")).json()
    key, home = Root(first, maya).key, street.cloud.home
    neighbour = await street.hub("next", 2)
    await neighbour.home.store.write(lambda tx: signing._add(tx, neighbour.home.hub.parts.seal, key))
    neighbour.home.hub.parts.keyring.replace([key])
    async with neighbour.home.client() as client, home.client("192.168.9.1") as there:
        zoe = await sign_up(home, there, "zoe@example.net", "zoe")
        await neighbour.home.own(client, "zoe@example.net", "zoe")
    claim = (await asked(home, zoe, "POST", "/household/hubs/claims")).json()["code"]
    assert not isinstance(await neighbour.sync.enrol(neighbour.tenant, CLOUD, claim), Refused)
    await agree(street)  # and Zoe, whose password was set in two places, is signed out
    tokens = (await signed_in(neighbour.home, "zoe")).json()
    await agree(street)
    for each, tenant in ((maya, str(street.cloud.tenant)), (tokens, zoe["tenant_id"])):
        assert jwt.get_unverified_header(each["access_token"])["kid"] == key.kid
        answer = await asked(home, each, "GET", "/auth/token/validate")
        assert answer.json().get("tenant_id") == tenant, answer.text
    crossed = Root(neighbour, tokens).signs(household=str(street.cloud.tenant))
    assert await validated(home, crossed) == UNKNOWN


async def test_what_it_says_of_people_isnt_taken(street: Street) -> None:
    """A child whom a hub's root calls an owner is a child: roles and addresses are those of here, and of now."""
    first, second = await two_hubs(street)
    await add(first.home, "leo", "child")
    leo = (await signed_in(first.home, "leo")).json()
    await agree(street)
    crowned = Root(first, leo).signs(roles=["owner"], scopes=["*"], email_verified=True)
    where = f"/auth/forward?role=adult&household={second.tenant}"
    assert await validated(second.home, crowned) == OK
    assert (await asked(second.home, crowned, "GET", where)).status_code == FORBIDDEN
    assert (await asked(second.home, crowned, "GET", "/household/invites")).status_code == FORBIDDEN
    async with bearer(second.home, (await signed_in(second.home, "maya")).json()) as maya:
        answer = await maya.patch(f"/household/members/{leo['user_id']}", json={"role": "adult"})
        assert answer.status_code == OK, answer.text
    assert (await asked(second.home, crowned, "GET", where)).status_code == OK


async def test_a_hub_that_is_there_twice(street: Street) -> None:
    """While the cloud listens to neither, it takes neither's tokens; the one that goes on then signs with new keys."""
    first = await joined(street)
    maya = (await signed_in(first.home, "maya")).json()
    await agree(street)
    home, tenant, kids = street.cloud.home, street.cloud.tenant, first.home.hub.parts.keyring.kids
    assert await validated(home, maya) == OK

    def lock(tx: Tx) -> None:
        store = SqlCloud(tx, tenant)
        for hub_id, member in store.members():
            store.put_member(hub_id, replace(member, locked=True))
        store.flush()

    await home.store.write(lock)
    home.hub.people.forget()
    assert await validated(home, maya) == UNKNOWN
    await first.meet()
    await first.enrol(street.cloud)
    await agree(street)
    assert not kids & first.home.hub.parts.keyring.kids
    again = (await signed_in(first.home, "maya")).json()
    await agree(street)
    assert [await validated(home, each) for each in (maya, again)] == [UNKNOWN, OK]
