"""What each kind of change comes to: in the cloud's order, by what its writer had seen, and by nobody's clock."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from rex_auth_edge.domain.roles import Role
from rex_auth_edge.sync.house import admitted, closed, field, kept_home, owners, role_of, session_lives
from rex_auth_edge.sync.kinds import ACTIVE, HOUSEHOLD, PENDING, REVOKED, Kind
from rex_auth_edge.sync.order import Position
from rex_auth_edge.sync.outcome import Outcome, Then
from rex_auth_edge.sync.state import Cell, Count, State
from rex_auth_edge.sync.verdict import added
from tests.sync.houses import CLOUD, HUB_A, HUB_B, LEO, MAYA, NOAH, PlainHouse, Writer, failures, household
from tests.sync.states import join_all


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([PENDING, ACTIVE, REVOKED]), min_size=1, max_size=6))
def test_what_is_revoked_stays_revoked(steps: list[int]) -> None:
    """A ladder goes up only, whatever comes later and from wherever."""
    house = PlainHouse()
    for number, step in enumerate(steps):
        house.take(Writer(HUB_A if number % 2 else HUB_B, number).climb(Kind.DEVICE, LEO, step))
    rung = house.state(Cell(Kind.DEVICE, LEO)).rung
    assert rung is not None
    assert rung.step == max(steps)


def test_lifting_a_ban_lifts_none_that_was_not_seen() -> None:
    """Of two bans on two hubs, the one that the lifting hub didn't know of stays."""
    house, here = household()
    there = Writer(HUB_B)
    house.take(here.mark(Kind.BAN, NOAH, "here"))
    house.take(there.mark(Kind.BAN, NOAH, "there"))
    house.take(here.lift(Kind.BAN, NOAH))
    assert [mark.what for mark in house.state(Cell(Kind.BAN, NOAH)).marks] == ["there"]
    here.seen = house.all_seen()
    house.take(here.lift(Kind.BAN, NOAH))
    assert house.state(Cell(Kind.BAN, NOAH)).marks == ()


def test_signing_out_everywhere_ends_what_was_begun_without_knowing_of_it() -> None:
    """A session of before, and one that another hub began meanwhile; not one that was begun knowing of it."""
    house, here = household()
    there = Writer(HUB_B)
    there.seen = house.all_seen()
    house.take(here.climb(Kind.SESSION, b"1", user=NOAH))
    house.take(here.mark(Kind.SIGN_OUT, NOAH, "all"))
    house.take(there.climb(Kind.SESSION, b"2", user=NOAH))
    house.take(here.climb(Kind.SESSION, b"3", user=NOAH))
    there.seen = house.all_seen()
    house.take(there.climb(Kind.SESSION, b"4", user=NOAH))
    assert [session_lives(house, each) for each in (b"1", b"2", b"3", b"4")] == [False, False, True, True]
    house.take(here.climb(Kind.SESSION_END, b"4", REVOKED))
    assert not session_lives(house, b"4")


def test_whoever_signs_out_everywhere_else_stays_signed_in() -> None:
    """The session that the mark names goes on; all others that it covers don't."""
    house, here = household()
    for session in (b"1", b"2"):
        house.take(here.climb(Kind.SESSION, session, user=NOAH))
    house.take(here.mark(Kind.SIGN_OUT, NOAH, b"2"))
    assert [session_lives(house, each) for each in (b"1", b"2")] == [False, True]


def test_the_lowest_of_concurrent_roles_counts() -> None:
    """Until somebody who has seen both decides anew."""
    house, here = household()
    there = Writer(HUB_B)
    there.seen = house.all_seen()
    house.take(here.role(NOAH, "child", MAYA))
    house.take(there.role(NOAH, "owner", MAYA))
    assert role_of(house, NOAH) is Role.CHILD
    there.seen = house.all_seen()
    house.take(there.role(NOAH, "owner", MAYA))
    assert role_of(house, NOAH) is Role.OWNER


def test_a_grant_of_somebody_who_was_demoted_meanwhile_is_held() -> None:
    """It adds nothing and is shown; that it lowers somebody, though, doesn't wait."""
    house, here = household()
    there = Writer(HUB_B)
    there.seen = house.all_seen()
    house.take(here.role(NOAH, "owner", MAYA))
    house.take(here.role(MAYA, "adult", NOAH))
    for step in (there.climb(Kind.USER, LEO), there.role(LEO, "child")):
        house.take(step)
    assert house.take(there.role(LEO, "owner", MAYA)).outcome is Outcome.HELD
    assert role_of(house, LEO) is Role.CHILD
    assert house.take(there.role(LEO, "guest", MAYA)).outcome is Outcome.TAKEN
    assert role_of(house, LEO) is Role.GUEST
    there.seen = house.all_seen()
    assert house.take(there.role(LEO, "guest", MAYA)).outcome is Outcome.REFUSED


