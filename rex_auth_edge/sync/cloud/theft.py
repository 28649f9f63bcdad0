"""What a stolen hub has changed beside whom it has let in, as far as it is taken back (see `aftermath` for the rest).

Of what was there before it nobody knows: a changed field keeps its latest value alone, so what is taken back isn't as
it was, but as it is safe.
"""

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from rex_auth_edge.domain.clock import HOUR
from rex_auth_edge.sync.cloud.lifted import formerly
from rex_auth_edge.sync.cloud.unsaid import Unsaid
from rex_auth_edge.sync.house import House, field, revoked, session_lives
from rex_auth_edge.sync.kinds import ACTIVE, HOUSEHOLD, Kind
from rex_auth_edge.sync.order import START, Position
from rex_auth_edge.sync.outcome import Follow, Then
from rex_auth_edge.sync.rules.distrust import SPARED, is_later, is_untrusted
from rex_auth_edge.sync.rules.names import ADDRESS
from rex_auth_edge.sync.rules.notices import ASKED_BY
from rex_auth_edge.sync.state import Cell, Held, Incoming, State

_RULES = Cell(Kind.POLICY, HOUSEHOLD)
SAFE: Mapping[str, Any] = MappingProxyType({
    "cloud_grants": "wait",
    "fresh_after_reboot": True,
    "idle_life": HOUR,
    "password_rule": "length",
    "session_life": HOUR,
    "voice": False,
})  # fmt: skip
"""Whatever the household had before, these are as strict: the shortest lives that there are, the longest passwords.

What it is called stays: no name is safer than another.
"""
_SHARES, _PASSWORDS, _HOME = "shares", "passwords", "passwords_home"
OPENED = "opened"
"""Why such a device goes."""
_OPENING = frozenset({"public_key", "scopes", "way"})
_BARS = (Kind.BAN, Kind.DISABLED)


def taken_back(change: Incoming, since: Position, house: House) -> Iterator[Follow]:
    """Rules, and addresses: by a link that is mailed there a thief would set the password that has to be set anew.

    People have the one that they had when it was stolen; where nobody knows that, none, but for who removes it.
    Devices as well to which it has given another key or other rights: each is added anew.
    """
    put = put_by(_RULES, change.cell.id, since, house)
    alone = all(revoked(house, Kind.HUB, each) for each in house.subjects(Kind.HUB))
    safe = {name: _safe(name, held.value, alone=alone) for name, held in put.items()}
    rules = {name: value for name, value in safe.items() if value != put[name].value}
    if rules:
        yield Follow(Then.PUT, _RULES, rules)
    for user in house.subjects(Kind.EMAIL):
        cell = Cell(Kind.EMAIL, user)
        if ADDRESS not in put_by(cell, change.cell.id, since, house):
            continue
        former = _former(cell, house) if since > START else None
        if former:
            yield Follow(Then.RESTORE, cell, State(fields=former))
        elif field(house, cell, ADDRESS) is not None and (former is not None or user != change.actor):
            yield Follow(Then.UNSET_EMAIL, cell)
    for device in house.subjects(Kind.DEVICE):
        if not revoked(house, Kind.DEVICE, device) and _opened(device, change.cell.id, since, house):
            yield Follow(Then.REVOKE, Cell(Kind.DEVICE, device), OPENED)


def begun(change: Incoming, since: Position, house: House, some: Collection[bytes]) -> Iterator[Follow]:
    """Sessions of `some` that were begun since: a thief signs in anywhere with a password that he has set, or had."""
    spared = change.state.fields.get(SPARED)
    for session in house.subjects(Kind.SESSION):
        rung, user = house.state(Cell(Kind.SESSION, session)).rung, field(house, Cell(Kind.SESSION, session), "user")
        late = rung is not None and rung.at > since and session_lives(house, session)
        if late and user in some and (spared is None or spared.value != session):
            yield Follow(Then.REVOKE, Cell(Kind.SESSION_END, session))


def asked(unsaid: Unsaid) -> Iterator[Follow]:
    """What owners are to decide because of the hub, and what it would have people read."""
    house = unsaid.house
    for kind in (Kind.REVIEW, Kind.NOTICE):
        for subject in house.subjects(kind):
            rung = house.state(Cell(kind, subject)).rung
            if rung is None or rung.step > ACTIVE or rung.at <= unsaid.since:
                continue
            if unsaid.is_said(rung) or field(house, Cell(kind, subject), ASKED_BY) == unsaid.hub:
                yield Follow(Then.REVOKE, Cell(kind, subject))


def _opened(device: bytes, hub: bytes, since: Position, house: House) -> bool:
    """Whether the hub has said with what key a device of another's comes in or what it may do, or let it in again."""
    described = put_by(Cell(Kind.DEVICE_PROFILE, device), hub, since, house)
    held = put_by(Cell(Kind.DEVICE, device), hub, since, house).get("suspended")
    return bool(_OPENING & described.keys()) or (held is not None and held.value is not True)


def put_by(cell: Cell, hub: bytes, since: Position, house: House) -> dict[str, Held]:
    """The fields that are as the hub has put them since."""
    fields = house.state(cell).fields
    return {name: held for name, held in sorted(fields.items()) if is_later(held, hub, since)}


def _safe(name: str, value: Any, *, alone: bool) -> Any:
    """What the rule is to be in place of this value; the same where none is safer.

    Whether passwords stay at home is left as it is: verifiers that aren't shared bar their people from the cloud, the
    others leave home. But for where the household has no hub any more: what is kept at home then is kept nowhere.
    """
    if name == _SHARES:
        return _PASSWORDS if alone or not isinstance(value, str) or _PASSWORDS in value.split(",") else ""
    return [] if name == _HOME and alone else SAFE.get(name, value)


def _former(cell: Cell, house: House) -> dict[str, Held] | None:
    """What was there last that no hub had put which wasn't trusted then; None where nobody knows."""
    found = None
    for fields in formerly(house.state(cell)):
        address = fields.get(ADDRESS)
        if address is None or not is_untrusted(address.by.origin, address.at, house):
            found = fields if address else {}
    return found


def freed(unsaid: Unsaid, some: Collection[bytes], *, barred: bool) -> Iterator[Follow]:
    """Those of `some` whom the hub has banned; where they were `barred` by it as well, that too.

    What it had put there before stays, as does what others have.
    """
    for kind in _BARS if barred else (Kind.BAN,):
        for user in unsaid.house.subjects(kind):
            if user in some and any(map(unsaid.is_said, unsaid.house.state(Cell(kind, user)).marks)):
                yield unsaid.restored(Cell(kind, user))


def barred_again(unsaid: Unsaid, but: Collection[bytes | None]) -> Iterator[Follow]:
    """Whom a hub that wasn't trusted has let sign in again."""
    for user in unsaid.house.subjects(Kind.DISABLED):
        cell = Cell(Kind.DISABLED, user)
        if user not in but and set(unsaid.marks(cell)) - set(unsaid.house.state(cell).marks):
            yield unsaid.restored(cell)


def shut_out(unsaid: Unsaid, some: Collection[bytes]) -> list[bytes]:
    """Those of `some` who would be in if it weren't for the hub."""
    marks = {user: unsaid.house.state(Cell(Kind.DISABLED, user)).marks for user in some}
    return [user for user, every in marks.items() if every and all(map(unsaid.is_said, every))]
