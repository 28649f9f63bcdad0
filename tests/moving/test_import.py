"""`rex-auth-edge import`: who moves in, as whom, and that they keep their passwords."""

import asyncio
import hashlib
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from rex_auth_edge.cli import importing
from rex_auth_edge.machine import wall_milliseconds
from rex_auth_edge.storage.open import open_store
from rex_auth_edge.storage.tables import auth_sessions, users
from tests.cli.consoles import Console
from tests.doubles import HandClock, SeededEntropy
from tests.hub import household
from tests.mariadb import MariaServer
from tests.moving.original import HASHER, NOW, PASSWORD, Original, on_mariadb, on_sqlite


@pytest.fixture(params=["sqlite", pytest.param("mariadb", marks=pytest.mark.mariadb)])
def original(request: pytest.FixtureRequest, tmp_path: Path) -> Original:
    """An empty database of the original's, once on each engine."""
    if request.param == "sqlite":
        return on_sqlite(tmp_path)
    server: MariaServer = request.getfixturevalue("mariadb_server")
    return on_mariadb(server)


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Original]:
    """The same on SQLite, for what the engine has no part in."""
    return on_sqlite(tmp_path)  # type: ignore[return-value]


def family(original: Original) -> Original:
    """Four people of four tenants, each with something to carry over."""
    original.add("maya", "maya@example.com")
    original.add("noah", "noah@example.com", email_verified=False)
    original.fail(original.add("banned", "banned@example.com", status="TEMP_BANNED"), 5, timedelta(hours=3))
    original.add("gone", "gone@example.com", status="HARD_BANNED")
    original.fail(original.add("over", "over@example.com", status="TEMP_BANNED"), 4, -timedelta(hours=3))
    original.resets = [{"user_id": 1, "changed_at": NOW - timedelta(days=9), "change_reason": "RESET"}]
    return original.write()


def source_of(original: Original) -> list[str]:
    """The option that names it."""
    return ["--source", original.url.render_as_string(hide_password=False)]


def signed_in(console: Console, *tries: tuple[str, str]) -> list[tuple[int, str]]:
    """What a hub on the console's database answers to sign-ins: status and code, or the household."""

    async def run() -> list[tuple[int, str]]:
        clock = HandClock(wall=wall_milliseconds())
        database = sa.make_url(f"sqlite:///{console.data_dir / 'rex-auth-edge.db'}")
        store = await open_store(database, console.data_dir, clock, SeededEntropy())
        home = await household(store, clock, console.data_dir)
        answers = []
        async with home.client() as client:
            for name, password in tries:
                answer = await client.post("/auth/login", json={"email": name, "password": password})
                said = answer.json()
                answers.append((answer.status_code, said.get("code") or said["tenant_id"]))
        await home.hub.close()
        await store.close()
        return answers

    return asyncio.run(run())


def rows(console: Console, query: sa.Select[Any]) -> list[Any]:
    """Rows of the console's database."""
    engine = sa.create_engine(f"sqlite:///{console.data_dir / 'rex-auth-edge.db'}", poolclass=sa.pool.NullPool)
    with engine.connect() as conn:
        return list(conn.execute(query).all())


def test_a_dry_run_writes_nothing(original: Original, stopped: Console) -> None:
    """Without --apply it is told what would happen, and neither side is changed."""
    family(original)
    said = stopped.done("import", *source_of(original), "--into", "home")
    assert (said["dry_run"], said["moved"], said["left_out"]) == (True, 5, 0)
    assert said["source"] == {"tenants": 5, "people": 5}
    assert rows(stopped, sa.select(users)) == []


