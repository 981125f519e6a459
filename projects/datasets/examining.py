"""The close look at a version: one child process, whose end becomes the version's health report.

The version itself stays as it is. Beside it the flags are replaced by those of both looks, and the rows whose label is
probably wrong are added.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from projects.datasets import children, files
from projects.datasets.children import ChildFailed, Kind, Outcome
from projects.datasets.health import EXAMINE, LOOK
from projects.datasets.models import HealthReport
from projects.datasets.selectors import version_file
from training.version import flags_path, suspects_path

Status = HealthReport.Status


def execute(report_id: UUID | str) -> None:
    children.execute(KIND, report_id)


def arguments(report: HealthReport, folder: Path) -> list[str]:
    """Of `python -m training`."""
    task = report.version.project.task
    options = ["--task", task, "--base", report.base, "--json", "--out", str(folder)]
    options += ["--threads", "1"]  # nobody waits for it, and training and pages want the cores
    return ["health", str(version_file(report.version)), *options]


def settle(report: HealthReport, attempt: int, outcome: Outcome, folder: Path) -> None:
    """Writes the end of the report."""
    told = outcome.events.get("health")
    if outcome.problem:
        _end(report, attempt, Status.FAILED, problem=outcome.problem)
    elif told and outcome.returncode == 0:
        _publish(report, attempt, folder)
        found = {"findings": told["findings"], "stats": told["stats"]}
        _end(report, attempt, Status.READY, progress=1.0, **found)
    else:
        raise ChildFailed(outcome.returncode, outcome.stderr)


def _publish(report: HealthReport, attempt: int, folder: Path) -> None:
    """The files come before the report that speaks of them; what is there already holds the same or less."""
    target = version_file(report.version)
    written = folder / target.name
    if not target.is_file() or not children.beat(KIND, report.pk, attempt, 1.0):
        return
    for name in (flags_path, suspects_path):
        if name(written).is_file():
            files.publish(name(written), name(target))


def _end(report: HealthReport, attempt: int, status: str, **fields: Any) -> bool:
    return children.end(KIND, report.pk, attempt, status, **fields)


KIND = Kind(
    model=HealthReport,
    task=EXAMINE,
    cluster=LOOK,
    running=Status.RUNNING,
    related=("version__project",),
    arguments=arguments,
    settle=settle,
    warm=True,
)
