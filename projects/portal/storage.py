"""What lies on the disk and whose it is, for the operator's page."""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from uuid import UUID

from django.db.models import QuerySet, Sum

from accounts.models import Workspace
from projects import room
from projects.datasets.models import DatasetVersion, PartialUpload, Upload
from projects.housekeeping import keeping
from projects.housekeeping.finding import Orphan
from projects.runs.models import Artifact

MOST = 20  # workspaces, and models
KINDS = ("uploads", "coming", "versions", "models")


def by_workspace() -> list[dict[str, Any]]:
    """{"workspace", "uploads", "coming", "versions", "models", "total"} in bytes, the largest first."""
    found: dict[UUID, dict[str, int]] = defaultdict(lambda: dict.fromkeys(KINDS, 0))
    for kind, rows, path in (
        ("uploads", Upload.objects.all(), "project__workspace"),
        ("coming", PartialUpload.objects.filter(ended_at=None), "project__workspace"),
        ("versions", DatasetVersion.objects.all(), "project__workspace"),
        ("models", Artifact.objects.filter(removed_at=None), "run__project__workspace"),
    ):
        for workspace, size in _sums(rows, path):
            found[workspace][kind] = size
    largest = sorted(found, key=lambda pk: -sum(found[pk].values()))[:MOST]
    named = Workspace.objects.in_bulk(largest)
    return [
        {"workspace": named[pk], **found[pk], "total": sum(found[pk].values())} for pk in largest
    ]


def _sums(rows: QuerySet[Any], path: str) -> list[tuple[UUID, int]]:
    summed = rows.order_by().values(path).annotate(bytes=Sum("size"))
    return [(pk, size or 0) for pk, size in summed.values_list(path, "bytes")]


def oldest_models() -> QuerySet[Artifact]:
    kept = Artifact.objects.filter(removed_at=None).select_related("run__project__workspace")
    return kept.defer("run__report", "run__spec").order_by("created_at")[:MOST]


def disk() -> dict[str, Any]:
    return {"free": room.free(), "scarce": room.scarce()}


def orphans() -> list[Orphan]:
    """What housekeeping would remove now; nothing is removed."""
    return keeping.clean(dry_run=True)
