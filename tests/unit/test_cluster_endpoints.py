"""Where clusters of a user who may not listen on port 443 are reached."""

from pathlib import Path

import pytest

from meshwright_sandbox.runtime import endpoints


@pytest.fixture(autouse=True)
def ordinary_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel refuses ports below 1024 to everybody but root."""
    may_bind = endpoints.may_bind
    monkeypatch.setattr(
        endpoints, "may_bind", lambda host, port: port >= 1024 and may_bind(host, port)
    )


def test_clusters_made_at_the_same_time_get_ports_of_their_own(tmp_path: Path) -> None:
    """A port is chosen before anything listens on it."""
    first = endpoints.choose_endpoint(tmp_path, 16, set())
    second = endpoints.choose_endpoint(tmp_path, 17, {first[1]})

    assert {first[0], second[0]} == {"127.0.0.1"}
    assert first[1] != second[1]
