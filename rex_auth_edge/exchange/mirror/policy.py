"""The household itself: its name and its policy, field by field."""

from collections.abc import Iterator
from typing import Any

from rex_auth_edge.domain.password_rules import PasswordRule
from rex_auth_edge.exchange.mirror.side import Side, Wish, one_of, text, value
from rex_auth_edge.flows.devices import acting
from rex_auth_edge.flows.household.house import LIFETIMES, SHARES
from rex_auth_edge.storage import tenants
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.kinds import HOUSEHOLD, Kind
from rex_auth_edge.sync.state import Cell, State

CELL = Cell(Kind.POLICY, HOUSEHOLD)
_LONGEST_NAME = 120
_SWITCHES = {"voice": True, "fresh_after_reboot": False}


def image(told: State, row: Any) -> dict[str, Any]:
    """The columns of the household's row as the cell has them; what it doesn't say is as in a new household."""
    rule, shares = value(told, "password_rule"), value(told, "shares")
    return {
        "name": text(value(told, "name"), _LONGEST_NAME) or row.name,
        "password_rule": one_of(rule, PasswordRule, PasswordRule.COMPOSITION.value),
        "shares": ",".join(each for each in SHARES if each in shares.split(",")) if isinstance(shares, str) else None,
        **{name: _life(name, value(told, name)) for name in LIFETIMES},
        **{name: _switch(value(told, name), usual=usual) for name, usual in _SWITCHES.items()},
    }


def _life(name: str, found: Any) -> int | None:
    bounds = LIFETIMES[name]
    return found if isinstance(found, int) and bounds.least <= found <= bounds.most else None


def _switch(found: Any, *, usual: bool) -> bool:
    return found if isinstance(found, bool) else usual


def wishes(side: Side, actor: bytes | None, *, named: bool) -> Iterator[Wish]:
    """What of the policy the cell doesn't say. The name goes only where it is said for sure what it is (`named`)."""
    row, state = tenants.get(side.conn, side.tenant_id), side.house.state(CELL)
    told = image(state, row)
    fields = {name: getattr(row, name) for name, wanted in told.items() if getattr(row, name) != wanted}
    if named and "name" not in state.fields:
        fields["name"] = row.name
    fields |= {name: bool(fields[name]) for name in _SWITCHES if name in fields}
    if fields:
        yield Wish(CELL, lambda pen: pen.put(**fields), actor)


def adopt(tx: Tx, side: Side) -> None:
    """The household's row, as the cell has it; without voice no device acts for anybody."""
    row = tenants.get(tx.conn, side.tenant_id)
    told = image(side.house.state(CELL), row)
    columns = {name: wanted for name, wanted in told.items() if getattr(row, name) != wanted}
    if not columns:
        return
    with tx.quiet():
        tenants.change(tx, side.tenant_id, **columns, policy_version=row.policy_version + 1)
        if columns.get("voice") is False:
            acting.silence(tx, side.parts, side.tenant_id)
