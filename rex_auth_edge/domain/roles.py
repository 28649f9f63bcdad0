"""Who a person is in the household, and what follows from it: the one table of who may do what."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Role(StrEnum):
    """A member's role, the highest first."""

    OWNER = "owner"
    ADULT = "adult"
    CHILD = "child"
    GUEST = "guest"

    def below(self, other: "Role") -> bool:
        """Whether this role is lower than the other."""
        order = list(Role)
        return order.index(self) > order.index(other)


class Registration(StrEnum):
    """How strangers may join a household."""

    OPEN = "open"
    INVITE = "invite"
    CLOSED = "closed"


class Act(StrEnum):
    """What can be done in a household beyond one's own profile, password and sessions."""

    READ = "household.read"
    RENAME = "household.rename"
    MEMBERS = "members.read"
    LEAVE = "members.leave"
    ACTIVITY = "members.activity"
    SIGN_OUT = "members.sign_out"
    ADD = "members.add"
    SET_ROLE = "members.role"
    DISABLE = "members.disable"
    ENABLE = "members.enable"
    PARDON = "members.pardon"
    RESET = "members.reset"
    REMOVE = "members.remove"
    INVITES = "invites.read"
    INVITE = "invites.create"
    UNINVITE = "invites.revoke"
    CODES = "codes.read"
    HAND_OVER = "codes.hand_over"
    POLICY = "policy.read"
    SET_POLICY = "policy.change"
    AUDIT = "audit.read"
    DEVICES = "devices.read"
    ADD_DEVICE = "devices.add"
    OPEN_WINDOW = "devices.window"
    ASKS = "devices.asks"
    CHANGE_DEVICE = "devices.change"
    END_DEVICE = "devices.end"
    RECOVERY = "recovery.read"
    VETO = "recovery.veto"
    CHILDREN = "children.read"
    APPROVE_CHILD = "children.approve"
    REFUSE_CHILD = "children.refuse"
    PASSES = "passes.read"
    MAKE_PASS = "passes.create"  # noqa: S105  an act's name
    END_PASS = "passes.revoke"  # noqa: S105  an act's name
    HUBS = "hubs.read"
    ADD_HUB = "hubs.add"
    REMOVE_HUB = "hubs.remove"
    SYNC = "sync.read"
    REVIEW = "sync.review"


@dataclass(frozen=True, slots=True)
class Permission:
    """Which roles may, whether the sign-in has to be fresh, in which scope of tokens it lies, and what it means."""

    roles: frozenset[Role]
    scope: str
    says: str
    fresh: bool = False


_OWNER = frozenset({Role.OWNER})
_GROWN = frozenset({Role.OWNER, Role.ADULT})
_FAMILY = frozenset({Role.OWNER, Role.ADULT, Role.CHILD})
_ALL = frozenset(Role)


def _owners(says: str, *, fresh: bool = False) -> Permission:
    return Permission(_OWNER, "household", says, fresh)


PERMISSIONS: Mapping[Act, Permission] = MappingProxyType({
    Act.READ: Permission(_ALL, "profile", "see the household's name and one's own role"),
    Act.RENAME: _owners("rename the household", fresh=True),
    Act.MEMBERS: Permission(_FAMILY, "members", "see who is in the household"),
    Act.LEAVE: Permission(_ALL - {Role.CHILD}, "profile", "leave the household", fresh=True),
    Act.ACTIVITY: _owners("see members' sessions and history"),
    Act.SIGN_OUT: _owners("end members' sessions"),
    Act.ADD: _owners("add a member without an e-mail address", fresh=True),
    Act.SET_ROLE: _owners("change members' roles", fresh=True),
    Act.DISABLE: _owners("disable a member", fresh=True),
    Act.ENABLE: _owners("enable a member again", fresh=True),
    Act.PARDON: _owners("lift a member's ban", fresh=True),
    Act.RESET: _owners("start the reset of a member's password", fresh=True),
    Act.REMOVE: _owners("remove a member", fresh=True),
    Act.INVITES: _owners("see invitations"),
    Act.INVITE: _owners("invite", fresh=True),
    Act.UNINVITE: _owners("revoke an invitation"),
    Act.CODES: _owners("see who waits for a code while mail can't go out"),
    Act.HAND_OVER: _owners("hand a waiting code over", fresh=True),
    Act.POLICY: Permission(_GROWN, "members", "see the household's policy"),
    Act.SET_POLICY: _owners("change the household's policy", fresh=True),
    Act.AUDIT: _owners("read the audit log"),
    Act.DEVICES: Permission(_GROWN, "members", "see the household's devices"),
    Act.ADD_DEVICE: _owners("add a device, or let one in that asks", fresh=True),
    Act.OPEN_WINDOW: _owners("open the window in which devices may ask", fresh=True),
    Act.ASKS: _owners("see which devices ask, refuse them, or close the window"),
    Act.CHANGE_DEVICE: _owners("rename or restrict a device, or let it go on", fresh=True),
    Act.END_DEVICE: _owners("suspend or remove a device"),
    Act.RECOVERY: Permission(_ALL, "profile", "see that somebody recovers the household by the hub's label"),
    Act.VETO: _owners("stop the recovery of the household"),
    Act.CHILDREN: _owners("see which children ask to join"),
    Act.APPROVE_CHILD: _owners("let a child in who asks", fresh=True),
    Act.REFUSE_CHILD: _owners("refuse a child who asks"),
    Act.PASSES: Permission(_GROWN, "members", "see guests' passes"),
    Act.MAKE_PASS: _owners("make a pass for a guest", fresh=True),
    Act.END_PASS: _owners("revoke a guest's pass"),
    Act.HUBS: Permission(_GROWN, "members", "see the household's hubs in the cloud"),
    Act.ADD_HUB: _owners("let a hub into the household in the cloud", fresh=True),
    Act.REMOVE_HUB: _owners("remove a hub from the household in the cloud", fresh=True),
    Act.SYNC: _owners("see how synchronisation stands, and what it has decided or holds back"),
    Act.REVIEW: _owners("confirm or dismiss what synchronisation holds back", fresh=True),
})  # fmt: skip

_OWN = {"profile", "sessions"}
"""Everybody's: one's own profile, password, sessions and history."""

SCOPES: Mapping[Role, tuple[str, ...]] = MappingProxyType({
    role: tuple(sorted(_OWN | {each.scope for each in PERMISSIONS.values() if role in each.roles})) for role in Role
})  # fmt: skip
