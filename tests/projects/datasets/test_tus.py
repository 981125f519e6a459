"""Resumable uploads: a piece at a time, from wherever the last one ended."""

from __future__ import annotations

import fcntl
import hashlib
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.http import Http404
from django.test import Client
from django.utils import timezone

from accounts.models import User, Workspace
from billing.models import Plan
from billing.services import plan_of
from projects.datasets import files, resuming
from projects.datasets.models import PartialUpload, Upload
from projects.datasets.selectors import path_of
from projects.models import Project
from projects.portal.selectors import storage_used
from projects.services import delete_project
from training.problems import Problem

from .conftest import table

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
HALF = len(table()) // 2
OFFSET = "application/offset+octet-stream"


def begin(client: Any, project: Project, size: int | str = len(table()), **said: str) -> Any:
    said = {"filename": "tickets.csv", **said}
    pairs = [f"{key} {b64encode(value.encode()).decode()}" for key, value in said.items()]
    headers = {"Upload-Length": str(size), "Upload-Metadata": ",".join(pairs)}
    return client.post(f"/api/v1/projects/{project.pk}/tus/", headers=tus(headers))


def patch(client: Any, url: str, data: bytes, offset: int | str = 0, **more: Any) -> Any:
    headers = tus({"Upload-Offset": str(offset), **more.pop("headers", {})})
    # Django's client leaves the type of an empty body away.
    kind = more.get("content_type", OFFSET)
    return client.patch(url, data, content_type=kind, CONTENT_TYPE=kind, headers=headers)


def head(client: Any, url: str) -> Any:
    return client.head(url, headers=tus())


def tus(more: dict[str, str] | None = None) -> dict[str, str]:
    return {"Tus-Resumable": "1.0.0", **(more or {})}


@pytest.fixture
def url(alice_client: Client, project: Project) -> str:
    """Of an upload that is begun and of which nothing has come yet."""
    return str(begin(alice_client, project)["Location"])


def kept(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "uploads").rglob("*") if path.is_file())


def test_it_works(alice_client: Client, project: Project, home: Path) -> None:
    response = begin(alice_client, project)
    assert response.status_code == 201
    url = response["Location"]
    first = patch(alice_client, url, table()[:HALF])
    assert (first.status_code, first["Upload-Offset"]) == (204, str(HALF))
    assert "Attune-Location" not in first
    asked = head(alice_client, url)
    assert (asked.status_code, asked["Upload-Offset"]) == (200, str(HALF))
    assert (asked["Upload-Length"], asked["Cache-Control"]) == (str(len(table())), "no-store")
    last = patch(alice_client, url, table()[HALF:], HALF)
    upload = Upload.objects.get()
    assert (last.status_code, last["Upload-Offset"]) == (204, str(len(table())))
    assert last["Attune-Location"].endswith(f"/uploads/{upload.pk}/")
    assert url.endswith(f"/tus/{upload.pk}/")
    assert (upload.name, upload.size) == ("tickets.csv", len(table()))
    assert upload.sha256 == hashlib.sha256(table()).hexdigest()
    assert upload.created_by == project.created_by
    assert path_of(upload).read_bytes() == table()
    assert kept(home) == [str(upload.pk)]
    assert alice_client.get(last["Attune-Location"]).status_code == 200


def test_it_is_the_first_file_of_a_new_site(
    alice_client: Client, project: Project, home: Path
) -> None:
    (home / "uploads").rmdir()
    assert begin(alice_client, project).status_code == 201


def test_it_tells_what_it_speaks(alice_client: Client, project: Project, settings: Any) -> None:
    response = alice_client.options(f"/api/v1/projects/{project.pk}/tus/")
    assert response.status_code == 204
    assert response["Tus-Version"] == response["Tus-Resumable"] == "1.0.0"
    assert response["Tus-Extension"] == "creation,expiration,termination,checksum"
    assert response["Tus-Max-Size"] == str(settings.MAX_UPLOAD_BYTES)
    assert response["Tus-Checksum-Algorithm"] == "sha1,sha256"


def test_it_gives_back_what_the_client_said_of_the_file(alice_client: Client, url: str) -> None:
    said = head(alice_client, url)["Upload-Metadata"]
    assert said == "filename " + b64encode(b"tickets.csv").decode()


