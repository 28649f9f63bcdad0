"""What must hold: looked at after every step, and at the end. Each is numbered as in the specification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rex_auth_edge.domain.roles import Role
from rex_auth_edge.sync.cloud.theft import SAFE, put_by
from rex_auth_edge.sync.digest import Tree
from rex_auth_edge.sync.house import (
    House,
    field,
    is_in,
    kept_home,
    owners,
    password_of,
    revoked,
    role_of,
    session_lives,
)
from rex_auth_edge.sync.kinds import HOUSEHOLD, REVOKED, Kind
from rex_auth_edge.sync.merge import join
from rex_auth_edge.sync.order import START, Lane, Position
from rex_auth_edge.sync.rules.roles import LAST_OWNER
from rex_auth_edge.sync.state import Cell
from rex_auth_edge.sync.store import EVERYTHING
from rex_auth_edge.sync.wire import pack_state
from tests.sync.memory import KEY, unpacked
from tests.sync.simulation.ledger import Fact
from tests.sync.simulation.machines import HubMachine

if TYPE_CHECKING:
    from tests.sync.simulation.world import World

_LADDERS = (Kind.USER, Kind.DEVICE, Kind.SESSION_END)
_OWNING = (Kind.USER, Kind.ROLE, Kind.DISABLED)
"""Of what a restored cloud is told again it decides who is the last owner; until then a hub shows all of it."""


class Watch:
    """Looks at all nodes and remembers what they have shown."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.revoked: dict[bytes, set[Cell]] = {}
        self.policy: dict[bytes, int] = {}

    def forget(self, hub: HubMachine) -> None:
        """What the hub has shown before it lost some of it no longer counts."""
        self.revoked.pop(hub.id, None)
        self.policy.pop(hub.id, None)

    def forget_cloud(self) -> None:
        """Likewise."""
        self.revoked.pop(b"cloud", None)
        self.policy.pop(b"cloud", None)

    def look(self) -> None:
        """After a step."""
        cloud = self.world.cloud.store
        self._one(b"cloud", cloud)
        assert owners(cloud) or not list(cloud.subjects(Kind.ROLE)), "22: no owner at the cloud"
        for user in cloud.subjects(Kind.PASSWORD):
            secret = cloud.state(Cell(Kind.PASSWORD, user)).secret
            bare = secret is not None and secret.verifier is not None
            assert not (bare and kept_home(cloud, user)), "15: a verifier is where it is withheld"
        self._buried(b"cloud", cloud, EVERYTHING)
        for hub in self.world.hubs:
            self._one(hub.id, hub.view)
            self._cursors(hub)
            me = hub.store.me()
            self._buried(hub.id, hub.view, 0 if me.locked or me.epoch != cloud.standing().at.epoch else me.pruned)
            knows = me.whole[0] == me.cursors[0] and not me.locked and list(hub.view.subjects(Kind.ROLE))
            tells = any(lost.cell.kind in _OWNING for lost in hub.store.lost())
            assert not knows or tells or owners(hub.view), f"22: no owner on {hub.id!r}"

    def _one(self, node: bytes, house: House) -> None:
        """3 and 19."""
        before = self.revoked.setdefault(node, set())
        now = {Cell(kind, each) for kind in _LADDERS for each in house.subjects(kind) if revoked(house, kind, each)}
        for cell in before - now:
            gone = not list(house.kinds(cell.id))
            assert gone or owners(house) == [cell.id], f"3: {cell} came back on {node!r}"
        self.revoked[node] = now
        version = house.state(Cell(Kind.POLICY, HOUSEHOLD)).version
        assert version >= self.policy.get(node, 0), f"19: the policy's version fell on {node!r}"
        self.policy[node] = version

    def _buried(self, node: bytes, house: House, told: int) -> None:
        """7: nothing that the cloud has forgotten, and has told the node up to this number, stands short of its end.

        A cell of it may be there: what closes doors is taken also from a hub that hasn't heard of that.
        """
        for number, subject in self.world.cloud.store.buried(0, EVERYTHING):
            for kind in house.kinds(subject) if number <= told else ():
                rung = house.state(Cell(kind, subject)).rung
                assert rung is None or rung.step >= REVOKED, f"7: {kind} {subject!r} is back on {node!r}"

    def _cursors(self, hub: HubMachine) -> None:
        """10: what the hub says that it has seen, it has."""
        me, cloud = hub.store.me(), self.world.cloud.store
        if me.epoch != cloud.standing().at.epoch or me.locked:
            return
        for lane in Lane:
            for row in cloud.rows(lane):
                if row.at <= min(me.whole[lane], me.cursors[lane]):
                    had = hub.store.row(row.cell)
                    passed = had is None or had.at != row.at
                    assert not passed, f"10: {hub.id!r} passed {row.cell} at {row.at}"

    # ---- the end

    def end(self) -> None:
        """When all is calm."""
        self.same_everywhere()
        self._durable_is_there()
        buried = self._forgotten()
        for fact in self.world.ledger.facts:
            if fact.cell.id not in buried:
                self._holds(fact)
        self._forgiven()
        self._outlived()
        self._stolen()
        self._mallory()

    def same_everywhere(self) -> None:
        """1, 12, 20."""
        cloud = self.world.cloud.store
        for hub in self.world.hubs:
            for lane in Lane:
                assert hub.store.rows(lane) == cloud.rows(lane), f"1: {hub.id!r} has other rows in {lane.name}"
                assert Tree(KEY, hub.store.rows(lane)).root == Tree(KEY, cloud.rows(lane)).root, "12: digests differ"
            for user in cloud.subjects(Kind.ROLE):
                assert role_of(hub.view, user) is role_of(cloud, user) or role_of(cloud, user) is Role.GUEST, "20"

    def _durable_is_there(self) -> None:
        """8: all that a backup of the cloud has is part of what there is in the end, but for what is forgotten since.

        Of that there may be a cell again (see `_buried`), without the rest of before.
        """
        cloud, buried = self.world.cloud.store, self._forgotten()
        for cell, row in self.world.cloud.backups[-1].get("rows", {}).items():
            now = cloud.state(cell)
            whole = pack_state(join(now, unpacked(row.state))) == pack_state(now)
            assert whole or cell.id in buried, f"8: of {cell} something is gone"

    def _forgotten(self) -> set[bytes]:
        return {subject for _, subject in self.world.cloud.store.buried(0, EVERYTHING)}

    def _holds(self, fact: Fact) -> None:
        house = self.world.cloud.store
        state = house.state(fact.cell)
        marks = {mark.what for mark in state.marks}
        if fact.act == "revoke":
            spared = fact.cell.kind == Kind.USER and self._told(fact.cell.id, LAST_OWNER)
            assert revoked(house, fact.cell.kind, fact.cell.id) or spared, f"3: {fact} is undone"
            assert spared or not is_in(house, fact.cell.id), "7: a deleted person is in"
        elif fact.act == "mark" and fact.what not in marks:
            lifted = any(fact.what in lift.knew for lift in self.world.ledger.of("lift") if lift.cell == fact.cell)
            assert lifted or self._told(fact.cell.id, LAST_OWNER), f"5: {fact} was lifted unseen"
        elif fact.act == "session" and session_lives(house, fact.cell.id):
            everywhere = {mark.what for mark in house.state(Cell(Kind.SIGN_OUT, fact.what)).marks}
            assert everywhere <= fact.knew | {"sign_out"}, f"4: {fact} lives"
        elif fact.act == "newer":
            self._carried(fact, state.rest)

    def _carried(self, fact: Fact, rest: dict[str, Any]) -> None:
        """18."""
        stale = self.world.cloud.store.standing().floor.seq or self._refreshed() or self._told(fact.cell.id, LAST_OWNER)
        assert rest.get(f"part_{fact.what}") == [fact.what] or stale, f"18: {fact} was dropped"

    def _refreshed(self) -> bool:
        return any(member.refresh.seq for _, member in self.world.cloud.store.members())

    def _told(self, about: bytes, code: str) -> bool:
        house = self.world.cloud.store
        fields = [house.state(Cell(Kind.NOTICE, each)).fields for each in house.subjects(Kind.NOTICE)]
        return any(each["about"].value == about and each["code"].value == code for each in fields)

    def _forgiven(self) -> None:
        """6: no more failures are forgiven than somebody had seen who signed in."""
        house = self.world.cloud.store
        for user in house.subjects(Kind.FAILURES):
            cell = Cell(Kind.FAILURES, user)
            seen = [each for fact in self.world.ledger.of("succeed") if fact.cell == cell for each in fact.knew]
            for count in house.state(cell).counts:
                key = (count.key, count.origin)
                most = max([each[3] for each in seen if each[:2] == key], default=0)
                assert count.cleared <= max(most, 0), f"6: {count} of {user!r}"

    def _outlived(self) -> None:
        """What a hub has begun before it was restored is over."""
        lives = {hub.id: hub.store.me().incarnation for hub in self.world.hubs}
        for fact in self.world.ledger.of("session"):
            if fact.incarnation < lives.get(fact.node, 0):
                assert not session_lives(self.world.cloud.store, fact.cell.id), f"{fact} outlives its hub"

    def _mallory(self) -> None:
        """16: whom a thief let in with a hub's key is nobody once that hub is removed.

        But where the cloud forgets that for a while, and people leave the household no other owner meanwhile.
        """
        house = self.world.cloud.store
        last = owners(house) if self.world.bad_days.forgot and len(owners(house)) == 1 else []
        for user in [each for each in self.world.bad_days.let_in if each not in last]:
            assert not is_in(house, user) or role_of(house, user) is Role.GUEST, f"16: {user!r} is in"
            for hub in self.world.hubs:
                assert not is_in(hub.view, user) or role_of(hub.view, user) is Role.GUEST, "16: on a hub"

    def after_theft(self, hub: bytes, since: Position, ruled: list[bytes]) -> None:
        """16: of what a thief has done nothing stands by which he could come in, or by which owners can't.

        Who `ruled` until then does so again.
        """
        house = self.world.cloud.store
        rules = put_by(Cell(Kind.POLICY, HOUSEHOLD), hub, since, house)
        loose = {name for name, held in rules.items() if name in SAFE and held.value != SAFE[name]}
        assert not loose, f"16: {loose} is as a thief has put it"
        remover = house.state(Cell(Kind.HUB, hub)).rung
        for user in owners(house):
            banned = [mark for mark in house.state(Cell(Kind.BAN, user)).marks if mark.what == "thief"]
            assert not banned or user in self.world.bad_days.let_in, f"16: {user!r} is banned by a thief"
            address = field(house, Cell(Kind.EMAIL, user), "address")
            own = remover is not None and remover.actor == user and since == START
            assert own or address != "thief@example.com", f"16: {user!r} has a thief's address"

        gone = [user for user in ruled if user not in owners(house) and not revoked(house, Kind.USER, user)]
        assert not gone, f"16: {gone} own nothing any more by a thief"

    def _stolen(self) -> None:
        """21."""
        house = self.world.cloud.store
        for fact in self.world.ledger.of("stolen"):
            good = password_of(house, fact.cell.id)
            owned = good is not None and house.state(fact.cell).resets and good.verifier == fact.what[0]
            assert not owned, f"21: {fact} got the account"
