"""A database that cannot be asked for a while: 503, and when to come again."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client


@pytest.mark.parametrize(
    ("said", "status"),
    [("database is locked", 503), ("database or disk is full", 503), ("no such table: x", 500)],
)
def test_a_database_that_is_away_for_a_while_is_no_fault_of_ours(
    alice_client: Client, monkeypatch: pytest.MonkeyPatch, said: str, status: int
) -> None:
    def refuse(*args: Any, **given: Any) -> None:
        raise OperationalError(said)

    monkeypatch.setattr("notify.views.notices_of", refuse)
    monkeypatch.setattr("notify.api.notices_for", refuse)
    alice_client.raise_request_exception = False
    for url in ("/notifications/", "/api/v1/notifications/"):
        answer = alice_client.get(url)
        assert answer.status_code == status
        assert answer.headers.get("Retry-After") == ("10" if status == 503 else None)
