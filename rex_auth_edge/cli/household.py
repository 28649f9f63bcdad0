"""`rex-auth-edge household`: households, their policy, and codes that wait to be handed over."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

from rex_auth_edge.cli.ask import Ask
from rex_auth_edge.cli.command import command
from rex_auth_edge.cli.command import household as which
from rex_auth_edge.cli.show import Column, Facts, Table, time, when

_COLUMNS = (
    Column("household", "slug"),
    Column("name", "name"),
    Column("default", "default"),
    Column("owned", "claimed"),
    Column("members", "members", right=True),
    Column("sessions", "sessions", right=True),
    Column("registration", "registration"),
)
_CODES = (
    Column("waiting", "id"),
    Column("e-mail", "email"),
    Column("username", "username"),
    Column("since (UTC)", time("created_at")),
    Column("until (UTC)", time("expires_at")),
)

_GRANTS = {"wait": "wait for an owner at home", "stand": "stand"}


@click.group()
def household() -> None:
    """Households, their policy, codes to hand over."""


def _listed(rows: Sequence[Mapping[str, Any]]) -> Table:
    return Table(_COLUMNS, rows)


@command(household, "list", example="rex-auth-edge household list", answer=_listed)
def list_(ask: Ask) -> Any:
    """Show the hub's households."""
    return ask("household.list")


def _shown(said: Mapping[str, Any]) -> list[Facts]:
    facts = {
        "household": said["slug"],
        "name": said["name"],
        "id": said["id"],
        "default": said["default"],
        "owned": said["claimed"],
        "members": said["members"],
        "sessions": said["sessions"],
        "since": f"{when(said['created_at'])} UTC",
    }
    return [Facts(facts | _rules(said["policy"]))]


def _rules(policy: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "registration": policy["registration"],
        "password rule": policy["password_rule"],
        "session life": policy["session_life"],
        "idle life": policy["idle_life"],
        "shares": ", ".join(policy["shares"]) or "nothing",
        "after a reboot": "everybody signs in anew" if policy["fresh_after_reboot"] else "people stay signed in",
        "voice": "acts for those who let it" if policy["voice"] else "acts for nobody",
        "roles given in the cloud": _GRANTS.get(policy.get("cloud_grants", "")),
        "passwords at home only": ", ".join(policy.get("passwords_home", [])) or None,
    }


@command(household, "show", example="rex-auth-edge household show --household home", answer=_shown)
@which
def show(ask: Ask, *, household: str | None) -> Any:
    """Show one household and its policy."""
    return ask("household.show", household=household)


def _created(said: Mapping[str, Any]) -> str:
    slug, code = said["slug"], said["setup_code"]
    then = f"Its setup code: {code}" if code else "Its setup code is shown when the hub starts."
    if said["claimed_by"] == "invitation":
        then = f"Invite its owner: rex-auth-edge invite create --household {slug} --role owner"
    return f"Household {slug} is there. {then}"


@command(household, "create", example='rex-auth-edge household create "Grandma" --slug grandma', answer=_created)
@click.argument("name")
@click.option("--slug", help="The short name in commands and addresses; without it made of NAME.")
def create(ask: Ask, *, name: str, slug: str | None) -> Any:
    """Make another household called NAME; its first owner comes by its own setup code, in the cloud by invitation."""
    return ask("household.create", name=name, slug=slug)


@command(
    household,
    "rename",
    example='rex-auth-edge household rename "The Lindens"',
    answer=lambda said: f"It is {said['name']}.",
)
@which
@click.argument("name")
def rename(ask: Ask, *, name: str, household: str | None) -> Any:
    """Call the household NAME; its slug stays."""
    return ask("household.rename", name=name, household=household)


@household.group()
def policy() -> None:
    """What holds in a household."""


def _policy(said: Mapping[str, Any]) -> Facts:
    return Facts(_rules(said) | {"version": said["version"]})


@command(policy, "show", example="rex-auth-edge household policy show", answer=_policy)
@which
def policy_show(ask: Ask, *, household: str | None) -> Any:
    """Show who may register, which passwords are good, how long sessions last, what may leave for the cloud."""
    return ask("household.policy", household=household)


@command(
    policy, "set", example="rex-auth-edge household policy set --registration closed --idle-life 3d", answer=_policy
)
@which
@click.option("--registration", help="Who may join: open, invite or closed.")
@click.option("--password-rule", help="composition (8 characters of four kinds) or length (15 of any).")
@click.option("--session-life", metavar="TIME", help="How long a session lasts at most, like 90d.")
@click.option("--idle-life", metavar="TIME", help="How long an unused session lasts, like 7d.")
@click.option("--shares", metavar="LIST", help='What may leave for the cloud: profiles,passwords,sessions,audit or "".')
@click.option("--fresh-after-reboot", metavar="on|off", help="Whether everybody signs in anew after a reboot.")
@click.option("--voice", metavar="on|off", help="Whether devices that recognise people may act for them.")
@click.option("--cloud-grants", metavar="wait|stand", help="What becomes of a role that is given in the cloud.")
@click.option("--passwords-home", metavar="LIST", help='Whose passwords only the hub knows: usernames, or "".')
def policy_set(ask: Ask, *, household: str | None, **fields: str | None) -> Any:
    """Change what is named and leave the rest; for sessions that begin and passwords that are set from now on."""
    wanted = {name: text for name, text in fields.items() if text is not None}
    if not wanted:
        raise click.UsageError("Say what to change, like --registration closed.")
    return ask("household.set_policy", wanted=wanted, household=household)


def _codes(rows: Sequence[Mapping[str, Any]]) -> Table:
    return Table(_CODES, rows, empty="Nobody waits for a code.")


@command(household, "codes", example="rex-auth-edge household codes", answer=_codes)
@which
def codes(ask: Ask, *, household: str | None) -> Any:
    """Show who waits for the code of a registration while its letter can't leave."""
    return ask("household.codes", household=household)


def _handed(said: Mapping[str, Any]) -> str:
    return f"Tell {said['email']} this code: {said['code']}"


@command(household, "hand-over", example="rex-auth-edge household hand-over maya@example.com", answer=_handed)
@which
@click.argument("who")
def hand_over(ask: Ask, *, who: str, household: str | None) -> Any:
    """Show the code that WHO (an e-mail address, or an id of `household codes`) waits for; its letter isn't sent then.

    It is on record who was helped in this way. A password reset is never handed over like this: see `user reset`.
    """
    return ask("household.hand_over", who=who, household=household)
