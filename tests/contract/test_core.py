"""The main road: register, verify, validate, refresh, reset, sign out; by all three generations of paths."""

import pytest

from tests.hub import PASSWORD, Household

NEW_PASSWORD = "Harbour-Lamp-77?"


async def test_main_road(home: Household) -> None:
    """A person registers, is signed in, refreshes, signs out, and signs in again with the password."""
    async with home.client() as client:
        joined = await home.join(client, "maya@example.com", "maya")
        assert joined["token_type"] == "Bearer"
        assert joined["expires_in"] == 600
        good = await client.get("/auth/token/validate")
        assert good.json()["user"] == {"name": "maya", "email": "maya@example.com", "profilePicture": None}
        again = await client.post("/auth/token/refresh", json={})
        assert again.status_code == 200, again.text
        assert again.json()["refresh_token"] != joined["refresh_token"]
        bearer = {"authorization": f"Bearer {again.json()['access_token']}"}
        assert (await client.post("/auth/logout", headers=bearer)).status_code == 200
        assert (await client.get("/auth/token/validate", headers=bearer)).status_code == 401
        assert (await home.login(client, "maya@example.com")).status_code == 200


@pytest.mark.parametrize("path", ["/auth/reset-password", "/api/auth/password/reset", "/api/v1/password/reset"])
async def test_reset_on_every_path(home: Household, path: str) -> None:
    """A reset sets the new password on each of the paths that clients call it by."""
    async with home.client() as client:
        await home.join(client, "maya@example.com")
        token = await home.reset_token(client, "maya@example.com")
        answer = await client.post(path, json={"token": token, "password": NEW_PASSWORD})
        assert answer.status_code == 200, answer.text
        assert (await home.login(client, "maya@example.com", PASSWORD)).status_code == 401
        assert (await home.login(client, "maya@example.com", NEW_PASSWORD)).status_code == 200