def test_people_keep_their_passwords(original: Original, stopped: Console) -> None:
    """Everybody signs in as before, or is refused as before; a hash is made anew at the first sign-in."""
    family(original)
    assert stopped.done("import", *source_of(original), "--into", "home", "--apply")["moved"] == 5
    before = dict(rows(stopped, sa.select(users.c.username, users.c.password_hash)))
    answers = signed_in(
        stopped,
        ("maya@example.com", "Wrong-Word-11!"),
        ("maya@example.com", PASSWORD),
        ("noah@example.com", PASSWORD),
        ("banned@example.com", PASSWORD),
        ("gone@example.com", PASSWORD),
        ("over@example.com", PASSWORD),
    )
    assert [code for status, code in answers if status != 200] == [
        *("invalid_credentials", "email_not_verified", "account_temporarily_banned", "account_permanently_banned"),
    ]
    assert [status for status, _ in answers] == [401, 200, 403, 403, 403, 200]
    after = dict(rows(stopped, sa.select(users.c.username, users.c.password_hash)))
    assert {name for name, hashed in after.items() if hashed != before[name]} == {"maya", "over"}


def test_each_tenant_becomes_a_household(original: Original, stopped: Console) -> None:
    """With --each every tenant is a household, owned by its oldest person."""
    original.add("maya", "maya@example.com")
    original.add("noah", "noah@example.com", tenant=1)
    original.add("ivo", "ivo@example.com")
    original.write()
    assert stopped.done("import", *source_of(original), "--each")["households"] == 2
    said = stopped.done("import", *source_of(original), "--each", "--apply")
    assert (said["moved"], said["households"], said["notices"]) == (3, 2, [])
    roles = rows(stopped, sa.select(users.c.username, users.c.role, users.c.tenant_id))
    assert {row.username: row.role for row in roles} == {"maya": "owner", "noah": "adult", "ivo": "owner"}
    assert len({row.tenant_id for row in roles}) == 2
    assert [status for status, _ in signed_in(stopped, ("noah@example.com", PASSWORD))] == [200]


def test_run_again_it_does_no_harm(original: Original, stopped: Console) -> None:
    """A second run moves nobody, changes nothing, and brings nobody back who was removed since."""
    family(original)
    stopped.done("import", *source_of(original), "--into", "home", "--apply")
    stopped.done("user", "remove", "noah", "--yes")
    before = rows(stopped, sa.select(users))
    said = stopped.done("import", *source_of(original), "--into", "home", "--apply")
    assert (said["moved"], said["before"]) == (0, 5)
    assert rows(stopped, sa.select(users)) == before


