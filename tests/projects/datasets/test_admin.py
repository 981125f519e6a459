"""Answers of annotators in the admin: to look at and to search, never to change, and without their texts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from projects.datasets import annotating
from projects.datasets.models import DatasetVersion, RowClaim, RowEdit

EDITS, CLAIMS = "/admin/datasets/rowedit/", "/admin/datasets/rowclaim/"


@pytest.fixture
def admin(db: None) -> Client:
    operator = User.objects.create_superuser("operator@example.org", "secret")
    client = Client()
    client.force_login(operator, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def edits(version: DatasetVersion, alice: User, bob: User) -> list[RowEdit]:
    """Row 0 twice, row 1 once, and a row that is put off."""
    said: list[tuple[User, int, str, dict[str, str]]] = [
        (alice, 0, "set", {"label": "a secret label"}),
        (bob, 0, "set", {"label": "refund"}),
        (bob, 1, "drop", {}),
        (alice, 1, "skip", {}),
    ]
    return [
        annotating.save(version=version, user=user, row=row, kind=kind, values=values)
        for user, row, kind, values in said
    ]


def listed(admin: Client, url: str, **query: str) -> int:
    return int(admin.get(url, query).context["cl"].result_count)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({}, 4),
        ({"q": "bob@"}, 2),
        ({"q": "Tickets"}, 4),
        ({"q": "no such"}, 0),
        ({"kind__exact": "drop"}, 1),
        ({"twice": "yes"}, 2),
        ({"draft": "yes"}, 4),
        ({"draft": "no"}, 0),
    ],
)
def test_answers_are_listed(
    admin: Client, edits: list[RowEdit], query: dict[str, str], count: int
) -> None:
    assert listed(admin, EDITS, **query) == count


def test_what_a_version_was_made_of_is_no_draft(
    admin: Client, edits: list[RowEdit], version: DatasetVersion, alice: User
) -> None:
    annotating.commit(version=version, user=alice, note="")
    assert listed(admin, EDITS, draft="yes") == 1
    assert listed(admin, EDITS, draft="no") == 3


def test_rows_in_front_of_somebody(admin: Client, version: DatasetVersion, alice: User) -> None:
    until = timezone.now() + timedelta(minutes=5)
    RowClaim.objects.create(version=version, row=7, user=alice, until=until)
    assert listed(admin, CLAIMS, q="alice@") == 1
    assert listed(admin, CLAIMS, q="bob@") == 0


def test_nothing_can_be_changed_and_no_text_is_shown(admin: Client, edits: list[RowEdit]) -> None:
    url = f"{EDITS}{edits[0].pk}/change/"
    page = admin.get(url)
    assert page.status_code == 200
    assert "secret label" not in page.content.decode()
    for path in (url, f"{EDITS}add/", f"{EDITS}{edits[0].pk}/delete/"):
        assert admin.post(path, {"kind": "drop"}).status_code == 403


@pytest.mark.parametrize("url", [EDITS, CLAIMS])
def test_staff_only(alice_client: Any, url: str) -> None:
    assert alice_client.get(url).status_code == 302
