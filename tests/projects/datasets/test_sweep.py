"""What was left behind is removed; what is in use stays."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from projects.datasets import checking, sweeping
from projects.datasets.models import DatasetVersion, Import, Upload
from projects.datasets.selectors import path_of


def test_old_parts_and_folders_of_dead_checks_go(home: Path, upload: Upload) -> None:
    part = path_of(upload).with_suffix(".part")
    young = path_of(upload).with_name("young.part")
    folder = home / "versions" / checking.FOLDER / "x-1"
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