def test_the_last_answer_can_be_asked_for_again(alice_client: Client, url: str) -> None:
    done = patch(alice_client, url, table())["Attune-Location"]
    assert head(alice_client, url)["Attune-Location"] == done
    again = patch(alice_client, url, b"", len(table()))
    assert (again.status_code, again["Attune-Location"]) == (204, done)
    assert Upload.objects.count() == 1


def test_a_file_that_is_no_table_is_refused_and_stays_so(
    alice_client: Client, project: Project, home: Path
) -> None:
    url = begin(alice_client, project, len(PNG))["Location"]
    for data, offset in ((PNG, 0), (b"", len(PNG))):
        response = patch(alice_client, url, data, offset)
        assert (response.status_code, response.json()["code"]) == (422, "file.binary")
    assert head(alice_client, url)["Upload-Offset"] == str(len(PNG))
    assert "Attune-Location" not in head(alice_client, url)
    assert kept(home) == []
    assert not Upload.objects.exists()
    assert storage_used(project.workspace) == 0


def test_an_empty_file_is_refused_at_once(alice_client: Client, project: Project) -> None:
    response = begin(alice_client, project, 0)
    assert (response.status_code, response.json()["code"]) == (422, "file.empty")


def test_a_validation_file_leads_back_to_the_training_file(
    alice_client: Client, project: Project, upload: Upload
) -> None:
    said = {"role": "valid", "train": str(upload.pk), "column-text": "text"}
    url = begin(alice_client, project, **said)["Location"]
    place = patch(alice_client, url, table())["Attune-Location"]
    extra = Upload.objects.exclude(pk=upload.pk).get()
    assert f"/uploads/{upload.pk}/?" in place
    assert f"valid={extra.pk}" in place
    assert "column-text=text" in place


def test_the_training_file_must_be_of_the_project(alice_client: Client, project: Project) -> None:
    response = begin(alice_client, project, role="test", train="guess")
    assert (response.status_code, response.json()["code"]) == (422, "import.upload")
    assert not PartialUpload.objects.exists()


@pytest.mark.parametrize("offset", [0, HALF - 1, HALF + 1])
def test_a_piece_begins_where_the_last_one_ended(
    alice_client: Client, url: str, offset: int
) -> None:
    patch(alice_client, url, table()[:HALF])
    response = patch(alice_client, url, table()[HALF:], offset)
    assert (response.status_code, response.json()["code"]) == (409, "upload.offset")
    assert response.json()["values"]["offset"] == HALF
    assert head(alice_client, url)["Upload-Offset"] == str(HALF)


def test_it_takes_no_more_than_was_announced(alice_client: Client, url: str) -> None:
    response = patch(alice_client, url, table() + b"x")
    assert (response.status_code, response.json()["code"]) == (413, "upload.overrun")
    assert head(alice_client, url)["Upload-Offset"] == "0"


def test_a_body_that_is_longer_than_it_says_is_cut(alice_client: Client, url: str) -> None:
    partial = PartialUpload.objects.get()
    body = BytesIO(table() + b"more")
    assert resuming.append(partial=partial, offset=0, body=body, length=0) == len(table())
    assert Upload.objects.get().size == len(table())


@pytest.mark.parametrize("version", ["", "0.2.1"])
def test_it_wants_the_version(alice_client: Client, url: str, version: str) -> None:
    headers = {"Tus-Resumable": version} if version else {}
    response = alice_client.patch(url, b"x", content_type=OFFSET, headers=headers)
    assert (response.status_code, response.json()["code"]) == (412, "upload.version")
    assert response["Tus-Version"] == "1.0.0"


def test_it_wants_the_right_content_type(alice_client: Client, url: str) -> None:
    response = patch(alice_client, url, table(), content_type="text/csv")
    assert (response.status_code, response.json()["code"]) == (415, "request.media")


@pytest.mark.parametrize("wrong", ["", "-1", "ten", "1" * 19, "²"])
def test_it_wants_numbers(alice_client: Client, project: Project, url: str, wrong: str) -> None:
    for response in (begin(alice_client, project, wrong), patch(alice_client, url, b"x", wrong)):
        assert (response.status_code, response.json()["code"]) == (400, "upload.header")


