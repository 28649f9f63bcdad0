"""HEAD, as monitors ask it."""

from pathlib import Path

from tests.processes import serving


def test_head_is_get_without_content(tmp_path: Path) -> None:
    """HEAD answers as GET does, without the content; where there is no GET it isn't allowed either."""
    with serving(tmp_path / "data") as hub, hub.client() as client:
        asked, got = client.head("/health/live"), client.get("/health/live")
        assert (asked.status_code, asked.content) == (200, b"")
        assert asked.headers["content-length"] == got.headers["content-length"]
        assert client.head("/auth/login").status_code == 405
        assert client.get("/health/live").json() == {"status": "ok"}
