"""What a run holds of its plan until it has ended."""

from __future__ import annotations

import math

from billing.models import Meter
from projects.jobs.health import GPU
from projects.runs import planning
from projects.runs.models import Run
from training import estimate as estimating
from training.spec import Spec, from_dict


def seconds_held(spec: Spec, seconds: float) -> float:
    """Of the plan, that a run is expected to take: each device counts, and a search all that it was given."""
    if minutes := spec.search.get("minutes"):
        return 60.0 * float(minutes)
    return max(1.0, seconds) * planning.devices(spec)


def minutes_held(spec: Spec, found: estimating.Estimate) -> int:
    """The same in whole minutes, for people."""
    return max(1, math.ceil(seconds_held(spec, found.seconds) / 60))


def of_run(run: Run) -> float:
    """Seconds."""
    return seconds_held(from_dict(run.spec), run.estimated_seconds or 0)


def meter_of(cluster: str) -> str:
    """What the ledger counts for a run in this part of the queue."""
    return Meter.GPU_SECONDS if cluster == GPU else Meter.TRAINING_SECONDS
