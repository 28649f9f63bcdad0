"""What README.md says is true: its settings, its commands, its first five minutes."""

import re
import subprocess
import sys
from pathlib import Path

import jwt
from click.testing import CliRunner

from rex_auth_edge.cli import main
from rex_auth_edge.domain.roles import PERMISSIONS, Act, Permission, Role
from rex_auth_edge.settings.table import TABLE, Setting
from tests.processes import environment, serving

README = Path(__file__).parent.parent / "README.md"
ROOMS = ("", "rex_auth_edge", "rex_auth_edge/sync", "rex_auth_edge/exchange")
"""Folders from which the README names files."""


def row(setting: Setting) -> str:
    """A setting's line in the README."""
    default = f"`{setting.default}`" if setting.default else "none"
    if setting.development:
        default += f"; `make run`: `{setting.development}`"
    return f"| `{setting.name}` | {default} | {setting.doc} |"


def permitted(act: Act, permission: Permission) -> str:
    """An act's line in the README."""
    allowed = [role in permission.roles for role in Role]
    cells = ["yes" if cell else "no" for cell in (*allowed, permission.fresh)]
    return "| " + " | ".join([f"{permission.says} (`{act}`)", *cells]) + " |"


def table(name: str) -> list[str]:
    """The lines of one of the README's tables, without its head."""
    text = README.read_text().partition(f"<!-- {name}:")[2].partition(f"<!-- end of {name} -->")[0]
    return text.splitlines()[3:]


def test_every_file_is_there() -> None:
    """Whoever looks for a file that the README names finds one, and no more than one."""
    named = set(re.findall(r"`((?:\w+/)*\w+\.py)`", README.read_text()))
    found = {name: sum((README.parent / room / name).exists() for room in ROOMS) for name in named}
    assert named
    assert {name for name, count in found.items() if count != 1} == set()


def test_every_setting_has_its_line() -> None:
    """The table of settings says what the program's own table says, in the same order."""
    assert table("settings") == [row(setting) for setting in TABLE]


def test_every_act_has_its_line() -> None:
    """The table of who may do what says what the program decides by, in the same order."""
    assert table("permissions") == [permitted(act, permission) for act, permission in PERMISSIONS.items()]


def test_the_contents_lead_to_every_section() -> None:
    """The first table has a link to each section, in their order, by the anchor that its title gets."""
    contents, _, rest = README.read_text().partition("\n## ")
    titles = re.findall(r"^## (.+)$", re.sub(r"```.*?```", "", f"\n## {rest}", flags=re.DOTALL), re.MULTILINE)
    anchors = [re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles]
    assert re.findall(r"\[([^]]+)\]\(#([^)]+)\)", contents) == list(zip(titles, anchors, strict=True))


def test_every_command_exists() -> None:
    """Each command that the README lists answers to --help."""
    commands = re.findall(r"^\| `rex-auth-edge ([a-z ]+?)(?: \[|`)", README.read_text(), re.MULTILINE)
    assert commands
    for command in commands:
        assert CliRunner().invoke(main, [*command.split(), "--help"]).exit_code == 0, command


def test_first_five_minutes(tmp_path: Path) -> None:
    """The README's own commands, with the code and the token that came, end as it says."""
    blocks = re.findall(r"```sh\n(.*?)```", README.read_text(), re.DOTALL)[:3]
    with serving(tmp_path / "data") as hub:

        def shell(script: str) -> str:
            script = script.replace("http://127.0.0.1:8000", hub.url)
            return subprocess.run(
                ["bash", "-euc", f"H={hub.url}\n{script}"],
                cwd=tmp_path,
                env=environment(tmp_path),
                capture_output=True,
                text=True,
                check=True,
            ).stdout

        begun = re.search(r'"temp_token":"([^"]+)"', shell(blocks[0]))
        assert begun
        code = hub.read_until(r"code is (\d{6})")
        typed = re.sub(r"TEMP_TOKEN=\S+", f"TEMP_TOKEN={begun.group(1)}", blocks[1])
        joined = shell(re.sub(r"CODE=\d+", f"CODE={code}", typed))
        assert '"message":"Token is valid"' in joined
        token = str(re.findall(r'"access_token":"([^"]+)"', joined)[0])
        key = jwt.PyJWKClient(f"{hub.url}/.well-known/jwks.json").get_signing_key_from_jwt(token)
        claims = jwt.decode(token, key, algorithms=["ES256"], audience="rex-platform", issuer="rex-auth-service")
        assert claims["email_verified"] is True
        ended = shell(blocks[2])
    assert '{"message":"Logged out"}' in ended
    assert ended.endswith('"code":"invalid_token"}')


def test_a_household_from_the_console(tmp_path: Path) -> None:
    """The README's terminal session: claim, invite, join by a code handed over, a child, a lifted ban, the audit."""
    (story,) = re.findall(r"```sh\nexport PATH=\$PWD/.venv/bin:\$PATH\n(.*?)```", README.read_text(), re.DOTALL)
    down = {"SMTP_ENABLED": "true", "SMTP_SERVER": "127.0.0.1", "SMTP_PORT": "9", "SMTP_USE_TLS": "false"}
    program = f'rex-auth-edge() {{ {sys.executable} -m rex_auth_edge "$@"; }}'
    with serving(tmp_path / "data", **down) as hub:
        told = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f"H={hub.url}\n{program}\n{story}"],
            cwd=tmp_path,
            env=environment(tmp_path / "data", COLUMNS="120", PYTHONPATH=str(README.parent)),
            capture_output=True,
            text=True,
            check=False,
        )
    assert told.returncode == 0, told.stderr
    lines = told.stdout.splitlines()
    assert '"role":"owner"' in lines[0]
    assert lines.count('{"access_token":"') == 2
    assert '"code":"account_temporarily_banned"' in told.stdout
    assert re.search(r"^noah .* adult +banned ", told.stdout, re.MULTILINE)
    assert re.search(r"^leo +Leo +- +child +active ", told.stdout, re.MULTILINE)
    assert lines[-1].startswith("The audit log is whole: ")
