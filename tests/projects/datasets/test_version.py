"""The page of a dataset version, and its rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User, Workspace
from projects.datasets import checking
from projects.datasets.models import DatasetVersion, Import, Upload
from projects.services import create_project

from .conftest import table


def url(version: DatasetVersion) -> str:
    project = version.project
    return f"/w/{project.workspace.slug}/p/{project.pk}/versions/{version.pk}/"


def api_url(version: DatasetVersion, rows: str = "") -> str:
    return f"/api/v1/versions/{version.pk}/{rows}"


@pytest.fixture
def make(
    start: Callable[..., Import], add: Callable[..., Upload], in_process: None
) -> Callable[[bytes], DatasetVersion]:
    def make(content: bytes) -> DatasetVersion:
        job = start(train=add(content))
        checking.execute(job.pk)
        return DatasetVersion.objects.get(source=job)

    return make


def rows(response: Any) -> list[str]:
    return [row.values["text"] for row, _cells in response.context["rows"]]


def test_it_shows_head_labels_and_rows(alice_client: Client, version: DatasetVersion) -> None:
    response = alice_client.get(url(version))
    page = response.content.decode()
    assert len(rows(response)) == 50
    assert "Version 1" in page
    assert f'action="{url(version)}draft/"' in page
    for label in ("billing", "delivery", "refund"):
        assert f"<bdi>{label}</bdi>" in page


def test_it_pages(alice_client: Client, version: DatasetVersion) -> None:
    first = alice_client.get(url(version))
    second = alice_client.get(url(version), {"page": "2"})
    assert first.context["pages"].after.startswith("?page=2")
    assert len(rows(second)) == 10
    assert not set(rows(first)) & set(rows(second))


@pytest.mark.parametrize("page", ["0", "-1", "x", "9" * 20, "1e3", "²", "99"])
def test_a_page_that_makes_no_sense_is_no_error(
    alice_client: Client, version: DatasetVersion, page: str
) -> None:
    assert alice_client.get(url(version), {"page": page}).status_code == 200


def test_it_filters_by_label_and_split(alice_client: Client, version: DatasetVersion) -> None:
    by_label = alice_client.get(url(version), {"label": "billing"})
    assert {row.values["label"] for row, _cells in by_label.context["rows"]} == {"billing"}
    assert by_label.context["pages"].total == 20
    by_split = alice_client.get(url(version), {"split": "test"})
    assert {row.split for row, _cells in by_split.context["rows"]} == {"test"}
    assert by_split.context["pages"].total == version.splits["test"]


def test_it_searches(alice_client: Client, version: DatasetVersion) -> None:
    assert rows(alice_client.get(url(version), {"q": "NUMBER 7 "})) == [
        "message number 7 about a parcel"
    ]
    nothing = alice_client.get(url(version), {"q": "nothing of the kind"})
    assert b"No rows match" in nothing.content


@pytest.mark.parametrize("search", ["%", "_", "\\", "'", "(a+)+$", "\0", "x" * 5000])
def test_any_search_is_taken_as_it_is(
    alice_client: Client, version: DatasetVersion, search: str
) -> None:
    assert alice_client.get(url(version), {"q": search}).status_code == 200


def test_filters_that_are_unknown_are_left_out(
    alice_client: Client, version: DatasetVersion
) -> None:
    response = alice_client.get(url(version), {"split": "password", "label": "no such"})
    assert response.context["pages"].total == 60


def test_labels_are_shown_as_text(
    alice_client: Client, make: Callable[[bytes], DatasetVersion]
) -> None:
    hostile = ("<script>alert(1)</script>", "javascript:alert(1)", "{{7*7}}")
    page = alice_client.get(url(make(table(labels=hostile)))).content.decode()
    assert "<script>alert" not in page
    assert "{{7*7}}" in page
    assert 'href="javascript' not in page


def test_it_has_warnings_and_still_trains(
    alice_client: Client, make: Callable[[bytes], DatasetVersion]
) -> None:
    version = make(table() + b"message number 3 about a parcel,billing\nalone here,rare\n")
    assert version.gate in ("amber", "red")
    page = alice_client.get(url(version)).content.decode()
    assert page.count("data-code=") == len(version.findings) > 0
    assert "Train a model" in page


def test_as_many_queries_for_many_rows_as_for_few(
    alice_client: Client,
    make: Callable[[bytes], DatasetVersion],
    django_assert_max_num_queries: Any,
) -> None:
    version = make(table(3000))
    with django_assert_max_num_queries(16):
        alice_client.get(url(version))


def test_it_is_not_there_below_another_project(
    alice_client: Client, workspace: Workspace, alice: User, version: DatasetVersion
) -> None:
    other = create_project(
        workspace=workspace, user=alice, name="Other", task="text-classification"
    )
    wrong = url(version).replace(str(version.project_id), str(other.pk))
    assert alice_client.get(wrong).status_code == 404


def test_a_file_that_was_damaged_is_said_so(
    alice_client: Client, version: DatasetVersion, settings: Any
) -> None:
    (settings.VERSIONS_DIR / version.path).write_bytes(b"PAR1 no more")
    assert alice_client.get(url(version)).status_code == 422


def test_it_checks_ownership(
    charlie_client: Client,
    vera_client: Client,
    charlie_api: APIClient,
    version: DatasetVersion,
) -> None:
    assert charlie_client.get(url(version)).status_code == 404
    vera = vera_client.get(url(version))
    assert vera.status_code == 200
    assert b"Train a model" not in vera.content
    for part in ("", "rows/"):
        assert charlie_api.get(api_url(version, part)).status_code == 404


def test_the_api_works(api: APIClient, version: DatasetVersion) -> None:
    data = api.get(api_url(version)).json()
    assert (data["number"], data["rows"], data["sha256"]) == (1, 60, version.sha256)
    listed = api.get(f"/api/v1/projects/{version.project_id}/versions/").json()
    assert [row["id"] for row in listed["results"]] == [str(version.pk)]
    page = api.get(api_url(version, "rows/"), {"label": "refund", "page": "1"}).json()
    assert page["total"] == 20
    assert page["rows"][0]["values"]["label"] == "refund"
    assert page["rows"][0]["line"] >= 2
