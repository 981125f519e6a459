"""Reads of pools: always through the project's workspace."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.http import Http404

from accounts.access import Action
from projects.datasets import drafts, files
from projects.datasets.models import DatasetVersion, RowEdit
from projects.datasets.selectors import label_rows
from projects.models import Project
from projects.pools.kinds import Kind
from projects.pools.models import Pool, PoolRow, Round
from projects.runs.models import Run, Status
from projects.selectors import require_in
from training.problems import Problem

State = PoolRow.State
KEYS = 9  # labels that a digit picks
BUSY = (Round.Status.QUEUED, Round.Status.RUNNING)


def pools_in(project: Project) -> QuerySet[Pool]:
    """With `open` and `labelled`, how many rows there are of each."""
    counted = {
        name: Count("texts", filter=Q(texts__state=name)) for name in (State.OPEN, State.LABELLED)
    }
    found = Pool.objects.filter(project=project).select_related("created_by")
    return found.annotate(**{str(name): count for name, count in counted.items()})


def pool_for(request: Any, pool_id: UUID | str, action: Action) -> Pool:
    related = Pool.objects.select_related("project__workspace", "created_by")
    pool = related.filter(pk=pool_id).first()
    if pool is None:
        raise Http404
    require_in(request, pool.project, action)
    return pool


def row_in(pool: Pool, number: int) -> PoolRow:
    """Raises Problem(`pool.row`)."""
    row = PoolRow.objects.filter(pool=pool, number=number).first()
    if row is None:
        raise Problem("pool.row", row=number)
    return row


def open_rows(pool: Pool) -> QuerySet[PoolRow]:
    """The most uncertain first; those that no model was asked about as they stood in the file."""
    return PoolRow.objects.filter(pool=pool, state=State.OPEN).order_by("order", "number")


def unasked(asked: Round) -> QuerySet[PoolRow]:
    """Open rows that this round has not come to."""
    return open_rows(asked.pool).filter(Q(round=None) | ~Q(round=asked))


def newest_round(pool: Pool) -> Round | None:
    return Round.objects.filter(pool=pool).select_related("run").first()


def progress_of(asked: Round) -> float:
    """0 to 1, of the rows that are open now."""
    total, left = open_rows(asked.pool).count(), unasked(asked).count()
    return 1 - left / total if total else 1.0


@dataclass(frozen=True)
class Counts:
    open: int
    labelled: int
    skipped: int
    draft: int  # labelled, and in no version yet
    judged: int  # labelled with a suggestion beside it
    agreed: int  # … and the suggestion was taken

    @property
    def total(self) -> int:
        return self.open + self.labelled + self.skipped

    @property
    def done(self) -> int:
        return self.labelled + self.skipped


def counts_of(pool: Pool) -> Counts:
    by_state = {name: Count("pk", filter=Q(state=name)) for name in State.values}
    judged = Count("pk", filter=Q(agreed__isnull=False))
    agreed = Count("pk", filter=Q(agreed=True))
    found = PoolRow.objects.filter(pool=pool)
    counted = found.aggregate(**by_state, judged=judged, agreed=agreed)
    return Counts(**counted, draft=draft_of(pool).count())


def draft_of(pool: Pool) -> QuerySet[RowEdit]:
    return RowEdit.objects.filter(drafts.OPEN, pool_row__pool=pool)


def answers(pool: Pool, limit: int = 10) -> QuerySet[PoolRow]:
    """The newest first."""
    said = PoolRow.objects.filter(pool=pool, answered_at__isnull=False)
    return said.select_related("user", "edit").order_by("-answered_at")[:limit]


def models_for(project: Project, version: DatasetVersion, limit: int = 20) -> list[Run]:
    """Runs that can be asked, the newest first: of data of the same kind."""
    done = Run.objects.filter(project=project, status=Status.SUCCEEDED, artifact__isnull=False)
    same = done.filter(version__variant=version.variant)
    return list(same.select_related("version").order_by("-number")[:limit])


def model_in(project: Project, version: DatasetVersion, run_id: str) -> Run | None:
    """The run that was chosen; None for an empty choice. Raises Problem(`pool.run`)."""
    if not run_id:
        return None
    found = next((run for run in models_for(project, version) if str(run.pk) == run_id), None)
    if found is None:
        raise Problem("pool.run", run=run_id[:40])
    return found


@dataclass(frozen=True)
class Choice:
    """A label that a digit picks. `share`: what the model gives it, where it said so."""

    key: int
    label: str
    share: float | None


def labels_of(version: DatasetVersion, kind: Kind) -> list[str]:
    """The most frequent first, then those that only the draft knows."""
    known = [item.label for item in label_rows(version)]
    added = drafts.added_rows(version).values_list("values", flat=True)
    fresh = sorted({values.get(kind.answers, "") for values in added} - {*known, ""})
    return [*known, *fresh]


def suggestion(row: PoolRow, version: DatasetVersion) -> tuple[str, float] | None:
    """The likeliest label that there still is, and its probability."""
    known = ((label, share) for label, share in row.shares if label in version.labels)
    return next(known, None)


def choices(row: PoolRow, labels: list[str]) -> list[Choice]:
    """In one order for all rows, so that fingers learn it; where labels outnumber the keys, the likeliest first."""
    shares = {label: float(share) for label, share in row.shares}
    shown = labels if len(labels) <= KEYS else list(dict.fromkeys([*shares, *labels]))
    return [
        Choice(key, label, shares.get(label)) for key, label in enumerate(shown[:KEYS], start=1)
    ]


def vectors_folder(pool: Pool) -> Path:
    """Where drafts keep what their base makes of the rows; it goes with the pool, and with the project."""
    return files.located(settings.VERSIONS_DIR, f"{pool.project_id}/{pool.pk}.vectors")
