"""What was left behind is removed; what is in use stays."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import User
from projects.datasets import children, resuming, sweeping
from projects.datasets.models import DatasetVersion, Import, PartialUpload, Upload
from projects.datasets.selectors import path_of
from projects.models import Project


def test_old_parts_and_folders_of_dead_checks_go(home: Path, upload: Upload) -> None:
    part = path_of(upload).with_suffix(".part")
    young = path_of(upload).with_name("young.part")
    folder = home / "versions" / children.FOLDER / "x-1"
    folder.mkdir(parents=True)
    for path in (part, young):
        path.write_text("x")
    for path in (part, folder):
        os.utime(path, (time.time() - 10_000,) * 2)
    sweeping.sweep()
    assert not part.exists()
    assert not folder.exists()
    assert young.exists()
    assert path_of(upload).exists()


@pytest.mark.django_db(transaction=True)
def test_expired_pieces_go_and_those_that_still_come_stay(project: Project, alice: User) -> None:
    said = {"name": "a.csv", "size": 10, "said": {}, "metadata": ""}
    expired, coming = [resuming.begin(project=project, user=alice, **said) for _n in range(2)]
    PartialUpload.objects.filter(pk=expired.pk).update(expires_at=timezone.now())
    orphan = resuming.path_of(coming).with_name("orphan.tus")
    orphan.write_text("x")
    os.utime(orphan, (time.time() - 3 * 86_400,) * 2)
    sweeping.sweep()
    assert PartialUpload.objects.get() == coming
    assert resuming.path_of(coming).exists()
    assert not resuming.path_of(expired).exists()
    assert not orphan.exists()


@pytest.mark.django_db(transaction=True)
def test_uploads_that_came_to_nothing_go_after_a_week(
    version: DatasetVersion, add: Callable[..., Upload], start: Callable[..., Import]
) -> None:
    forgotten, blocked, fresh = add(), add(), add()
    Import.objects.filter(pk=start(train=blocked).pk).update(status="blocked")
    old = Upload.objects.exclude(pk=fresh.pk)
    old.update(created_at=timezone.now() - timedelta(days=8))
    sweeping.sweep()
    assert version.source
    assert set(Upload.objects.all()) == {fresh, version.source.train}
    assert not path_of(forgotten).exists()
    assert not path_of(blocked).exists()
    assert path_of(version.source.train).exists()


def test_the_names_of_the_queues_tasks_resolve() -> None:
    from django.utils.module_loading import import_string

    from projects.datasets.services import CHECK

    assert callable(import_string(CHECK))
    assert callable(import_string("projects.datasets.tasks.sweep"))
