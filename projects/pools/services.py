"""Writes about pools: made of an upload, asked about, deleted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from django.db import transaction
from django.db.models import Q

from accounts.audit import record
from accounts.models import User
from projects.datasets import files, services
from projects.datasets.models import Import, Upload
from projects.datasets.selectors import Reading, preview_of
from projects.jobs.queue import enqueue
from projects.models import Project
from projects.pools import kinds
from projects.pools.models import Pool, Round
from projects.pools.selectors import BUSY, vectors_folder
from projects.runs.models import Run
from training.problems import Problem
from training.table.words import shown_list

READ = "projects.pools.tasks.read"
SUGGEST = "projects.pools.tasks.suggest"
AS_FOUND = Reading()


@transaction.atomic
def add_pool(
    *,
    project: Project,
    user: User,
    upload: Upload,
    columns: Mapping[str, str],
    reading: Reading = AS_FOUND,
    run: Run | None = None,
) -> Pool:
    """Queues the reading of a file without labels. Raises Problem(`pool.version`, `import.*`, `file.*`)."""
    services.lock(project)
    _version, kind = kinds.target(project)
    header = preview_of(upload, reading).columns
    pool = Pool.objects.create(
        project=project,
        name=upload.name,
        upload=upload,
        reading=asdict(reading),
        columns=clean_columns(kind, columns, header),
        run=run,
        created_by=user,
    )
    enqueue(READ, pool.pk)
    record(project.workspace, "pool.added", user=user, about=pool.name, project=project.name)
    return pool


def clean_columns(
    kind: kinds.Kind, columns: Mapping[str, str], header: list[str]
) -> dict[str, str]:
    """Raises Problem(`import.role`, `import.column`)."""
    for role in columns:
        if role not in kind.reads:
            raise Problem("import.role", role=str(role)[:40], known=", ".join(kind.reads))
    for role in kind.reads:
        if columns.get(role) not in header:
            column, known = str(columns.get(role) or "")[:120], shown_list(header)
            raise Problem("import.column", role=role, column=column, known=known)
    return {role: columns[role] for role in kind.reads}


@transaction.atomic
def suggest(*, pool: Pool, run: Run, user: User | None) -> Round:
    """Asks a model about the open rows; the same one asked for while it is at it is the one that is at it."""
    services.lock(pool.project)
    if pool_status(pool) != Pool.Status.READY:
        raise Problem("pool.unread")
    running = Round.objects.filter(pool=pool, status__in=BUSY).first()
    if running and running.run_id == run.pk:
        return running
    asked = Round.objects.create(pool=pool, run=run, created_by=user)
    enqueue(SUGGEST, asked.pk)
    said = {"project": pool.project.name, "run": run.number}
    record(pool.project.workspace, "pool.suggested", user=user, about=pool.name, **said)
    return asked


def pool_status(pool: Pool) -> str:
    """As it is now."""
    return Pool.objects.values_list("status", flat=True).get(pk=pool.pk)


def remove(*, pool: Pool) -> None:
    """Its open texts are gone. Labels that were given stay in the draft, or in the versions made of it."""
    upload, vectors = pool.upload, vectors_folder(pool)
    record(pool.project.workspace, "pool.deleted", about=pool.name, project=pool.project.name)
    pool.delete()
    transaction.on_commit(lambda: files.discard(vectors))
    if upload:
        let_go(upload)


def let_go(upload: Upload) -> None:
    """The rows hold what is needed of the file; one that an import uses stays."""
    used = Q(train=upload) | Q(valid=upload) | Q(test=upload)
    if not Import.objects.filter(used).exists():
        services.remove_upload(upload=upload)