def test_what_clashes_is_resolved_and_told(source: Original, stopped: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who was first keeps a name; the others get another, or none, and a line of the report; so says a dry run."""
    monkeypatch.setattr(importing, "PAGE", 2)
    source.add("sam", "sam@example.com")
    source.add("Sam", "other@example.com")
    source.add("sam three", "third@example.com")
    source.add("twin", "SAM@example.com")
    source.add("squatter", "sam@EXAMPLE.com", email_verified=False)
    source.add("nowhere", "not an address")
    source.add("old", "old@example.com", password_hash="$2b$12$abcdefghijklmnopqrstuv")
    source.write()
    dry = stopped.done("import", *source_of(source), "--into", "home")
    said = stopped.done("import", *source_of(source), "--into", "home", "--apply")
    assert {**said, "dry_run": True} == dry
    assert [(each["person"], each["what"]) for each in said["notices"]] == [
        *((2, "username_changed"), (3, "username_changed"), (4, "email_taken")),
        *((5, "email_taken"), (5, "never_verified"), (6, "email_invalid"), (7, "password_unusable")),
    ]
    assert (said["moved"], said["left_out"]) == (6, 1)
    names = rows(stopped, sa.select(users.c.username, users.c.email).order_by(users.c.id))
    assert [tuple(row) for row in names] == [
        *(("sam", "sam@example.com"), ("Sam-2", "other@example.com"), ("samthree", "third@example.com")),
        *(("twin", None), ("nowhere", None), ("old", "old@example.com")),
    ]
    assert said["notices"][0]["said"] == "has another username: Sam-2"


def test_cut_off_it_goes_on_where_it_was(
    source: Original,
    stopped: Console,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Killed between two pages, what was moved stays moved, and the next run does the rest."""
    monkeypatch.setattr(importing, "PAGE", 2)
    for number in range(7):
        source.add(f"person{number}", f"person{number}@example.com", password_hash=HASHER.hash("x"))
    source.write()
    pages: list[int] = []

    def cut(page: Any, outcome: Any) -> None:
        pages.append(1)
        if len(pages) > 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(importing, "_give", cut)
        said = stopped.run("import", *source_of(source), "--into", "home", "--apply")
        assert (said.exit_code, "after 3 of 7 people" in said.stderr) == (1, True), said.stderr
        assert "Run it again" in said.stderr
        pages.clear()
        assert "Nothing was written" in stopped.run("import", *source_of(source), "--into", "home").stderr
    assert len(rows(stopped, sa.select(users))) == 4
    said = stopped.done("import", *source_of(source), "--into", "home", "--apply")
    assert (said["moved"], said["before"]) == (3, 4)
    assert len(rows(stopped, sa.select(users))) == 7


def test_one_is_one(source: Original, stopped: Console) -> None:
    """What is told to people counts as they do."""
    source.add("maya", "maya@example.com")
    source.write()
    said = stopped.said("import", *source_of(source), "--each", "--apply")
    assert said.splitlines()[:2] == ["The source has 1 person in 1 tenant.", "1 was moved in, 1 household was made."]


def test_the_source_is_left_as_it_is(source: Original, stopped: Console, tmp_path: Path) -> None:
    """Not a byte of the file is another afterwards, and nothing lies beside it."""
    family(source)
    path = Path(str(source.url.database))
    folder = tmp_path / "read-only"
    folder.mkdir()
    shutil.copy(path, folder)
    before = hashlib.sha256(path.read_bytes()).digest()
    copy = ["--source", f"sqlite:///{folder / path.name}"]
    assert stopped.done("import", *copy, "--into", "home", "--apply")["moved"] == 5
    assert hashlib.sha256((folder / path.name).read_bytes()).digest() == before
    assert [each.name for each in folder.iterdir()] == [path.name]


@pytest.mark.mariadb
def test_a_user_who_may_only_read_is_enough(mariadb_server: MariaServer, stopped: Console, tmp_path: Path) -> None:
    """With a password from a file, and no right but SELECT."""
    original = family(on_mariadb(mariadb_server))
    mariadb_server.sql(f"GRANT SELECT ON {original.url.database}.* TO 'mover'@'127.0.0.1' IDENTIFIED BY 'a-password'")
    secret = tmp_path / "password"
    secret.write_text("a-password\n")
    url = original.url.set(username="mover", drivername="mysql").render_as_string()
    said = stopped.done("import", "--source", url, "--password-file", str(secret), "--into", "home", "--apply")
    assert said["moved"] == 5
    assert rows(stopped, sa.select(auth_sessions)) == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--source", "mysql://root:word@h/d", "--each"], "invalid_field"),
        (["--source", "postgresql://h/d", "--each"], "invalid_field"),
        (["--source", "mysql://root@h", "--each"], "invalid_field"),
        (["--source", "mysql://root@h/", "--each"], "invalid_field"),
        (["--source", "sqlite://", "--each"], "invalid_field"),
        (["--source", "sqlite:////nowhere/at/all.db", "--each"], "source"),
        (["--source", "sqlite:///x"], "wrong_usage"),
        (["--source", "sqlite:///x", "--each", "--into", "home"], "wrong_usage"),
    ],
)
def test_what_makes_no_sense_is_refused(stopped: Console, arguments: list[str], code: str) -> None:
    """A password in the arguments, another engine, no database, no file, and neither or both of the ways."""
    result = stopped.run("import", *arguments, "--json")
    assert result.exit_code in ({2} if code == "wrong_usage" else {1, 3})
    assert f'"code": "{code}"' in result.stderr


def test_another_programs_database_is_refused(stopped: Console) -> None:
    """The hub's own is no source either."""
    result = stopped.run("import", "--source", f"sqlite:///{stopped.data_dir / 'rex-auth-edge.db'}", "--each")
    assert result.exit_code == 3
    assert "no REX-47 database" in result.stderr