def test_a_grant_of_the_cloud_waits_for_an_owner_at_home() -> None:
    """Unless the household's policy lets it stand; taking something away never waits."""
    house, here = household()
    house.take(here.climb(Kind.HUB, HUB_A))
    cloud = Writer(CLOUD)
    cloud.seen = house.all_seen()
    assert house.take(cloud.role(NOAH, "owner", MAYA)).outcome is Outcome.HELD
    assert house.take(cloud.role(NOAH, "guest", MAYA)).outcome is Outcome.TAKEN
    house.take(here.put(Kind.POLICY, HOUSEHOLD, MAYA, cloud_grants="stand"))
    assert house.take(cloud.role(NOAH, "owner", MAYA)).outcome is Outcome.TAKEN


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["demote", "delete", "disable"]), st.booleans()), min_size=2, max_size=4))
def test_a_household_always_has_an_owner(acts: list[tuple[str, bool]]) -> None:
    """Two owners put each other out on two hubs that don't hear of each other: one stays."""
    house, here = household()
    house.take(here.role(NOAH, "owner", MAYA))
    writers = (Writer(HUB_A, 2), Writer(HUB_B, 2))
    for writer in writers:
        writer.seen = house.all_seen()
    for act, which in acts:
        actor, other = (MAYA, NOAH) if which else (NOAH, MAYA)
        writer = writers[which]
        if act == "demote":
            house.take(writer.role(other, "guest", actor))
        elif act == "delete":
            house.take(writer.climb(Kind.USER, other, REVOKED))
        else:
            house.take(writer.mark(Kind.DISABLED, other, "by an owner"))
        assert owners(house)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["reset", "knows", "old"]), min_size=1, max_size=5), st.data())
def test_a_password_of_before_a_reset_never_wins_after_it(kinds: list[str], data: st.DataObject) -> None:
    """Whoever writes it, and in whatever order the changes that have their place are folded: one and the same wins."""
    house, hub = household()
    deltas, last, winner = [], Position(0, 0), b""
    for number, kind in enumerate(kinds):
        name = f"{kind}{number}".encode()
        writer = Writer(HUB_B, number)
        hub.seen = house.all_seen()
        if kind == "reset":
            change = hub.reset(NOAH, name)
        else:
            change = hub.password(NOAH, name, knows=last) if kind == "knows" else writer.password(NOAH, name)
        if kind != "old" or set(kinds[:number]) <= {"old"}:  # whoever had seen nothing replaces nobody else's
            winner = name
        house.seq += 1
        deltas.append(added(change, house, house.at)[1])
        house.cells[change.cell] = join_all([house.state(change.cell), deltas[-1]])
        last = house.at if kind == "reset" else last
    secret = house.state(Cell(Kind.PASSWORD, NOAH)).secret
    assert secret is not None
    assert secret.verifier == winner
    assert join_all([*data.draw(st.permutations(deltas)), *deltas]).secret == secret


def test_of_two_concurrent_passwords_the_person_hears() -> None:
    """Their sessions end, and they are told; a password that follows the one before brings neither."""
    house, here = household()
    there = Writer(HUB_B)
    house.take(here.password(NOAH, b"one"))
    assert house.take(here.password(NOAH, b"two")).notices == ()
    verdict = house.take(there.password(NOAH, b"three"))
    assert [each.then for each in verdict.follows] == [Then.SIGN_OUT]
    assert [each.about for each in verdict.notices] == [NOAH]


def test_a_verifier_that_is_kept_at_home_is_not_taken() -> None:
    """The cloud learns that there is another password, and not what it is, also from a hub that hasn't heard yet."""
    house, here = household()
    house.take(here.put(Kind.POLICY, HOUSEHOLD, MAYA, shares="profiles"))
    house.take(here.password(NOAH, b"a hash"))
    secret = house.state(Cell(Kind.PASSWORD, NOAH)).secret
    assert secret is not None
    assert (secret.verifier, secret.withheld) == (None, True)


@pytest.mark.parametrize(
    ("policy", "home"),
    [
        ({}, False),
        ({"shares": "profiles,passwords"}, False),
        ({"shares": "profiles"}, True),
        ({"shares": ""}, True),
        ({"shares": None}, False),
        ({"shares": "passwords", "passwords_home": [NOAH]}, True),
        ({"passwords_home": [MAYA]}, False),
    ],
)
def test_whose_verifier_is_kept_at_home(policy: dict[str, object], home: bool) -> None:  # noqa: FBT001 - a table's column
    """Everybody's where passwords aren't among what may leave; else that of those who are named."""
    house, here = household()
    house.take(here.put(Kind.POLICY, HOUSEHOLD, MAYA, **policy))
    assert kept_home(house, NOAH) is home


