"""Finished models in another storage than the folder of runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import Storage
from django.test import Client

from accounts.models import User, Workspace
from projects.housekeeping import keeping
from projects.runs import folders, storing
from projects.runs.models import Artifact, Run


@pytest.fixture
def artifact(make_everything: Callable[..., Any], workspace: Workspace, alice: User) -> Artifact:
    make_everything(workspace, alice)
    return Artifact.objects.get()


def download(client: Client) -> Any:
    run = Run.objects.get()
    return client.get(f"/w/alice/p/{run.project_id}/runs/{run.pk}/artifact.zip")


def content(response: Any) -> bytes:
    return b"".join(response)


def test_by_default_it_stays_where_it_is(artifact: Artifact) -> None:
    assert not storing.elsewhere()
    assert keeping.store() == 0
    assert folders.artifact_zip(artifact).is_file()


def test_it_is_moved_and_downloads_come_from_there(
    artifact: Artifact, bucket: Storage, alice_client: Client
) -> None:
    before = content(download(alice_client))
    assert keeping.store() == 1
    assert keeping.store() == 0
    assert not folders.artifact_zip(artifact).exists()
    assert bucket.exists(artifact.zip_path)
    assert content(download(alice_client)) == before


def test_a_storage_that_is_away_is_tried_again(
    artifact: Artifact, bucket: Storage, alice_client: Client, monkeypatch: Any
) -> None:
    def away(*args: Any, **given: Any) -> str:
        raise OSError("no route")

    with monkeypatch.context() as patch:
        patch.setattr(bucket, "save", away)
        assert keeping.store() == 0
    assert download(alice_client).status_code == 200
    assert keeping.store() == 1


def test_what_arrived_cut_is_not_believed(
    artifact: Artifact, bucket: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket, "size", lambda name: 3)
    assert not storing.store(artifact)
    assert folders.artifact_zip(artifact).is_file()


def test_what_an_interrupted_try_has_left_is_replaced(artifact: Artifact, bucket: Storage) -> None:
    with bucket.open(artifact.zip_path, "wb") as file:
        file.write(b"half")
    assert storing.store(artifact)
    assert bucket.size(artifact.zip_path) == artifact.size


def test_what_is_gone_there_is_told(
    artifact: Artifact, bucket: Storage, alice_client: Client
) -> None:
    keeping.store()
    bucket.delete(artifact.zip_path)
    assert download(alice_client).status_code == 410


def test_a_removed_model_goes_from_there_too(artifact: Artifact, bucket: Storage) -> None:
    keeping.store()
    artifact.refresh_from_db()
    storing.remove(artifact)
    assert not bucket.exists(artifact.zip_path)
    assert not Path(folders.artifact_folder(artifact)).exists()
