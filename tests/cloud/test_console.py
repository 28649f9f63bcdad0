"""The console on a deployment's database: what is otherwise there than on a hub."""

import pytest

from tests.cli.consoles import Console

pytestmark = pytest.mark.mariadb


def test_a_household_is_owned_by_invitation(office: Console) -> None:
    """There are no setup codes: whoever makes a household is told how its owner comes in, and so says the doctor."""
    said = office.said("household", "create", "Oma")
    invite = "rex-auth-edge invite create --household oma --role owner"
    assert "setup code" not in said
    assert invite in said
    (owners,) = [each for each in office.run("doctor").stdout.splitlines() if invite in each]
    assert "Invite" in owners
    assert office.done(*invite.split()[1:])["role"] == "owner"
