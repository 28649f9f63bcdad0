"""What can't be beaten: SQLite's durable writes with the same rows, and Argon2 on one core."""

import sqlite3
import time
from pathlib import Path

from argon2 import PasswordHasher

_SESSION = b"s" * 16
_TABLES = """
CREATE TABLE session (tenant BLOB, id BLOB, hash BLOB, previous BLOB, client BLOB, sealed BLOB, a INT, b BLOB, c INT,
  d INT, e BLOB, f INT, seen INT, ip TEXT, PRIMARY KEY (tenant, id)) WITHOUT ROWID;
CREATE TABLE head (tenant BLOB PRIMARY KEY, seq INT, hash BLOB) WITHOUT ROWID;
CREATE TABLE audit (tenant BLOB, node BLOB, seq INT, at INT, event TEXT, subject BLOB, session BLOB, ip TEXT,
  device TEXT, detail TEXT, hash BLOB, PRIMARY KEY (tenant, node, seq)) WITHOUT ROWID;
CREATE INDEX audit_subject ON audit (tenant, subject, at);
"""
_ROTATE = (
    "UPDATE session SET hash=?, previous=?, client=?, sealed=?, a=?, b=?, c=?, d=?, e=?, f=?, seen=?, ip=? "
    "WHERE tenant=? AND id=?"
)


def rotations(directory: Path, count: int, sessions: int = 200) -> float:
    """Durable rotations a second: a refresh's rows, eight to a commit, synchronous=FULL, plain sqlite3."""
    database = sqlite3.connect(directory / "floor.db", isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
        database.execute(f"PRAGMA {pragma}")
    database.executescript(_TABLES)
    ids = [number.to_bytes(16) for number in range(sessions)]
    for one in ids:
        database.execute("INSERT INTO session (tenant, id) VALUES (?, ?)", (_SESSION, one))
    database.execute("INSERT INTO head VALUES (?, 0, x'00')", (_SESSION,))
    began = time.perf_counter()
    for number in range(0, count, 8):
        database.execute("BEGIN IMMEDIATE")
        for seq in range(number, number + 8):
            _rotate(database, ids[seq % sessions], seq)
        database.execute("COMMIT")
    seconds = time.perf_counter() - began
    database.close()
    return count / seconds


def _rotate(database: sqlite3.Connection, session: bytes, seq: int) -> None:
    digest = seq.to_bytes(32)
    database.execute("SELECT * FROM session WHERE tenant=? AND id=?", (_SESSION, session)).fetchone()
    times = (seq, b"b" * 16, seq, seq, b"b" * 16, seq, seq, "10.0.0.1")
    database.execute(_ROTATE, (digest, digest, digest, b"s" * 140, *times, _SESSION, session))
    database.execute("SELECT seq, hash FROM head WHERE tenant=?", (_SESSION,)).fetchone()
    database.execute("UPDATE head SET seq=?, hash=? WHERE tenant=?", (seq, digest, _SESSION))
    row = (_SESSION, _SESSION, seq, seq, "refresh", session, session, "10.0.0.1", "bench", "{}", digest)
    database.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


def hashes(seconds: float) -> float:
    """Argon2id verifications a second on this core, with the hub's default parameters."""
    hasher = PasswordHasher(2, 19 * 1024, 1)
    phc = hasher.hash("Zebra-River-42!")
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        hasher.verify(phc, "Zebra-River-42!")
        count += 1
    return count / (time.perf_counter() - began)
