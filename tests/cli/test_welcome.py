"""`welcome`: what somebody needs who comes to the hub for the first time."""

from tests.cli.consoles import Console


def test_welcome(running: Console) -> None:
    """The address and the setup code, and both in what the QR code holds; the code stays behind the `#`."""
    found = running.done("welcome")
    assert found["url"] == "http://127.0.0.1:8000"
    assert found["setup_code"] == running.done("setup-code")["setup_code"]
    assert found["link"] == f"{found['url']}/claim#setup_code={found['setup_code']}"
    assert (found["first_time"], found["fingerprint"]) == (None, None)
    told = running.said("welcome")
    assert "█▀" in told
    assert found["setup_code"] in told
