"""A sample of the product's own becomes data by one click."""

from __future__ import annotations

import pytest
from django.test import Client

from projects.datasets import checking
from projects.datasets.models import DatasetVersion, Import, Upload
from projects.datasets.samples import SAMPLES
from projects.models import Project
from training.tasks import TASKS


def url(project: Project, name: str) -> str:
    return f"/w/{project.workspace.slug}/p/{project.pk}/samples/{name}/"


def of_task(project: Project, task: str) -> None:
    project.task = task
    project.save()


@pytest.mark.parametrize("name", SAMPLES)
def test_it_works(alice_client: Client, project: Project, name: str, in_process: None) -> None:
    of_task(project, SAMPLES[name].task)
    response = alice_client.post(url(project, name))
    job = Import.objects.get()
    assert response["Location"].endswith(f"/imports/{job.pk}/")
    checking.execute(job.pk)
    job.refresh_from_db()
    assert job.status == Import.Status.READY
    version = DatasetVersion.objects.get()
    assert version.rows >= 80
    variant = TASKS[SAMPLES[name].task].variant(SAMPLES[name].variant)
    assert version.variant == (variant.stored or variant.name)


@pytest.mark.parametrize("task", TASKS)
def test_the_empty_project_offers_those_of_its_task(
    alice_client: Client, project: Project, task: str
) -> None:
    of_task(project, task)
    page = alice_client.get(f"/w/{project.workspace.slug}/p/{project.pk}/").content.decode()
    for name, sample in SAMPLES.items():
        assert (url(project, name) in page) == (sample.task == task)
    assert "data-upload" in page


def test_it_rejects_an_unknown_one(alice_client: Client, project: Project) -> None:
    assert alice_client.post(url(project, "nonsense")).status_code == 422
    assert not Upload.objects.exists()


def test_it_rejects_get(alice_client: Client, project: Project) -> None:
    assert alice_client.get(url(project, "support-tickets")).status_code == 405


def test_it_checks_ownership(charlie_client: Client, vera_client: Client, project: Project) -> None:
    assert charlie_client.post(url(project, "support-tickets")).status_code == 404
    assert vera_client.post(url(project, "support-tickets")).status_code == 403
    assert not Upload.objects.exists()
