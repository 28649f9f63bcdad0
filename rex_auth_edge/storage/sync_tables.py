"""The tables of synchronisation: a household's cells and their order, the cloud's of its hubs, a hub's of itself.

Structures that only `sync` reads are kept whole, as MessagePack. Ids of cells are 16 bytes, not all of them UUIDs.
"""

import sqlalchemy as sa

from rex_auth_edge.storage.columns import Id, column, deadline, exact, key, table

_STATE = sa.LargeBinary(1024 * 1024)
_RECORD = sa.LargeBinary(64 * 1024)
_POSITION = ("epoch", sa.Integer), ("seq", sa.BigInteger)

sync_cells = table(
    "sync_cells",
    key("tenant_id"),
    key("kind", exact(32)),
    key("id", sa.BINARY(16)),
    column("lane", sa.SmallInteger),
    *(column(name, kind) for name, kind in _POSITION),
    column("place", sa.Integer),
    column("state", _STATE),
    column("over", _STATE, null=True),
    column("mine", sa.LargeBinary(1024), null=True),
    sa.Index(None, "tenant_id", "lane", "epoch", "seq", "place", sqlite_where=sa.text("epoch <> 0")),
)
"""`state` is what the cloud has; epoch 0 where it has nothing. `over` is that with a hub's own changes, whose numbers
are in `mine` as long as they are to be shown. `place` is the cell's leaf in the digest's tree. A hub's index has only
what the cloud has: what is new here isn't put into it twice.

Ids come at random: an index beside the key's, in the order of anything but time, would double what a write costs.
"""

sync_names = table(
    "sync_names",
    key("tenant_id"),
    key("kind", exact(32)),
    key("id", sa.BINARY(16)),
    column("name", exact(255)),
    sa.Index(None, "tenant_id", "kind", "name"),
)
"""What no two people may share: the field `key` of a username or an address, of `over` where there is one."""

sync_sums = table(
    "sync_sums",
    key("tenant_id"),
    key("lane", sa.SmallInteger),
    key("place", sa.SmallInteger),
    column("sums", sa.LargeBinary(1024)),
)
"""The digest's tree over `sync_cells.state`: place 0 has the sums of the root's 64 branches.

Other places are of earlier versions, which kept the level below as well; nothing reads them any more.
"""

sync_standings = table(
    "sync_standings",
    key("tenant_id"),
    column("value", _RECORD),
    column("digest_key", sa.BINARY(32)),
)
"""In the cloud: a household's head row. A household without one isn't shared with any hub."""

sync_members = table("sync_members", key("tenant_id"), key("hub_id"), column("value", _RECORD))
"""In the cloud: a hub as it is known there (`sync.cloud.store.Member`), removed ones included."""

sync_ends = table(
    "sync_ends",
    key("tenant_id"),
    key("hub_id"),
    key("incarnation", sa.Integer),
    key("lane", sa.SmallInteger),
    column("value", sa.LargeBinary(255)),
)
"""In the cloud: how far a hub's incarnation has got with a lane (`sync.cloud.store.End`)."""

sync_dead = table(
    "sync_dead",
    key("tenant_id"),
    key("subject", sa.BINARY(16)),
    *(column(name, kind) for name, kind in _POSITION),
    column("since", sa.BigInteger),
    sa.Index(None, "since"),
)
"""In the cloud: what has come to its end, at which place, and `since` when, in milliseconds by the cloud's clock."""

sync_buried = table(
    "sync_buried",
    key("tenant_id"),
    key("number", sa.BigInteger),
    column("subject", sa.BINARY(16)),
    sa.Index(None, "tenant_id", "subject"),
)
"""In the cloud: ids of what was deleted and is forgotten, numbered in that order, by which hubs hear of them."""

sync_hours = table(
    "sync_hours",
    key("tenant_id"),
    key("hour", sa.Integer),
    *(column(name, kind) for name, kind in _POSITION),
)
"""In the cloud: where a household's order stood when an hour brought its first change.

Hours are counted since 1970 by the cloud's clock. Where none came there is no row; the oldest go.
"""

sync_claims = table(
    "sync_claims",
    key("tenant_id"),
    key("id"),
    column("code_hash", sa.BINARY(32)),
    column("made_by", Id()),
    column("created_at", sa.BigInteger),
    *deadline("expires"),
    column("used_at", sa.BigInteger, null=True),
    column("used_by", Id(), null=True),
    sa.Index(None, "created_at"),
)
"""In the cloud: codes with which an owner lets a hub in."""

sync_enrolments = table(
    "sync_enrolments",
    key("tenant_id"),
    column("value", _RECORD),
    column("digest_key", sa.BINARY(32)),
    column("enrolment", _RECORD),
    column("paused", sa.Boolean),
    column("reached_at", sa.BigInteger, null=True),
    column("agreed_at", sa.BigInteger, null=True),
    column("trouble", exact(64), null=True),
    column("repairs", sa.BigInteger, default="0"),
    rowid=True,
)
"""On a hub: where it stands with a household's cloud. `enrolment` is with whom, and under which keys, sealed."""

sync_pending = table("sync_pending", key("tenant_id"), column("request", sa.LargeBinary(512 * 1024)), rowid=True)
"""On a hub: the request that is under way; apart, since a row is rewritten whole and the hub's is by every write."""

sync_entries = table(
    "sync_entries",
    key("tenant_id"),
    key("lane", sa.SmallInteger),
    key("number", sa.BigInteger),
    column("kind", exact(32)),
    column("id", sa.BINARY(16)),
    column("value", _STATE),
)
"""A hub's own changes: written once, and deleted when they are durable in the cloud."""

sync_given = table(
    "sync_given",
    key("tenant_id"),
    key("lane", sa.SmallInteger),
    key("upto", sa.BigInteger),
    *(column(name, kind) for name, kind in _POSITION),
    column("passed", sa.Boolean),
)
"""The entries of a lane that the cloud has, by their numbers up to this one: where, and whether they have come back."""

sync_lost = table(
    "sync_lost",
    key("tenant_id"),
    key("kind", exact(32)),
    key("id", sa.BINARY(16)),
    column("lane", sa.SmallInteger),
    column("value", _STATE),
)
"""On a hub: what a restored cloud may have forgotten of a cell (`sync.hub.store.Lost`). Nothing reads `lane`."""

sync_kept = table(
    "sync_kept",
    key("tenant_id"),
    key("origin", sa.BINARY(16)),
    key("incarnation", sa.Integer),
    key("number", sa.BigInteger),
    column("verifier", sa.LargeBinary(255)),
)
"""On a hub: verifiers of its own by their tags, since the cloud's row of a password may be without."""

sync_audited = table(
    "sync_audited",
    key("tenant_id"),
    key("node_id"),
    key("incarnation", sa.Integer),
    column("seq", sa.BigInteger),
)
"""Up to where a node's own audit chain has been written as changes."""