@pytest.mark.parametrize("wrong", ["filename !!!", "filename /w==", "x" * 20_000, "é YQ=="])
def test_it_wants_metadata_that_can_be_read(
    alice_client: Client, project: Project, wrong: str
) -> None:
    headers = tus({"Upload-Length": "10", "Upload-Metadata": wrong})
    response = alice_client.post(f"/api/v1/projects/{project.pk}/tus/", headers=headers)
    assert (response.status_code, response.json()["code"]) == (400, "upload.header")


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_checksum_is_compared(alice_client: Client, url: str, algorithm: str) -> None:
    digest = hashlib.new(algorithm, table()[:HALF]).digest()
    right = {"Upload-Checksum": f"{algorithm} {b64encode(digest).decode()}"}
    damaged = patch(alice_client, url, b"x" * HALF, headers=right)
    assert (damaged.status_code, damaged.json()["code"]) == (460, "upload.checksum")
    assert head(alice_client, url)["Upload-Offset"] == "0"
    assert patch(alice_client, url, table()[:HALF], headers=right).status_code == 204
    unknown = patch(alice_client, url, b"", HALF, headers={"Upload-Checksum": "md5 AAAA"})
    assert unknown.status_code == 400


def test_an_upload_that_is_left_expires(alice_client: Client, url: str) -> None:
    assert head(alice_client, url)["Upload-Expires"].endswith("GMT")
    PartialUpload.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert head(alice_client, url).status_code == 410
    response = patch(alice_client, url, table())
    assert (response.status_code, response.json()["code"]) == (410, "upload.expired")


def test_each_piece_gives_it_another_day(alice_client: Client, url: str) -> None:
    soon = timezone.now() + timedelta(minutes=1)
    PartialUpload.objects.update(expires_at=soon)
    patch(alice_client, url, table()[:HALF])
    assert PartialUpload.objects.get().expires_at > soon


def test_it_can_be_given_up(
    alice_client: Client, url: str, home: Path, django_capture_on_commit_callbacks: Any
) -> None:
    patch(alice_client, url, table()[:HALF])
    with django_capture_on_commit_callbacks(execute=True):
        assert alice_client.delete(url, headers=tus()).status_code == 204
    assert kept(home) == []
    assert head(alice_client, url).status_code == 404
    assert patch(alice_client, url, b"x", HALF).status_code == 404


def test_giving_up_after_the_end_leaves_the_upload(
    alice_client: Client, url: str, django_capture_on_commit_callbacks: Any
) -> None:
    patch(alice_client, url, table())
    with django_capture_on_commit_callbacks(execute=True):
        alice_client.delete(url, headers=tus())
    assert path_of(Upload.objects.get()).exists()


@contextmanager
def another_writer(partial: PartialUpload) -> Iterator[None]:
    with resuming.path_of(partial).open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def test_two_cannot_write_at_once(alice_client: Client, url: str) -> None:
    with another_writer(PartialUpload.objects.get()):
        response = patch(alice_client, url, table())
    assert (response.status_code, response.json()["code"]) == (423, "upload.busy")
    assert head(alice_client, url)["Upload-Offset"] == "0"
    assert patch(alice_client, url, table()).status_code == 204


def test_whoever_comes_second_sees_what_the_first_has_done(alice_client: Client, url: str) -> None:
    """Its row was read before the first had ended, or removed, the upload."""
    stale = PartialUpload.objects.get()
    PartialUpload.objects.update(ended_at=timezone.now())
    with pytest.raises(Problem, match="is being written"):
        resuming.append(partial=stale, offset=0, body=BytesIO(b"x"), length=1)
    PartialUpload.objects.all().delete()
    with pytest.raises(Http404):
        resuming.append(partial=stale, offset=0, body=BytesIO(b"x"), length=1)
    assert resuming.path_of(stale).stat().st_size == 0


