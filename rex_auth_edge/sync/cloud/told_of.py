"""What people are told where a hub changes whose an account is: whoever holds its key can say anything of anybody."""

from rex_auth_edge.domain.roles import Role
from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.merge import join
from rex_auth_edge.sync.names import ADDRESS as SAID
from rex_auth_edge.sync.names import KEY, address_key
from rex_auth_edge.sync.outcome import Notice
from rex_auth_edge.sync.passwords import AGAIN
from rex_auth_edge.sync.standing import House, field, role_in
from rex_auth_edge.sync.state import Incoming

ADDRESS, PASSWORD, OWNER = "address_by_hub", "password_by_hub", "owner_by_hub"
SHARED = "password_shared"
"""One that was kept at home opens the account in the cloud as well, by the household's policy."""


def told_of(change: Incoming, house: House) -> tuple[Notice, ...]:
    """The notices that go with a hub's change if it is taken; `house` is as it was before."""
    code = None
    if change.cell.kind == Kind.EMAIL:
        before, state = field(house, change.cell, KEY), change.state
        code = ADDRESS if before is not None and SAID in state.fields and address_key(state) != before else None
    elif change.cell.kind == Kind.PASSWORD:
        current, offered = house.state(change.cell).secret, change.state.secret
        news = current is not None and offered is not None and offered.by != current.by
        code = (SHARED if AGAIN in change.state.fields else PASSWORD) if news else None
    elif change.cell.kind == Kind.ROLE:
        current_state = house.state(change.cell)
        now = role_in(join(current_state, change.state))
        code = OWNER if now is Role.OWNER and role_in(current_state) is not Role.OWNER else None
    return () if code is None else (Notice(change.cell.id, code),)
