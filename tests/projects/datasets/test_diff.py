"""The page, and the API, of what changed between two versions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User, Workspace
from projects.datasets import checking, services
from projects.datasets.differences import Piece, marked
from projects.datasets.models import DatasetVersion
from projects.services import create_project

CHANGES: list[dict[str, Any]] = [
    {"op": "set", "row": 0, "values": {"text": "message number zero about a <b>letter</b>"}},
    {"op": "set", "row": 1, "values": {"label": "refund"}},
    {"op": "drop", "rows": [4]},
    {"op": "add", "values": {"text": "typed in", "label": "refund"}, "split": "train"},
]


@pytest.fixture
def revised(version: DatasetVersion, alice: User) -> DatasetVersion:
    return revise(version, alice, CHANGES)


def revise(version: DatasetVersion, user: User, changes: list[dict[str, Any]]) -> DatasetVersion:
    job = services.start_revision(
        project=version.project, user=user, base=version, changes=changes, note="A second look"
    )
    checking.execute(job.pk)
    return DatasetVersion.objects.get(source=job)


def url(new: DatasetVersion, old: DatasetVersion) -> str:
    project = new.project
    return f"/w/{project.workspace.slug}/p/{project.pk}/versions/{new.pk}/diff/{old.pk}/"


def api_url(new: DatasetVersion, old: DatasetVersion) -> str:
    return f"/api/v1/versions/{new.pk}/diff/{old.pk}/"


def test_it_works(alice_client: Client, version: DatasetVersion, revised: DatasetVersion) -> None:
    response = alice_client.get(url(revised, version))
    page = response.content.decode()
    counts = {kind.name: kind.count for kind in response.context["kinds"]}
    assert (counts["changed"], counts["added"], counts["dropped"]) == (2, 1, 1)
    assert "<del>0</del>" in page
    assert "<ins>zero</ins>" in page
    assert "<del>delivery</del>" in page
    assert "<ins>&lt;b&gt;letter&lt;/b&gt;</ins>" in page
    assert "<b>letter" not in page
    assert "A second look" in page
    assert "typed in" in page


def test_the_other_way_round(
    alice_client: Client, version: DatasetVersion, revised: DatasetVersion
) -> None:
    counts = alice_client.get(url(version, revised)).context["found"].counts
    assert (counts["added"], counts["dropped"]) == (1, 1)


def test_nothing_changed(alice_client: Client, version: DatasetVersion) -> None:
    assert b"Nothing changed" in alice_client.get(url(version, version)).content


def test_the_version_leads_there(
    alice_client: Client, version: DatasetVersion, revised: DatasetVersion
) -> None:
    place = url(revised, version)
    page = alice_client.get(place.partition("diff/")[0]).content.decode()
    assert f'href="{place}"' in page
    assert "What changed since version 1" in page
    first = alice_client.get(url(version, revised).partition("diff/")[0]).content.decode()
    assert "What changed since" not in first


def test_it_is_not_there_for_versions_of_two_projects(
    alice_client: Client, api: APIClient, workspace: Workspace, alice: User, version: DatasetVersion
) -> None:
    other = create_project(workspace=workspace, user=alice, name="B", task="text-classification")
    fields = {"name": "b.csv", "path": "b", "sha256": "1" * 64, "size": 3, "rows": 12}
    foreign = DatasetVersion.objects.create(project=other, number=1, **fields)
    assert alice_client.get(url(version, foreign)).status_code == 404
    assert api.get(api_url(version, foreign)).status_code == 404


def test_a_file_that_was_damaged_is_said_so(
    alice_client: Client, version: DatasetVersion, settings: Any
) -> None:
    (settings.VERSIONS_DIR / version.path).write_bytes(b"PAR1 no more")
    assert alice_client.get(url(version, version)).status_code == 422


def test_it_checks_ownership(
    charlie_client: Client, vera_client: Client, charlie_api: APIClient, version: DatasetVersion
) -> None:
    assert charlie_client.get(url(version, version)).status_code == 404
    assert vera_client.get(url(version, version)).status_code == 200
    assert charlie_api.get(api_url(version, version)).status_code == 404


def test_it_rejects_post(alice_client: Client, version: DatasetVersion) -> None:
    assert alice_client.post(url(version, version)).status_code == 405


def test_the_api_works(api: APIClient, version: DatasetVersion, revised: DatasetVersion) -> None:
    data = api.get(api_url(revised, version), {"limit": "1"}).json()
    counts = data["counts"]
    assert (counts["changed"], counts["added"], counts["dropped"]) == (2, 1, 1)
    assert counts["same"] + counts["changed"] + counts["moved"] >= version.rows - 1
    assert data["roles"] == {"text": 1, "label": 1}
    assert data["labels"] == [{"old": "delivery", "new": "refund", "rows": 1}]
    (pair,) = data["rows"]["changed"]
    assert pair["new"]["values"]["text"].startswith("message number zero")
    assert data["rows"]["added"][0]["old"] is None


@pytest.mark.parametrize("limit", ["", "x", "-1", "9" * 20])
def test_a_limit_that_makes_no_sense_is_no_error(
    api: APIClient, version: DatasetVersion, limit: str
) -> None:
    assert api.get(api_url(version, version), {"limit": limit}).status_code == 200


def test_many_changes_ask_the_database_no_more(
    alice_client: Client,
    version: DatasetVersion,
    alice: User,
    django_assert_max_num_queries: Callable[..., Any],
    in_process: None,
) -> None:
    changes = [{"op": "set", "row": row, "values": {"text": f"new {row}"}} for row in range(60)]
    revised = revise(version, alice, changes)
    with django_assert_max_num_queries(16):
        response = alice_client.get(url(revised, version))
    (kind,) = (kind for kind in response.context["kinds"] if kind.name == "changed")
    assert (len(kind.items), kind.more) == (50, 10)
    assert "and 10 more rows" in response.content.decode()


# --- words ---------------------------------------------------------------------------------------------------------


def said(pieces: list[Piece]) -> str:
    return "".join(f"[{text}]" if changed else text for text, changed in pieces)


@pytest.mark.parametrize(
    ("old", "new", "before", "after"),
    [
        ("a small cat", "a big cat", "a [small] cat", "a [big] cat"),
        ("我住在北京", "我住在南京", "我住在[北]京", "我住在[南]京"),
        ("same", "same.", "same", "same[.]"),
        ("", "new", "", "[new]"),
    ],
)
def test_words_that_changed_are_marked(old: str, new: str, before: str, after: str) -> None:
    assert tuple(map(said, marked(old, new))) == (before, after)


def test_of_long_texts_the_words_beside_the_change_are_shown() -> None:
    words = [f"word{number}" for number in range(1000)]
    changed = [*words[:500], "CHANGED", *words[501:]]
    old, new = map(said, marked(" ".join(words), " ".join(changed)))
    assert "[word500]" in old
    assert "word499 [CHANGED] word501" in new
    assert len(new) < 300