def test_one_that_is_removed_while_it_ends_becomes_no_upload(
    alice_client: Client, url: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def removed_meanwhile(path: Path) -> None:
        PartialUpload.objects.all().delete()

    monkeypatch.setattr(resuming.services, "look_at", removed_meanwhile)
    assert patch(alice_client, url, table()).status_code == 404
    assert not Upload.objects.exists()


def test_what_fails_on_our_side_at_the_end_can_be_ended_once_more(
    alice_client: Client, url: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(part: Path, target: Path) -> None:
        part.replace(target)
        raise OSError("the disk went away")

    with monkeypatch.context() as broken:
        broken.setattr(files, "publish", crash)
        assert patch(alice_client, url, table()).status_code == 500
    assert not Upload.objects.exists()
    assert head(alice_client, url)["Upload-Offset"] == str(len(table()))
    assert patch(alice_client, url, b"", len(table())).status_code == 204
    assert path_of(Upload.objects.get()).read_bytes() == table()


def test_a_file_that_was_lost_is_told(alice_client: Client, url: str) -> None:
    resuming.path_of(PartialUpload.objects.get()).unlink()
    assert head(alice_client, url).status_code == 410
    assert patch(alice_client, url, b"x").json()["code"] == "upload.gone"


def test_larger_than_the_limit_is_refused_before_it_is_sent(
    alice_client: Client, project: Project, settings: Any
) -> None:
    settings.MAX_UPLOAD_BYTES = 10
    assert begin(alice_client, project, 10).status_code == 201
    response = begin(alice_client, project, 11)
    assert (response.status_code, response.json()["code"]) == (413, "upload.too_large")


def test_larger_than_the_disk_is_refused_before_it_is_sent(
    alice_client: Client, project: Project, settings: Any
) -> None:
    settings.MAX_UPLOAD_BYTES = 10**18
    response = begin(alice_client, project, 10**17)
    assert (response.status_code, response.json()["code"]) == (507, "disk.full")


def test_what_is_announced_counts_as_storage_once(
    alice_client: Client, project: Project, workspace: Workspace
) -> None:
    plan = plan_of(workspace)
    Plan.objects.filter(pk=plan.pk).update(max_storage_bytes=len(table()) + 10)
    url = begin(alice_client, project)["Location"]
    response = begin(alice_client, project)
    assert (response.status_code, response.json()["code"]) == (403, "quota.storage")
    assert patch(alice_client, url, table()).status_code == 204
    assert storage_used(workspace) == len(table())


def test_a_plan_that_became_smaller_refuses_at_the_end_and_keeps_what_came(
    alice_client: Client, url: str, workspace: Workspace
) -> None:
    plan = plan_of(workspace)
    Plan.objects.filter(pk=plan.pk).update(max_storage_bytes=1)
    assert patch(alice_client, url, table()).status_code == 403
    assert head(alice_client, url)["Upload-Offset"] == str(len(table()))
    Plan.objects.filter(pk=plan.pk).update(max_storage_bytes=None)
    assert patch(alice_client, url, b"", len(table())).status_code == 204


def test_it_checks_ownership(
    bob_client: Client, vera_client: Client, charlie_client: Client, project: Project, url: str
) -> None:
    """Another member may go on with it: the data is the workspace's."""
    for client, status in ((charlie_client, 404), (vera_client, 403), (Client(), 401)):
        answers = (begin(client, project), head(client, url), patch(client, url, b"x"))
        assert [answer.status_code for answer in answers] == [status] * 3
        assert client.delete(url, headers=tus()).status_code == status
    assert patch(bob_client, url, table()).status_code == 204


def test_it_needs_the_csrf_token(alice: User, project: Project, url: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert begin(client, project).status_code == 403
    assert patch(client, url, table()).status_code == 403
    assert not Upload.objects.exists()


def test_a_token_works_too(api_token: str, project: Project) -> None:
    client = Client(headers={"Authorization": f"Bearer {api_token}"}, enforce_csrf_checks=True)
    url = begin(client, project)["Location"]
    assert patch(client, url, table()).status_code == 204
    upload = client.get(url.replace("/tus/", "/uploads/")).json()["upload"]
    assert upload["sha256"] == hashlib.sha256(table()).hexdigest()


def test_its_files_go_with_the_project(
    alice_client: Client,
    project: Project,
    url: str,
    home: Path,
    django_capture_on_commit_callbacks: Any,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        delete_project(project=project)
    assert kept(home) == []
