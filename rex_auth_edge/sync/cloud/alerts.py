"""What people are told where a hub changes whose an account is: whoever holds its key can say anything of anybody."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from rex_auth_edge.domain.roles import Role
from rex_auth_edge.sync.house import House, closed, field, is_beyond, is_in, is_owner, password_of, role_in
from rex_auth_edge.sync.kinds import REVOKED, Kind
from rex_auth_edge.sync.merge import join
from rex_auth_edge.sync.outcome import Notice
from rex_auth_edge.sync.rules.names import ADDRESS as SAID
from rex_auth_edge.sync.rules.names import KEY, address_key
from rex_auth_edge.sync.rules.passwords import AGAIN
from rex_auth_edge.sync.state import Cell, State

ADDRESS, PASSWORD, OWNER = "address_by_hub", "password_by_hub", "owner_by_hub"
UNSEATED, HUB = "owner_ended_by_hub", "hub_ended_by_hub"
SHARED = "password_shared"
"""One that was kept at home opens the account in the cloud as well, by the household's policy."""
OUTGROWN = "outgrown"
"""More was said of something than there is room for."""


def alerts(cell: Cell, delta: State, house: House) -> tuple[Notice, ...]:
    """The notices that go with what a hub's change adds to the cell; `house` is as it was before."""
    code_of = _ALERTS.get(cell.kind)
    code = None if code_of is None else code_of(cell, delta, house)
    if code is None and _closes(cell, delta, house):
        code = UNSEATED
    return () if code is None else (Notice(cell.id, code),)


def _closes(cell: Cell, delta: State, house: House) -> bool:
    """Whether an owner is shut out by a rule that no program here knows."""
    return is_beyond(delta) and is_owner(house, cell.id) and not closed(house, cell.id)


def _address(cell: Cell, delta: State, house: House) -> str | None:
    before = field(house, cell, KEY)
    return ADDRESS if before is not None and SAID in delta.fields and address_key(delta) != before else None


def _password(cell: Cell, delta: State, house: House) -> str | None:
    before, offered = house.state(cell), delta.secret
    if before.secret is None:
        return None
    if {each.by for each in delta.resets} - {each.by for each in before.resets}:
        return PASSWORD  # also where no other one comes with it: the one of before is good no longer
    if offered is None or offered.by == before.secret.by:
        return None
    return SHARED if AGAIN in delta.fields else PASSWORD


def _due(cell: Cell, delta: State, house: House) -> str | None:
    due = delta.marks and not house.state(cell).marks
    return PASSWORD if due and password_of(house, cell.id) is not None else None


def _role(cell: Cell, delta: State, house: House) -> str | None:
    current = house.state(cell)
    before, now = role_in(current), role_in(join(current, delta))
    if now is not Role.OWNER:
        return UNSEATED if before is Role.OWNER and is_in(house, cell.id) else None
    return OWNER if before is not Role.OWNER else None


def _person(cell: Cell, delta: State, house: House) -> str | None:
    return UNSEATED if _ends(delta) and is_owner(house, cell.id) else None


def _disabled(cell: Cell, delta: State, house: House) -> str | None:
    return UNSEATED if delta.marks and is_owner(house, cell.id) else None


def _hub(cell: Cell, delta: State, house: House) -> str | None:
    there = house.state(cell).rung
    return HUB if _ends(delta) and there is not None and there.step < REVOKED else None


def _ends(delta: State) -> bool:
    return delta.rung is not None and delta.rung.step >= REVOKED


_ALERTS: Mapping[str, Callable[[Cell, State, House], str | None]] = MappingProxyType({
    Kind.EMAIL: _address,
    Kind.PASSWORD: _password,
    Kind.PASSWORD_DUE: _due,
    Kind.ROLE: _role,
    Kind.USER: _person,
    Kind.DISABLED: _disabled,
    Kind.HUB: _hub,
})  # fmt: skip
