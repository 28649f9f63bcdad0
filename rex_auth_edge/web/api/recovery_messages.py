"""Bodies of recoveries by the hub's label."""

import msgspec


class StartRecovery(msgspec.Struct):
    """The secret of the hub's label; `tenant` is the household, without it the hub's default one."""

    label_secret: str | None = None
    tenant: str | None = None


class RecoveryBegun(msgspec.Struct):
    """`recovery_code` is told this once, and wanted again from `due_at` until `expires_at`."""

    message: str
    recovery_code: str
    due_at: str
    expires_at: str


class FinishRecovery(msgspec.Struct):
    """Both secrets, and the owner whose password is to be a new one."""

    label_secret: str | None = None
    recovery_code: str | None = None
    username: str | None = None
    tenant: str | None = None


class RecoveryGranted(msgspec.Struct):
    """A link, and the token in it, with which the new password is set: once, and within minutes."""

    message: str
    link: str
    reset_token: str
    expires_at: str


class Recovery(msgspec.Struct):
    """A recovery that is under way; `due_at` counts only time that the hub has seen pass."""

    started_at: str
    due_at: str
    asked_from: str


class RecoveryNow(msgspec.Struct):
    """What is under way, null where nothing is."""

    recovery: Recovery | None
