"""What a run is going to be: its spec, its base model, and how long it will take here."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from django.conf import settings as site
from django.db.models import F

from projects.datasets.models import DatasetVersion
from projects.models import Project
from projects.runs.models import Run, Status
from training import catalogue
from training import estimate as estimating
from training.catalogue import Base
from training.problems import Problem
from training.spec import EFFORTS, Spec, from_dict

PATHS = (
    "version",
    "train",
    "valid",
    "test",
    "base_folder",
    "encoding",
    "delimiter",
    "format",
    "header",
    "columns",
)
LATEST = 10  # past runs whose ratio of real to estimated seconds corrects the estimate
BOUNDS = (0.2, 5.0)  # of that correction


@dataclass(frozen=True)
class Choice:
    """A base model as the wizard offers it. `reason` tells why it cannot be chosen: a problem code, or nothing."""

    base: Base
    reason: str = ""

    @property
    def available(self) -> bool:
        return not self.reason


def spec(
    project: Project, *, base: str, effort: str, seed: int, settings: Mapping[str, Any]
) -> Spec:
    """Checked; raises Problem(`spec.*`)."""
    given = {"task": project.task, "base": base, "effort": effort, "seed": seed}
    return from_dict({**given, "settings": dict(settings)})


def portable(spec: Spec) -> dict[str, Any]:
    """Without paths: where files lie is looked up when the run starts."""
    return {name: value for name, value in spec.as_dict().items() if name not in PATHS}


def runnable(run: Run, version: Path) -> Spec:
    """With the paths of this machine. Raises Problem(`base.missing`, `base.broken`)."""
    given = from_dict({**run.spec, "version": str(version)})
    if catalogue.available(given.base, site.BASES_DIR) and _is_here(given.base):
        return replace(given, base_folder=str(catalogue.locate(given.base, site.BASES_DIR)))
    return given


def _is_here(base: str) -> bool:
    folder = catalogue.place(catalogue.find(base), site.BASES_DIR)
    return folder is not None and folder.is_dir()


def check_base(spec: Spec) -> None:
    """Raises Problem(`base.unknown`, `base.task`, `base.missing`, `base.broken`)."""
    base = catalogue.find(spec.base)
    if spec.task not in base.tasks:
        raise Problem("base.task", base=base.title, task=spec.task)
    if not catalogue.available(base.id, site.BASES_DIR):
        catalogue.locate(base.id, site.BASES_DIR)


def choices(task: str) -> list[Choice]:
    """Base models for the task; those that can be chosen first."""
    offered = [
        Choice(base, _reason(base)) for base in catalogue.BASES.values() if task in base.tasks
    ]
    return sorted(offered, key=lambda choice: not choice.available)


def _reason(base: Base) -> str:
    return "" if catalogue.available(base.id, site.BASES_DIR) else "base.missing"


def estimate(
    version: DatasetVersion, spec: Spec, factor: float | None = None
) -> estimating.Estimate:
    """Seconds on this machine: measured speed, corrected by how right earlier estimates were."""
    found = estimating.seconds(
        _stats(version), calibration(), spec.effort, spec.base, spec.settings
    )
    by = correction() if factor is None else factor
    return replace(found, seconds=found.seconds * by, low=found.low * by, high=found.high * by)


def by_effort(version: DatasetVersion, spec: Spec) -> dict[str, estimating.Estimate]:
    factor = correction()
    return {effort: estimate(version, replace(spec, effort=effort), factor) for effort in EFFORTS}


def correction() -> float:
    """The median of real to uncorrected estimated seconds over the latest runs; 1 for fewer than two."""
    done = Run.objects.filter(
        status=Status.SUCCEEDED,
        total_seconds__gt=0,
        estimated_seconds__gt=0,
        estimate_factor__gt=0,
    )
    ratio = F("total_seconds") * F("estimate_factor") / F("estimated_seconds")
    latest = done.order_by("-ended_at").annotate(ratio=ratio)[:LATEST]
    ratios = list(latest.values_list("ratio", flat=True))
    if len(ratios) < 2:
        return 1.0
    return min(max(statistics.median(ratios), BOUNDS[0]), BOUNDS[1])


def calibration() -> dict[str, Any]:
    """What `python -m training calibrate` measured here; empty before it has."""
    try:
        found = json.loads(Path(site.CALIBRATION_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _stats(version: DatasetVersion) -> dict[str, Any]:
    """The version's statistics, or its counts where it has none."""
    counts = {name: {"rows": rows} for name, rows in version.splits.items()}
    return {**counts, "labels": len(version.labels), **(version.stats or {})}


def title(base: str) -> str:
    """What a base model is called; its id when the catalogue has it no more."""
    found = catalogue.BASES.get(base)
    return found.title if found else base


def known(base: str, task: str) -> str:
    """`base` when the catalogue offers it for the task, else the default."""
    found = catalogue.BASES.get(base)
    return base if found and task in found.tasks else catalogue.DEFAULT
