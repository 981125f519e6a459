"""Deleting a project takes its rows and its files, and nothing else."""

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User, Workspace
from projects.datasets.models import DatasetVersion
from projects.datasets.services import add_upload
from projects.models import Project
from projects.runs.models import Run
from projects.services import create_project


@pytest.fixture
def project(workspace: Workspace, alice: User) -> Project:
    return create_project(
        workspace=workspace, user=alice, name="Old one", task="text-classification"
    )


def url(project: Project) -> str:
    return f"/w/{project.workspace.slug}/p/{project.pk}/delete/"


def make_run(project: Project, status: str) -> Run:
    version = DatasetVersion.objects.create(
        project=project, number=1, name="a.csv", path="a", sha256="0" * 64, size=1, rows=2
    )
    return Run.objects.create(
        project=project, version=version, number=1, start_key="k", spec={}, status=status
    )


def files(home: Path) -> list[Path]:
    return [path for path in home.rglob("*") if path.is_file()]


@pytest.mark.django_db(transaction=True)
def test_it_removes_rows_and_files(
    alice_client: Client, project: Project, alice: User, home: Path
) -> None:
    add_upload(project=project, user=alice, file=SimpleUploadedFile("a.csv", b"a,b\n1,2\n"))
    run = make_run(project, "succeeded")
    folder = home / "runs" / str(run.pk)
    folder.mkdir()
    (folder / "report.json").write_text("{}")
    response = alice_client.post(url(project), {"name": " Old one "})
    assert response["Location"] == f"/w/{project.workspace.slug}/"
    assert not Project.objects.exists()
    assert not Run.objects.exists()
    assert files(home) == []


@pytest.mark.parametrize("status", ["queued", "running", "stopping"])
def test_it_refuses_while_a_run_is_active(
    alice_client: Client, project: Project, status: str
) -> None:
    make_run(project, status)
    response = alice_client.post(url(project), {"name": "Old one"}, follow=True)
    assert "A run is active" in response.content.decode()
    assert Project.objects.exists()


def test_it_wants_the_name(alice_client: Client, project: Project) -> None:
    response = alice_client.post(url(project), {"name": "old one"}, follow=True)
    assert "The name does not match" in response.content.decode()
    assert Project.objects.exists()


def test_it_rejects_get(alice_client: Client, project: Project) -> None:
    assert alice_client.get(url(project)).status_code == 405


def test_it_checks_ownership(charlie_client: Client, vera_client: Client, project: Project) -> None:
    assert charlie_client.post(url(project), {"name": "Old one"}).status_code == 404
    assert vera_client.post(url(project), {"name": "Old one"}).status_code == 403
    assert Project.objects.exists()


def test_the_api_works(api: APIClient, charlie_api: APIClient, project: Project) -> None:
    path = f"/api/v1/projects/{project.pk}/"
    assert charlie_api.delete(path).status_code == 404
    assert api.delete(path).status_code == 204
    assert not Project.objects.exists()
