"""Removes what was left behind: parts of files, folders of dead checks, uploads that came to nothing."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from projects.datasets import files, resuming
from projects.datasets.children import FOLDER, LIMIT
from projects.datasets.models import Import, PartialUpload, Upload
from projects.datasets.services import remove_upload

FORGOTTEN = timedelta(days=7)
UNASKED = 14 * 86_400.0  # seconds that vectors are kept without being asked for


def sweep() -> None:
    _sweep_parts()
    _sweep_partials()
    _sweep_uploads()
    _sweep_vectors()


def _sweep_parts() -> None:
    uploads, versions = Path(settings.UPLOADS_DIR), Path(settings.VERSIONS_DIR)
    old = time.time() - LIMIT - 60
    left = [*uploads.glob(f"*/*{files.PART}"), *versions.glob(f"{FOLDER}/*")]
    files.discard(*(path for path in left if _age(path) < old))


def _sweep_vectors() -> None:
    """What nobody has asked for in a while, and parts that a death has left: it can be computed again."""
    versions = Path(settings.VERSIONS_DIR)
    found = [(path, UNASKED) for path in versions.glob(f"*/{files.VECTORS}")]
    found += [(path, LIMIT) for path in versions.glob(f"*/*.vectors/.*{files.PART}")]
    files.discard(*(path for path, life in found if _age(path) < time.time() - life))


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return time.time()


def _sweep_partials() -> None:
    """Those that expired; and files without a row, which a crash between the two left."""
    for partial in PartialUpload.objects.filter(expires_at__lt=timezone.now())[:200]:
        resuming.remove(partial=partial)
    old = time.time() - 2 * resuming.LIFE.total_seconds()
    left = Path(settings.UPLOADS_DIR).glob(f"*/*{files.PARTIAL}")
    files.discard(*(path for path in left if _age(path) < old))


def _sweep_uploads() -> None:
    """Files that no import has turned into a version for a week: they would count as storage for ever."""
    mine = Q(train=OuterRef("pk")) | Q(valid=OuterRef("pk")) | Q(test=OuterRef("pk"))
    used = Import.objects.filter(mine).exclude(
        status__in=(Import.Status.BLOCKED, Import.Status.FAILED)
    )
    old = Upload.objects.filter(~Exists(used), created_at__lt=timezone.now() - FORGOTTEN)
    for upload in old[:200]:
        remove_upload(upload=upload)
