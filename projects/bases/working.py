"""The child process that installs or checks a base model, and its end."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from django.conf import settings

from projects.bases.models import BaseJob
from projects.bases.services import LOOK, TASK
from projects.datasets import children
from projects.datasets.children import ChildFailed, Kind, Outcome

Status = BaseJob.Status


def execute(job_id: UUID | str) -> None:
    children.execute(KIND, job_id)


def arguments(job: BaseJob, folder: Path) -> list[str]:
    """Of `python -m training`."""
    return [job.kind, job.base, "--out", str(settings.BASES_DIR)]


def settle(job: BaseJob, attempt: int, outcome: Outcome, folder: Path) -> None:
    if outcome.problem:
        children.end(KIND, job.pk, attempt, Status.FAILED, problem=outcome.problem)
    elif outcome.returncode == 0:
        answer = outcome.events.get("answered", {}).get("answer", "")
        children.end(KIND, job.pk, attempt, Status.READY, progress=1.0, answer=answer[:500])
    else:
        raise ChildFailed(outcome.returncode, outcome.stderr)


KIND = Kind(
    model=BaseJob,
    task=TASK,
    cluster=LOOK,
    running=Status.RUNNING,
    related=(),
    arguments=arguments,
    settle=settle,
)
