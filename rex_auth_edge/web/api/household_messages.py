"""What requests and answers about a household say. Times are RFC 3339, lengths of time are texts such as `30d`."""

from typing import Any

from msgspec import UNSET, Struct, UnsetType

from rex_auth_edge.web.api.messages import Text


class House(Struct):
    """The caller's household, their role in it, and what the role lets them do."""

    tenant_id: str
    slug: str
    name: str
    claimed: bool
    role: str
    may: list[str]


class Rename(Struct):
    """The household's new name."""

    name: Text = None


class Claim(Struct):
    """Become the first owner."""

    setup_code: Text = None


class ChangePolicy(Struct):
    """Fields to change; absent ones stay. `shares` are names with commas between.

    `fresh_after_reboot` and `voice` are on or off. Where the household is synchronised, `cloud_grants` is wait or
    stand, and `passwords_home` are usernames with commas between.
    """

    registration: str | UnsetType = UNSET
    password_rule: str | UnsetType = UNSET
    session_life: str | UnsetType = UNSET
    idle_life: str | UnsetType = UNSET
    shares: str | UnsetType = UNSET
    fresh_after_reboot: str | UnsetType = UNSET
    voice: str | UnsetType = UNSET
    cloud_grants: str | UnsetType = UNSET
    passwords_home: str | UnsetType = UNSET


class Policy(Struct):
    """What holds in the household; `shares` is what may leave for the cloud, beside revocations.

    `fresh_after_reboot` says that everybody signs in anew once the hub has been off, `voice` that devices may act for
    people. Where the household is synchronised, `cloud_grants` says whether a role that is given in the cloud waits for
    an owner at home or stands, and `passwords_home` whose passwords only the hub knows.
    """

    registration: str
    password_rule: str
    session_life: str
    idle_life: str
    shares: list[str]
    fresh_after_reboot: bool
    voice: bool
    version: int
    cloud_grants: str | UnsetType = UNSET
    passwords_home: list[str] | UnsetType = UNSET


class Member(Struct):
    """One of the household. What lies behind `status` is for owners, and for the person themself."""

    user_id: str
    username: str
    name: str
    role: str
    status: str | UnsetType = UNSET
    email: str | UnsetType | None = UNSET
    email_proven: bool | UnsetType = UNSET
    joined_at: str | UnsetType = UNSET
    last_login_at: str | UnsetType | None = UNSET
    guardian: str | UnsetType | None = UNSET


class Members(Struct):
    """Everybody, in the order that they joined."""

    members: list[Member]


class AddMember(Struct):
    """Somebody without an address of mail, for whom an owner vouches."""

    username: Text = None
    password: Text = None
    role: Text = None
    first_name: Text = None
    last_name: Text = None


class Added(Struct, omit_defaults=True):
    """The new member. Where the role `waits` for an owner at home, they are a guest until then."""

    message: str
    user_id: str
    waits: bool = False


class ChangeMember(Struct):
    """A member's new role."""

    role: Text = None


class RoleChanged(Struct, omit_defaults=True):
    """Done; or it `waits` for an owner at home, as what is given in the cloud may."""

    message: str
    waits: bool = False


class ResetStarted(Struct):
    """A link, and the token in it, to hand to the person whose password is to be a new one."""

    message: str
    link: str
    reset_token: str
    expires_at: str


class Ended(Struct):
    """How many sessions have ended."""

    message: str
    ended: int


class Invite(Struct):
    """Whom to invite, in which role; with an address the invitation is mailed there, and is for it alone."""

    role: Text = None
    name: Text = None
    email: Text = None
    expires_in: Text = None


class Invited(Struct):
    """A new invitation; its code is told this once."""

    message: str
    id: str
    code: str
    link: str
    expires_at: str
    mailed: bool


class Invitation(Struct):
    """An invitation; `status` is pending, used, revoked or expired."""

    id: str
    role: str
    name: Text
    email: Text
    status: str
    created_at: str
    expires_at: str
    invited_by: Text
    used_by: Text


class Invitations(Struct):
    """The household's invitations, the newest first."""

    invites: list[Invitation]


class Waiting(Struct):
    """Somebody whose code lies in a letter that hasn't left."""

    id: str
    email: str
    username: Text
    name: Text
    since: str


class Codes(Struct):
    """Who waits for a code, the longest waiting first."""

    codes: list[Waiting]


class Handed(Struct):
    """A code, to be told to the person."""

    message: str
    email: str
    otp: str


class Event(Struct):
    """One entry of the household's audit log."""

    seq: int
    time: str
    clock: str
    event: str
    outcome: str
    actor_id: Text
    subject_id: Text
    session_id: Text
    ip_address: Text
    device: Text
    facts: dict[str, Any]


class Events(Struct):
    """A page of the audit log, newest first."""

    events: list[Event]
