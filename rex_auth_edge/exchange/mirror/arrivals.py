"""People's rows brought to what the cells say, several at once: names may change hands between them."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from rex_auth_edge.exchange.mirror import letting_go, passwords, people, warning
from rex_auth_edge.exchange.mirror.side import Side, number, value
from rex_auth_edge.storage import tenants, users
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.kinds import ACTIVE, REVOKED, Kind
from rex_auth_edge.sync.state import Cell

_NAMES = {"username_key": users.by_username, "email_key": users.by_email}


@dataclass(slots=True)
class _Change:
    """One person's: the row of before, if any, the columns to set, and both their addresses in the end."""

    id: UUID
    row: Any
    columns: dict[str, Any]

    def before(self, name: str) -> Any:
        """What the column held before."""
        return None if self.row is None else getattr(self.row, name)

    def news(self, name: str) -> bool:
        """Whether the column is another one now."""
        return name in self.columns and self.columns[name] != self.before(name)


@dataclass(slots=True)
class _Directory:
    """Which addresses are to be found in the household, on which node's word, and which no longer."""

    listed: dict[str, UUID] = field(default_factory=dict)
    struck: set[str] = field(default_factory=set)

    def write(self, tx: Tx, side: Side) -> None:
        """An address that passes from one person to another stays.

        Nobody here has proven it: where people of another household have it, these name their household to sign in.
        """
        for key in sorted(self.struck - self.listed.keys()):
            tenants.strike_from_directory(tx, side.parts.address_hash(key), side.tenant_id)
        for key in sorted(self.listed.keys() - self.struck):
            tenants.list_as_told(tx, side.parts.address_hash(key), side.tenant_id, self.listed[key])


def adopt(tx: Tx, side: Side, persons: set[bytes], told: set[bytes]) -> bool:
    """Bring these people's rows in line, and those who wait for a name. Whether anybody has come.

    `told` are the notices that have come with it.
    """
    waiting = {user_id.bytes for user_id in users.misplaced(tx.conn, side.tenant_id)} if persons else set()
    ids = [UUID(bytes=user) for user in sorted(persons | waiting)]
    rows = {row.id: row for row in users.some(tx.conn, side.tenant_id, ids)}
    directory, changes = _Directory(), []
    for user_id in ids:
        row, step = rows.get(user_id), people.step(side.house, user_id.bytes)
        if step is not None and step >= REVOKED and row is not None:
            warning.warn(tx, side, row, {}, told)
            letting_go.remove(tx, side, row)
            directory.struck |= _real(row.email_key)
        elif step == ACTIVE and (change := _change(side, user_id, row)) is not None:
            changes.append(change)
    with tx.quiet():
        _make_room(tx, changes)
        for change in changes:
            _write(tx, side, change, directory)
    for change in changes:
        if change.row is not None:
            letting_go.after(tx, side, change.row, change.columns)
            warning.warn(tx, side, change.row, change.columns, told)
    directory.write(tx, side)
    if changes:
        tx.after_commit.append(side.parts.people.forget)
    return any(change.row is None for change in changes)


def _change(side: Side, user_id: UUID, row: Any) -> _Change | None:
    """What of the person's row has to be another; None where nothing has."""
    told = people.image(side.house, user_id.bytes)
    if row is None:
        if "username" not in told:
            return None
        return _Change(user_id, None, told | passwords.columns(side, user_id.bytes))
    if passwords.is_another(side, row):
        told |= passwords.columns(side, user_id.bytes)
    columns = {name: wanted for name, wanted in told.items() if getattr(row, name) != wanted}
    return _Change(user_id, row, columns) if columns else None


def _make_room(tx: Tx, changes: list[_Change]) -> None:
    """Give up the names that change, before others take them."""
    for change in changes:
        given_up = [name for name in _NAMES if change.row is not None and change.news(name)]
        if given_up:
            place = users.holding_place(change.id)
            users.change(tx, change.row.tenant_id, change.id, **dict.fromkeys(given_up, place))


def _write(tx: Tx, side: Side, change: _Change, directory: _Directory) -> None:
    for name, find in _NAMES.items():
        key = change.columns.get(name)
        holder = None if key is None else find(tx.conn, side.tenant_id, key)
        if holder is not None and holder.id != change.id:
            change.columns[name] = users.holding_place(change.id)
    if change.news("email_key"):
        directory.struck |= _real(change.before("email_key"))
        directory.listed |= dict.fromkeys(_real(change.columns["email_key"]), people.who_told(side, change.id))
    if change.row is not None:
        users.change(tx, side.tenant_id, change.id, **change.columns)
        return
    made = number(value(side.house.state(Cell(Kind.USER, change.id.bytes)), "created"))
    known = {} if made is None else {"created_at": made}
    users.add(tx, {"tenant_id": side.tenant_id, "id": change.id, **change.columns, **known})


def _real(key: str | None) -> set[str]:
    """An address, if it is one and no placeholder."""
    return {key} if key is not None and "@" in key else set()
