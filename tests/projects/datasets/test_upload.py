"""Uploading a file: kept when it looks like a table, and refused without a trace when it does not."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User, Workspace
from billing.models import Plan
from billing.services import plan_of
from projects.datasets import files, services
from projects.datasets.models import Upload
from projects.models import Project
from training.problems import Problem

from .conftest import table

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
BAD = {
    "a PNG renamed .csv": (PNG, "file.binary"),
    "an empty file": (b"", "file.empty"),
    "blank lines only": (b"\n\n \n", "file.empty"),
    "an old workbook renamed .csv": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 99, "file.excel"),
    "a web page": (b"<!doctype html><html></html>", "file.html"),
    "five thousand columns": (b"a," * 5000 + b"\n1\n", "column.too_many"),
}


def url(project: Project) -> str:
    return f"/w/{project.workspace.slug}/p/{project.pk}/upload/"


def api_url(project: Project) -> str:
    return f"/api/v1/projects/{project.pk}/uploads/"


def file(content: bytes | None = None, name: str = "tickets.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, table() if content is None else content)


def kept(home: Path) -> list[Path]:
    return [path for path in (home / "uploads").rglob("*") if path.is_file()]


def test_it_works(alice_client: Client, project: Project, home: Path) -> None:
    response = alice_client.post(url(project), {"file": file()})
    upload = Upload.objects.get()
    assert response["Location"].endswith(f"/uploads/{upload.pk}/")
    assert upload.sha256 == hashlib.sha256(table()).hexdigest()
    assert (upload.name, upload.size) == ("tickets.csv", len(table()))
    assert [path.read_bytes() for path in kept(home)] == [table()]


def test_a_script_gets_the_address(alice_client: Client, project: Project) -> None:
    response = alice_client.post(
        url(project), {"file": file()}, headers={"Accept": "application/json"}
    )
    assert response.status_code == 201
    assert response.json()["location"].endswith(f"/uploads/{Upload.objects.get().pk}/")


def test_a_validation_file_leads_back_to_the_training_file(
    alice_client: Client, project: Project, upload: Upload
) -> None:
    data = {"role": "valid", "train": str(upload.pk), "column-text": "text", "file": file()}
    response = alice_client.post(url(project), data)
    extra = Upload.objects.exclude(pk=upload.pk).get()
    assert f"/uploads/{upload.pk}/?" in response["Location"]
    assert f"valid={extra.pk}" in response["Location"]
    assert "column-text=text" in response["Location"]


@pytest.mark.parametrize("case", BAD)
def test_it_refuses_what_is_no_table_and_changes_nothing(
    alice_client: Client, project: Project, home: Path, case: str
) -> None:
    content, code = BAD[case]
    response = alice_client.post(
        url(project), {"file": file(content)}, headers={"Accept": "application/json"}
    )
    assert response.status_code == 422
    assert response.json()["code"] == code
    assert not Upload.objects.exists()
    assert kept(home) == []
    assert list((home / "tmp").iterdir()) == []


def test_a_form_without_script_gets_the_page_with_the_reason(
    alice_client: Client, project: Project
) -> None:
    response = alice_client.post(url(project), {"file": file(PNG)})
    assert response.status_code == 422
    assert b"PNG image" in response.content
    assert b"data-upload" in response.content


def test_a_file_of_exactly_the_limit_is_taken_and_one_byte_more_is_not(
    alice_client: Client, project: Project, settings: Any, home: Path
) -> None:
    settings.MAX_UPLOAD_BYTES = len(table())
    assert alice_client.post(url(project), {"file": file()}).status_code == 302
    response = alice_client.post(
        url(project), {"file": file(table() + b"x")}, headers={"Accept": "application/json"}
    )
    assert response.status_code == 413
    assert response.json()["values"]["limit"] == len(table())
    assert len(kept(home)) == 1


def test_a_large_file_is_moved_not_copied(
    project: Project, alice: User, settings: Any, home: Path
) -> None:
    large = TemporaryUploadedFile("large.csv", "text/csv", 0, None)
    large.write(table(5000))
    large.size = large.tell()
    inode = Path(large.temporary_file_path()).stat().st_ino
    upload = services.add_upload(project=project, user=alice, file=large)
    large.close()
    assert files.located(settings.UPLOADS_DIR, upload.path).stat().st_ino == inode
    assert upload.sha256 == hashlib.sha256(table(5000)).hexdigest()
    assert list((home / "tmp").iterdir()) == []


@pytest.mark.parametrize("count", [0, 2])
def test_it_wants_one_file(alice_client: Client, project: Project, count: int) -> None:
    data = {"file": [file(), file()][:count]} if count else {}
    response = alice_client.post(url(project), data, headers={"Accept": "application/json"})
    assert (response.status_code, response.json()["code"]) == (422, "upload.missing")
    assert not Upload.objects.exists()


def test_it_stops_at_the_plans_storage(
    alice_client: Client, project: Project, workspace: Workspace, home: Path
) -> None:
    plan = plan_of(workspace)
    Plan.objects.filter(pk=plan.pk).update(max_storage_bytes=len(table()) + 10)
    as_json = {"Accept": "application/json"}
    assert alice_client.post(url(project), {"file": file()}, headers=as_json).status_code == 201
    response = alice_client.post(url(project), {"file": file()}, headers=as_json)
    assert (response.status_code, response.json()["code"]) == (403, "quota.storage")
    assert len(kept(home)) == 1


def test_nothing_is_left_when_the_row_cannot_be_written(
    project: Project, alice: User, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(upload: Upload) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(services, "book", full)
    with pytest.raises(OSError, match="No space"):
        services.add_upload(project=project, user=alice, file=file())
    assert kept(home) == []


@pytest.mark.parametrize("name", ["../../etc/passwd", "a\r\nb.csv", "数据.csv", "x" * 250 + ".csv"])
def test_names_are_for_showing_only(
    add: Callable[..., Upload], settings: Any, home: Path, name: str
) -> None:
    upload = add(name=name)
    assert upload.path == f"{upload.project_id}/{upload.pk}"
    assert [path.name for path in kept(home)] == [str(upload.pk)]
    assert "/" not in upload.name


def test_it_needs_the_csrf_token(alice: User, project: Project) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.post(url(project), {"file": file()}).status_code == 403
    assert not Upload.objects.exists()


def test_it_checks_ownership(
    charlie_client: Client, vera_client: Client, charlie_api: APIClient, project: Project
) -> None:
    assert charlie_client.post(url(project), {"file": file()}).status_code == 404
    assert vera_client.post(url(project), {"file": file()}).status_code == 403
    assert charlie_api.post(api_url(project), {"file": file()}).status_code == 404
    assert not Upload.objects.exists()


def test_the_train_file_must_be_of_the_project(
    alice_client: Client, workspace: Workspace, alice: User, upload: Upload
) -> None:
    from projects.services import create_project

    other = create_project(
        workspace=workspace, user=alice, name="Other", task="text-classification"
    )
    data = {"role": "valid", "train": str(upload.pk), "file": file()}
    assert alice_client.post(url(other), data).status_code == 422


def test_the_api_works(api: APIClient, project: Project) -> None:
    response = api.post(api_url(project), {"file": file()}, format="multipart")
    assert response.status_code == 201
    upload = Upload.objects.get()
    assert response.json()["sha256"] == upload.sha256
    assert response["Location"] == f"/api/v1/uploads/{upload.pk}/"
    assert [row["id"] for row in api.get(api_url(project)).json()["results"]] == [str(upload.pk)]


def test_the_api_refuses_json(api: APIClient, project: Project) -> None:
    assert api.post(api_url(project), {"file": "x"}, format="json").status_code == 415


def test_the_service_names_both_figures(project: Project, alice: User, settings: Any) -> None:
    settings.MAX_UPLOAD_BYTES = 10
    with pytest.raises(Problem) as caught:
        services.add_upload(project=project, user=alice, file=file())
    assert {"size_text", "limit_text"} <= set(caught.value.values)
