"""What a run costs its workspace: before it starts, while it runs, and when it has ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from accounts.models import Workspace
from billing import reports, words
from billing.limits import METERED
from billing.services import allowance, plan_of
from projects.runs import holding, planning
from projects.runs.models import Run
from training.estimate import Estimate
from training.spec import Spec

TOLD = ("seconds", "low", "high", "measured", "memory", "devices", "minutes")  # of an estimate


def expected(workspace: Workspace, spec: Spec, found: Estimate) -> dict[str, Any]:
    """`meter` (name of the limit), `minutes`, `limit`, `left` and `text`, as in “about 14 of your 60 minutes”."""
    name = METERED[holding.meter_of(planning.cluster(spec.as_dict()))].limit
    state, minutes = allowance(workspace, (name,)), holding.minutes_held(spec, found)
    meter = state.every[name]
    said = words.estimate_text(state, name, minutes)
    return {
        "meter": name, "minutes": minutes, "limit": meter.limit, "left": meter.left, "text": said
    }  # fmt: skip


def receipts(runs: Sequence[Run]) -> dict[UUID, reports.Receipt]:
    """Of runs of one workspace; those of which nothing was held or used are left out."""
    if not runs:
        return {}
    currency = plan_of(runs[0].project.workspace).currency
    return reports.receipts([run.pk for run in runs], currency)


def text(run: Run, ended: bool) -> str:
    """What it holds or has cost, or that it was refunded and why; "" where there is nothing to say."""
    return words.receipt_text(receipts([run]).get(run.pk), ended)
