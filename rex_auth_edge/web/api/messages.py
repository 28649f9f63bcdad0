"""What requests and answers say. Requests may lack any field: the flow says which one it misses."""

import msgspec
from msgspec import UNSET, Struct, UnsetType

Text = str | None


class Register(Struct):
    """Begin a registration."""

    username: Text = None
    email: Text = None
    password: Text = None
    first_name: Text = None
    last_name: Text = None
    firstName: Text = None  # noqa: N815 - the mobile app's spelling
    lastName: Text = None  # noqa: N815
    tenant: Text = None
    invite: Text = None
    setup_code: Text = None


class Verify(Struct):
    """Prove the address with the code that was sent to it."""

    email: Text = None
    otp: Text = None
    temp_token: Text = None
    username: Text = None


class Resend(Struct):
    """Ask for another code."""

    email: Text = None
    temp_token: Text = None


class Login(Struct):
    """Sign in by e-mail address or username."""

    email: Text = None
    username: Text = None
    password: Text = None
    tenant: Text = None
    refresh_token: Text = None


class Refresh(Struct):
    """Exchange a refresh token for its successor."""

    refresh_token: Text = None


class Forgot(Struct):
    """Ask for a reset link."""

    email: Text = None
    tenant: Text = None


class ResetToken(Struct):
    """Look at a reset token without using it."""

    reset_token: Text = None
    token: Text = None


class Reset(Struct):
    """Set a new password with a reset token."""

    reset_token: Text = None
    token: Text = None
    new_password: Text = None
    password: Text = None


class ChangePassword(Struct):
    """Set a new password knowing the present one."""

    current_password: Text = None
    new_password: Text = None


class Reauthenticate(Struct):
    """Prove again who one is."""

    password: Text = None


class ChangeProfile(Struct):
    """Fields to write; absent ones stay, null clears."""

    first_name: str | UnsetType | None = UNSET
    last_name: str | UnsetType | None = UNSET
    phone_number: str | UnsetType | None = UNSET
    username: str | UnsetType | None = UNSET
    email: str | UnsetType | None = UNSET


class Picture(Struct):
    """A picture as base64, with or without the head of a data URL."""

    image_data: Text = None


class Said(Struct):
    """An answer that is only a sentence."""

    message: str


class Pending(Struct):
    """A registration has begun."""

    message: str
    temp_token: str


class Tokens(Struct):
    """A session's tokens; `expires_in` is the access token's life in seconds."""

    access_token: str
    refresh_token: str
    tenant_id: str
    user_id: str
    expires_in: int
    token_type: str = "Bearer"


class ShownUser(Struct):
    """What a client shows of a person; the picture is a data URL."""

    name: str
    email: Text
    profilePicture: Text  # noqa: N815 - the dashboard's spelling


class Valid(Struct):
    """A good session; with `refreshed`, its new tokens beside it."""

    message: str
    user_id: str
    email: Text
    username: str
    tenant_id: str
    is_expired: bool
    refreshed: bool
    user: ShownUser
    access_token: str | UnsetType = UNSET
    refresh_token: str | UnsetType = UNSET
    token_type: str | UnsetType = UNSET
    expires_in: int | UnsetType = UNSET


class Resettable(Struct):
    """Whom a reset token is for."""

    message: str
    email: Text
    username: str
    token_expiry_minutes: int
    expires_at: str


class Profile(Struct):
    """A person's own profile; times are RFC 3339."""

    user_id: str
    tenant_id: str
    username: str
    email: Text
    email_verified: bool
    first_name: Text
    last_name: Text
    phone_number: Text
    role: str
    status: str
    profile_picture_data: Text
    created_at: str
    last_login_at: Text


class Session(Struct):
    """One of the caller's sessions; `id` is a 53-bit number, `session_id` the same session's UUID."""

    id: int
    session_id: str
    device_info: Text
    ip_address: Text
    created_at: str
    last_seen_at: str
    is_current: bool


class Sessions(Struct):
    """The caller's live sessions."""

    sessions: list[Session]


class Happened(Struct):
    """One entry of a person's history."""

    id: int
    status: str
    action: str
    device: Text
    ip_address: Text
    time: str


class History(Struct):
    """A page of a person's history, newest first."""

    history: list[Happened]


class CsrfToken(Struct):
    """To be sent back as `X-CSRF-Token`."""

    csrf_token: str


class Health(Struct, omit_defaults=True):
    """How the hub is. `clock` is synced, holdover, floor or unknown, and `clock_why` a sentence about it."""

    status: str
    clock: Text = None
    clock_why: Text = None


class Problem(Struct, omit_defaults=True):
    """Every refusal: `message` and `error` are the same sentence, `code` is for programs."""

    message: str
    error: str
    code: str
    fields: dict[str, str] = msgspec.field(default_factory=dict)
