"""Runs that follow another one: the same once more, more epochs of it, or what a limit of the plan has cut off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db.models import F

from accounts.models import User
from billing.services import run_limits
from projects.runs import folders, selectors, services
from projects.runs.models import Follows, Run, Status
from projects.runs.results.shape import value_at
from training import artifact, catalogue, checkpoints
from training.problems import Problem
from training.problems import resuming as reasons

WEIGHTS = ".safetensors"
HARDWARE = (
    "device",
    "gpu",
    "processor",
    "system",
    "threads",
)  # of the environment; the rest are versions
MOST = 50  # epochs, as in training.options


def repeat(*, run: Run, user: User, start_key: str = "") -> Run:
    """A new run of the same data, seed and settings, those that were chosen for it among them.

    Of a run with a search it is the fine-tune that the search ended with. Raises Problem(`run.again`, `quota.*`).
    """
    if run.status != Status.SUCCEEDED or not run.report:
        raise Problem("run.again", status=run.get_status_display())
    details = run.report.get("details") or {}
    chosen = dict(details.get("settings") or run.spec.get("settings") or {})
    return _started(run, user, start_key, chosen, Follows.REPEAT)


def anew(*, run: Run, user: User) -> Run:
    """A new run with the choices of one that has left no model. Raises Problem(`run.again`, `quota.*`)."""
    if run.status not in (Status.FAILED, Status.CANCELLED):
        raise Problem("run.again", status=run.get_status_display())
    return _started(run, user, "", dict(run.spec.get("settings") or {}), None)


def extend(*, run: Run, user: User, epochs: int, start_key: str = "") -> Run:
    """A new run that goes on with the training of this one for so many epochs more.

    Raises Problem(`run.epochs`, `spec.range`, `quota.*`).
    """
    if reason := cannot_extend(run):
        raise Problem("run.epochs", reason=reason)
    if not 1 <= epochs <= MOST:
        raise Problem("spec.range", field="epochs", value=epochs, low=1, high=MOST)
    done, asked = epochs_of(run), _asked(run)
    found = _started(run, user, start_key, {**asked, "epochs": done + epochs}, Follows.EXTEND)
    # How long a part of a training takes teaches nothing about the next estimate (see planning.correction).
    share = F("estimated_seconds") * epochs / (done + epochs)
    Run.objects.filter(pk=found.pk, attempt=0).update(estimated_seconds=share, estimate_factor=0)
    return found


def go_on(*, run: Run, user: User, start_key: str = "") -> Run:
    """A new run that takes up what this one had come to at a limit of its plan, and is then as if there had been none.

    Raises Problem(`run.paused`, `run.limit_stays`, `quota.*`).
    """
    if folders.limited(run) is None:
        raise Problem("run.paused", status=run.get_status_display())
    if not outgrows(run):
        raise Problem("run.limit_stays", limit=told_limit(run))
    asked = dict(run.spec.get("settings") or {})
    return _started(run, user, start_key, asked, Follows.RESUME)


def outgrows(run: Run) -> bool:
    """Whether the plan has more room now than the limit at which this run was ended; False without anything kept."""
    if folders.limited(run) is None:
        return False
    problem, now = run.problem or {}, run_limits(run.project.workspace)
    values = problem.get("values") or {}
    if problem.get("code") == "run.time_limit":
        return now.seconds is None or now.seconds > 60 * float(values.get("minutes") or 0) + 3
    return now.memory is None or now.memory > int(values.get("limit") or 0)


def told_limit(run: Run) -> str:
    values = (run.problem or {}).get("values") or {}
    return str(values.get("limit_text") or f"{values.get('minutes', 0):g} min")


def _started(
    run: Run, user: User, start_key: str, settings: Mapping[str, Any], follows: Follows | None
) -> Run:
    spec = run.spec
    return services.start(
        project=run.project,
        version=run.version,
        user=user,
        base=spec.get("base") or catalogue.default_for(run.project.task, run.version.variant),
        effort=spec.get("effort", "balanced"),
        seed=spec.get("seed", 13),
        settings=settings,
        prompt=spec.get("prompt", ""),
        system=spec.get("system", ""),
        search=spec.get("search") if follows in (Follows.RESUME, None) else None,
        start_key=start_key,
        confirmed=True,  # by whoever started the first one
        origin=run if follows else None,
        follows=follows or "",
    )


def epochs_of(run: Run) -> int:
    """Those that were run."""
    return int(((run.report or {}).get("details") or {}).get("epochs_run") or 0)


def cannot_extend(run: Run) -> str:
    """Why no epochs can be added; empty when they can."""
    if run.status != Status.SUCCEEDED:
        return reasons.UNFINISHED
    if epochs_of(run) >= MOST:
        return reasons.FULL
    if folders.trained(run) is None or not _setup(run):
        return reasons.UNKEPT
    return ""


def _asked(run: Run) -> dict[str, Any]:
    """The settings that were asked for when it was trained, or found by its search."""
    return dict((_setup(run).get("mark") or {}).get("asked") or {})


def _setup(run: Run) -> dict[str, Any]:
    """What its last state says of itself. It is looked at wholly when it is put to use."""
    folder = folders.trained(run)
    for path in sorted((folder or Path()).glob(f"*/{checkpoints.STATE}")) if folder else []:
        try:
            return dict(checkpoints.read_json(path)["setup"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return {}


# --- whether the figures hold ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Agreement:
    """A repeated run beside the one before. `difference` is the largest of any score, in the scale of the scores."""

    equal: bool  # all scores, to the last digit
    weights: bool | None  # the files of the weights; None where one of them is gone
    difference: float
    figure: str  # the score that differs most
    hardware: tuple[str, ...]  # what of it is another, by name
    versions: tuple[str, ...]
    data: bool  # it is the same


def agreement(run: Run) -> Agreement | None:
    """None for a run that repeats none, or has not ended well."""
    before = run.origin
    if run.follows != Follows.REPEAT or before is None or not (run.report and before.report):
        return None
    one, other = selectors.result_of(run), selectors.result_of(before)
    found = {
        name: _apart(value_at(one.metrics, path), value_at(other.metrics, path))
        for name, path in one.figures.items()
    }
    most = max(found, key=lambda name: found[name], default="")
    names = _environments(one.details, other.details)
    return Agreement(
        equal=one.metrics == other.metrics,
        weights=_same_weights(run, before),
        difference=found.get(most, 0.0),
        figure=most,
        hardware=tuple(name for name in names if name in HARDWARE),
        versions=tuple(name for name in names if name not in HARDWARE),
        data=one.details.get("data") == other.details.get("data"),
    )


def _apart(one: float | None, other: float | None) -> float:
    if one is None or other is None:
        return 0.0 if one is other else float("inf")
    return abs(one - other)


def _environments(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Names of what is another in both, or is told by one alone."""
    now, then = (dict(details.get("environment") or {}) for details in (one, other))
    return sorted(name for name in now.keys() | then.keys() if now.get(name) != then.get(name))


def _same_weights(run: Run, before: Run) -> bool | None:
    sums = [_weights(one) for one in (run, before)]
    return None if None in sums else sums[0] == sums[1]


def _weights(run: Run) -> dict[str, str] | None:
    """File -> SHA-256, as the artifact's list says."""
    found = getattr(run, "artifact", None)
    try:
        listed = artifact.listed(folders.artifact_folder(found)) if found else {}
    except Problem:
        return None
    return {name: digest for name, digest in listed.items() if name.endswith(WEIGHTS)} or None