def test_failures_fall_only_by_a_success_that_saw_them() -> None:
    """Of two nodes' failures a success forgives those that it knew; and none that are still to come."""
    house, here = household()
    there = Writer(HUB_B)

    def count(writer: Writer, *counts: Count) -> None:
        change = writer.mark(Kind.FAILURES, NOAH, "")
        house.take(writer.change(Kind.FAILURES, NOAH, change.tag, State(counts=counts)))

    count(here, Count("unknown", HUB_A, 1, 3))
    count(there, Count("unknown", HUB_B, 1, 2))
    count(here, Count("unknown", HUB_A, 1, 3, 3), Count("unknown", HUB_B, 1, 0, 90))
    assert failures(house, NOAH, "unknown") == 0
    count(there, Count("unknown", HUB_B, 1, 4))
    assert failures(house, NOAH, "unknown") == 2
    assert failures(house, NOAH, "a phone") == 0


def test_the_later_of_two_equal_usernames_is_suffixed() -> None:
    """The same suffix on every node, and without regard to case; a deleted person's name is free."""
    house, here = household()
    house.take(here.put(Kind.USERNAME, MAYA, username="maya"))
    verdict = house.take(here.put(Kind.USERNAME, NOAH, username="Maya"))
    granted = field(house, Cell(Kind.USERNAME, NOAH), "username")
    assert granted.startswith("Maya-")
    assert [each.about for each in verdict.notices] == [NOAH]
    house.take(here.put(Kind.USERNAME, NOAH, username="noah"))
    house.take(here.climb(Kind.USER, NOAH, REVOKED))
    house.take(here.put(Kind.USERNAME, LEO, username="noah"))
    assert field(house, Cell(Kind.USERNAME, LEO), "username") == "noah"


def test_the_first_to_prove_an_address_keeps_it() -> None:
    """Somebody who has only claimed it loses it, and so does whoever comes later."""
    house, here = household()
    house.take(here.put(Kind.EMAIL, NOAH, address="m@example.com", proven=False))
    verdict = house.take(here.put(Kind.EMAIL, MAYA, address="M@example.com", proven=True))
    assert [(each.then, each.cell.id) for each in verdict.follows] == [(Then.UNSET_EMAIL, NOAH)]
    house.take(here.put(Kind.EMAIL, LEO, address="m@example.com", proven=True))
    assert field(house, Cell(Kind.EMAIL, LEO), "address") is None
    assert field(house, Cell(Kind.EMAIL, MAYA), "address") == "M@example.com"


def test_a_policy_is_numbered_and_written_by_owners() -> None:
    """Each change has the next version; somebody who owns nothing changes nothing."""
    house, here = household()
    for value in ("open", "closed"):
        house.take(here.put(Kind.POLICY, HOUSEHOLD, MAYA, registration=value))
    assert house.take(here.put(Kind.POLICY, HOUSEHOLD, NOAH, registration="open")).outcome is Outcome.HELD
    policy = house.state(Cell(Kind.POLICY, HOUSEHOLD))
    assert (policy.version, policy.fields["registration"].value) == (2, "closed")


def test_what_was_written_too_long_ago_only_closes_doors() -> None:
    """An id that was deleted and forgotten meanwhile doesn't come back; a ban, and a revocation, are taken."""
    house, _ = household()
    house.refresh = house.at
    away = Writer(HUB_B)
    assert house.take(away.climb(Kind.USER, LEO)).outcome is Outcome.STALE
    assert house.take(away.role(NOAH, "owner")).outcome is Outcome.STALE
    assert house.take(away.mark(Kind.BAN, NOAH, "there")).outcome is Outcome.TAKEN
    assert house.take(away.climb(Kind.DEVICE, LEO, REVOKED)).outcome is not Outcome.REFUSED
    assert house.state(Cell(Kind.USER, LEO)).rung is None
    assert role_of(house, NOAH) is Role.ADULT
    assert house.state(Cell(Kind.BAN, NOAH)).marks


@pytest.mark.parametrize("kind", [Kind.PROFILE, "user.newer"])
def test_what_nobody_here_understands_closes_its_subject(kind: str) -> None:
    """A change that needs a newer program's rule: deny, and never skip it."""
    house, here = household()
    change = here.put(kind, NOAH, colour="red")
    house.take(here.change(kind, NOAH, change.tag, State(needs=("curfew",))))
    assert closed(house, NOAH)
    assert not admitted(house, NOAH)
    assert admitted(house, MAYA)


def test_what_nobody_understands_closes_no_last_owner() -> None:
    """A change that needs a rule of a newer program closes its subject, but not the last owner."""
    house, here = household()
    house.take(here.role(NOAH, Role.OWNER))
    change = here.mark(Kind.BAN, NOAH, "x")
    shut = replace(change, state=replace(change.state, needs=("of tomorrow",)))
    assert house.take(shut).outcome is Outcome.TAKEN
    assert closed(house, NOAH)
    last = replace(shut, cell=Cell(Kind.BAN, MAYA))
    assert house.take(last).outcome is Outcome.REFUSED
    assert admitted(house, MAYA)
