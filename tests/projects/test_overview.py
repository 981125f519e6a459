"""The pages that show a workspace with its projects and a project with its data and runs."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import User, Workspace
from projects.datasets.models import DatasetVersion
from projects.models import Project
from projects.portal.selectors import storage_used
from projects.runs.models import Run
from projects.services import create_project


@pytest.fixture
def project(workspace: Workspace, alice: User) -> Project:
    return create_project(
        workspace=workspace, user=alice, name="Tickets", task="text-classification"
    )


def url(project: Project) -> str:
    return f"/w/{project.workspace.slug}/p/{project.pk}/"


def make_version(project: Project, number: int = 1) -> DatasetVersion:
    return DatasetVersion.objects.create(
        project=project,
        number=number,
        name="rows.csv",
        path="x",
        sha256="0" * 64,
        size=500,
        rows=1234,
        labels={"a": {"train": 1000}, "b": {"train": 234}},
    )


def make_run(version: DatasetVersion, number: int = 1, status: str = "succeeded") -> Run:
    return Run.objects.create(
        project=version.project,
        version=version,
        number=number,
        start_key=f"k{number}",
        spec={"base": "minilm-l6", "effort": "quick"},
        status=status,
        report={"metrics": {"accuracy": 0.943, "macro": {"f1": 0.921}}}
        if status == "succeeded"
        else None,
    )


def test_an_empty_workspace_explains_the_first_step(
    alice_client: Client, workspace: Workspace
) -> None:
    page = alice_client.get(f"/w/{workspace.slug}/").content.decode()
    assert "Make your first model" in page
    assert f"/w/{workspace.slug}/new/" in page


def test_the_list_shows_data_status_and_score(
    alice_client: Client, project: Project, workspace: Workspace
) -> None:
    version = make_version(project)
    make_run(version, 1)
    make_run(version, 2, "running")
    page = alice_client.get(f"/w/{workspace.slug}/").content.decode()
    for text in ("Tickets", "1,234", "Running", "94.3"):
        assert text in page


def test_the_list_asks_as_often_for_many_as_for_one(
    alice_client: Client,
    workspace: Workspace,
    alice: User,
    django_assert_max_num_queries: Any,
) -> None:
    for n in range(30):
        made = create_project(
            workspace=workspace, user=alice, name=f"P{n}", task="text-classification"
        )
        make_run(make_version(made))
    with django_assert_max_num_queries(15):
        alice_client.get(f"/w/{workspace.slug}/")


def test_the_list_holds_nothing_of_others(
    charlie_client: Client, charlies_workspace: Workspace, project: Project
) -> None:
    page = charlie_client.get(f"/w/{charlies_workspace.slug}/").content
    assert b"Tickets" not in page


def test_the_overview_shows_where_the_project_stands(
    alice_client: Client, project: Project
) -> None:
    version = make_version(project)
    run = make_run(version)
    page = alice_client.get(url(project)).content.decode()
    for text in ("Version 1", "1,234 rows", "2 labels", f"/runs/{run.pk}/", "94.3", "92.1"):
        assert text in page


def test_a_viewer_cannot_change_anything_there(vera_client: Client, project: Project) -> None:
    page = vera_client.get(url(project)).content.decode()
    assert "data-upload" not in page
    assert "delete-project" not in page


def test_it_checks_ownership(charlie_client: Client, project: Project) -> None:
    assert charlie_client.get(url(project)).status_code == 404
    assert charlie_client.get(f"/w/{project.workspace.slug}/").status_code == 404


def test_a_foreign_slug_is_not_there(
    alice_client: Client, charlies_workspace: Workspace, project: Project
) -> None:
    assert alice_client.get(f"/w/{charlies_workspace.slug}/p/{project.pk}/").status_code == 404


def test_storage_counts_what_is_kept(project: Project, workspace: Workspace) -> None:
    assert storage_used(workspace) == 0
    make_version(project)
    assert storage_used(workspace) == 500


def test_scores_on_other_test_rows_are_marked(alice_client: Client, project: Project) -> None:
    """The rows decide, not the version: one that is tested on the same rows can be compared."""
    hashes = {1: "other", 2: "same", 3: "same"}
    for number, test_hash in hashes.items():
        version = make_version(project, number)
        DatasetVersion.objects.filter(pk=version.pk).update(test_hash=test_hash)
        make_run(version, number)
    page = alice_client.get(url(project))
    marked = [run.number for run in page.context["runs"] if run.pk in page.context["other_rows"]]
    assert marked == [1]
    assert page.content.decode().count("tested on other rows") == 1
    assert "cannot be compared with the others" in page.content.decode()


def test_nothing_is_marked_where_all_were_tested_alike(
    alice_client: Client, project: Project
) -> None:
    make_run(make_version(project))
    page = alice_client.get(url(project)).content.decode()
    assert "ested on other rows" not in page
