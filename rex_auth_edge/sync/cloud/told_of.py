"""What people are told where a hub changes whose an account is: whoever holds its key can say anything of anybody."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from rex_auth_edge.domain.roles import Role
from rex_auth_edge.sync.kinds import REVOKED, Kind
from rex_auth_edge.sync.merge import join
from rex_auth_edge.sync.names import ADDRESS as SAID
from rex_auth_edge.sync.names import KEY, address_key
from rex_auth_edge.sync.outcome import Notice
from rex_auth_edge.sync.passwords import AGAIN
from rex_auth_edge.sync.standing import House, field, is_in, is_owner, role_in
from rex_auth_edge.sync.state import Incoming

ADDRESS, PASSWORD, OWNER = "address_by_hub", "password_by_hub", "owner_by_hub"
UNSEATED, HUB = "owner_ended_by_hub", "hub_ended_by_hub"
SHARED = "password_shared"
"""One that was kept at home opens the account in the cloud as well, by the household's policy."""


def told_of(change: Incoming, house: House) -> tuple[Notice, ...]:
    """The notices that go with a hub's change if it is taken; `house` is as it was before."""
    code_of = _TOLD.get(change.cell.kind)
    code = None if code_of is None else code_of(change, house)
    return () if code is None else (Notice(change.cell.id, code),)


def _address(change: Incoming, house: House) -> str | None:
    before, state = field(house, change.cell, KEY), change.state
    return ADDRESS if before is not None and SAID in state.fields and address_key(state) != before else None


def _password(change: Incoming, house: House) -> str | None:
    current, offered = house.state(change.cell).secret, change.state.secret
    if current is None or offered is None or offered.by == current.by:
        return None
    return SHARED if AGAIN in change.state.fields else PASSWORD


def _role(change: Incoming, house: House) -> str | None:
    current = house.state(change.cell)
    before, now = role_in(current), role_in(join(current, change.state))
    if now is not Role.OWNER:
        return UNSEATED if before is Role.OWNER and is_in(house, change.cell.id) else None
    return OWNER if before is not Role.OWNER else None


def _person(change: Incoming, house: House) -> str | None:
    return UNSEATED if _ends(change) and is_owner(house, change.cell.id) else None


def _disabled(change: Incoming, house: House) -> str | None:
    return UNSEATED if change.state.marks and is_owner(house, change.cell.id) else None


def _hub(change: Incoming, house: House) -> str | None:
    there = house.state(change.cell).rung
    return HUB if _ends(change) and there is not None and there.step < REVOKED else None


def _ends(change: Incoming) -> bool:
    return change.state.rung is not None and change.state.rung.step >= REVOKED


_TOLD: Mapping[str, Callable[[Incoming, House], str | None]] = MappingProxyType({
    Kind.EMAIL: _address,
    Kind.PASSWORD: _password,
    Kind.ROLE: _role,
    Kind.USER: _person,
    Kind.DISABLED: _disabled,
    Kind.HUB: _hub,
})  # fmt: skip
