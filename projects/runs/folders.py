"""Where the files of a run lie: RUNS_DIR/<run>/attempt-<n>/. An attempt writes in its own folder only."""

from __future__ import annotations

import shutil
from pathlib import Path
from uuid import UUID

from django.conf import settings

from projects.runs.guarding import LIMITS
from projects.runs.models import Artifact, Follows, Run, Status
from training import checkpoints

RESUME = checkpoints.RESUME
TRAINED = checkpoints.TRAINED  # of a run that has ended: epochs can be added to it
STUDY = "study.journal"  # of a search, as training.search writes it
HEAVY = ("checkpoint", "artifact", "artifact.zip", RESUME, TRAINED)
HALF = ("*.part", "*.tmp", "*.tmp.*")  # what a writer that was killed leaves


def of_run(run_id: UUID | str) -> Path:
    return Path(settings.RUNS_DIR) / str(run_id)


def of_attempt(run: Run, attempt: int | None = None) -> Path:
    return of_run(run.pk) / f"attempt-{run.attempt if attempt is None else attempt}"


def fresh(run: Run, attempt: int) -> Path:
    folder = of_attempt(run, attempt)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def carry_over(run: Run, attempt: int) -> bool:
    """What an earlier attempt has come to: states of its training, and the trials of a search. Whether there is any.

    The same files in another place, which nobody changes; the study is copied, since a lost attempt may still write.
    """
    folder, earlier = of_attempt(run, attempt), range(attempt - 1, 0, -1)
    befores = [of_attempt(run, before) for before in earlier]
    if run.follows == Follows.RESUME and run.origin:
        befores.append(of_attempt(run.origin))
    if study := next((path / STUDY for path in befores if (path / STUDY).is_file()), None):
        shutil.copyfile(study, folder / STUDY)
    states = (path / name for path in befores for name in (RESUME, TRAINED))
    found = next((path for path in states if path.is_dir()), None)
    if found:
        checkpoints.link_tree(found, folder / RESUME)
    return bool(study or found)


def came_to_limit(run: Run) -> bool:
    """Whether it was ended by a limit of its plan: it may go on."""
    return run.status == Status.FAILED and (run.problem or {}).get("code") in LIMITS


def limited(run: Run) -> Path | None:
    """The folder with the states of a run that came to a limit of its plan, if there are any."""
    found = of_attempt(run) / RESUME
    return found if came_to_limit(run) and found.is_dir() else None


def trained(run: Run) -> Path | None:
    """The folder with the last state of a succeeded run, if that was kept."""
    found = of_attempt(run) / TRAINED
    return found if found.is_dir() else None


def relative(path: Path) -> str:
    return path.relative_to(settings.RUNS_DIR).as_posix()


def artifact_folder(artifact: Artifact) -> Path:
    return Path(settings.RUNS_DIR) / artifact.folder


def artifact_zip(artifact: Artifact) -> Path:
    return Path(settings.RUNS_DIR) / artifact.zip_path


def tidy(run: Run, attempt: int, *, kept: bool) -> None:
    """Frees the space: the checkpoint is in the artifact, and older attempts have come to nothing.

    Without `kept`, the model files go as well; the log and the events stay, and what a run goes on from that
    only came to a limit of its plan.
    """
    discard(*leftovers(run, attempt, kept=kept))


def leftovers(run: Run, attempt: int, *, kept: bool) -> list[Path]:
    """What of a run that has ended is of no more use to anybody."""
    folder = of_attempt(run, attempt)
    heavy = ("checkpoint", RESUME) if kept else HEAVY
    own = [folder / name for name in heavy if not (name == RESUME and came_to_limit(run))]
    others = [other for other in of_run(run.pk).glob("attempt-*") if other != folder]
    half = [path for pattern in HALF for path in folder.glob(pattern)]
    return [path for path in (*own, *half, *others) if path.is_symlink() or path.exists()]


def forget_states(run: Run) -> None:
    """Those of older runs of the project: the newest success is what epochs are added to."""
    older = Run.objects.filter(project_id=run.project_id, status=Status.SUCCEEDED)
    wanted = Run.objects.filter(project_id=run.project_id, ended_at=None, origin__isnull=False)
    kept = {run.pk, *wanted.values_list("origin_id", flat=True)}
    for other in older.exclude(pk__in=kept).only("pk", "attempt"):
        discard(of_attempt(other) / TRAINED)
    if run.follows == Follows.RESUME and run.origin:
        discard(of_attempt(run.origin) / RESUME)


def abandon(run: Run, attempt: int) -> None:
    """An attempt that came too late removes what it wrote, unless the run goes on and may have use for it."""
    now = Run.objects.filter(pk=run.pk).first()
    if now is None:
        discard(of_run(run.pk))
    elif now.ended_at and now.attempt == attempt:
        tidy(now, attempt, kept=now.status == Status.SUCCEEDED)
    elif now.ended_at:
        discard(of_attempt(run, attempt))


def discard(*paths: Path) -> None:
    """Files, or folders with all that is in them; what is not there is no fault. A link goes, not what it names."""
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
