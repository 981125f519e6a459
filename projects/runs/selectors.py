"""Reads of runs: always through the project's workspace."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.http import Http404
from django.utils.translation import gettext_lazy as _

from accounts.access import Action
from projects.datasets.files import located
from projects.datasets.models import DatasetVersion, HealthReport
from projects.models import Project
from projects.runs import folders
from projects.runs.lifecycle import FINAL
from projects.runs.models import Artifact, Run, RunEvent, Status
from projects.runs.results import Result
from projects.runs.results.shape import FIGURES
from projects.selectors import require_in, task_of
from training import draft, generative_defaults
from training.events import STAGES
from training.problems import TABLE, Problem
from web.errors import words

POINTS = 2000  # of a curve that are worth sending at once
EVENTS = 1000  # of the history, one answer of the API
STAGE_TITLES = {
    "reading": _("Reading the data"),
    "searching": _("Searching for better settings"),
    "preparing": _("Preparing the model"),
    "baselines": _("Simple baselines"),
    "training": _("Fine-tuning"),
    "testing": _("Scoring the test rows"),
    "saving": _("Saving the model"),
    "verifying": _("Loading it again and comparing"),
}
DRAFT_TITLES = {"training": _("Fitting a linear model")}
CURVES = ("step", "scored", "resumed", "usage")


@dataclass(frozen=True)
class StageState:
    name: str
    title: Any
    state: str  # done, now, ahead, stopped


@dataclass(frozen=True)
class Fault:
    """Why a run failed. Without words it is ours; `incident` is the number to quote."""

    code: str
    values: dict[str, Any]
    words: dict[str, str]
    incident: str


def run_for(
    request: Any,
    run_id: UUID | str,
    action: Action,
    project_id: UUID | None = None,
    slug: str | None = None,
) -> Run:
    """Http404 for strangers, and below another project's or workspace's address."""
    names = ("project__workspace", "version", "artifact", "created_by", "origin__artifact")
    related = Run.objects.select_related(*names, "origin__version")
    found = related.filter(pk=run_id)
    if project_id is not None:
        found = found.filter(project_id=project_id)
    if slug is not None:
        found = found.filter(project__workspace__slug=slug)
    run = found.first()
    if run is None:
        raise Http404
    require_in(request, run.project, action)
    return run


def runs_in(project: Project) -> QuerySet[Run]:
    return Run.objects.filter(project=project).select_related("version", "created_by")


def on_other_rows(runs: Iterable[Run]) -> set[UUID]:
    """Ids of those (of one project) that were not tested on the newest version's test rows."""
    found = list(runs)
    versions = DatasetVersion.objects.filter(project__in={run.project_id for run in found})
    newest = versions.values_list("test_hash", flat=True).first()
    return {run.pk for run in found if run.version.test_hash != newest}


def ended(run: Run) -> bool:
    return run.status in FINAL


def artifact_of(run: Run) -> Artifact:
    """Raises Problem(`run.unfinished`) when the run has none, or not yet."""
    found = Artifact.objects.filter(run=run).first()
    if found is None or run.status != Status.SUCCEEDED:
        raise Problem("run.unfinished", status=run.get_status_display())
    return found


def report_of(run: Run) -> dict[str, Any]:
    """Raises Problem(`run.unfinished`)."""
    if run.report is None:
        raise Problem("run.unfinished", status=run.get_status_display())
    return dict(run.report)


def predictions_of(run: Run) -> Path:
    """The Parquet file with every test row. Raises Problem(`run.unfinished`, `artifact.gone`)."""
    report_of(run)
    path = folders.of_attempt(run) / "predictions.parquet"
    if not path.is_file():
        raise Problem("artifact.gone", name=path.name)
    return path


def result_of(run: Run) -> Result:
    """Its report with the files beside it, of which each may be gone. Raises Problem(`run.unfinished`)."""
    report = report_of(run)
    predictions = folders.of_attempt(run) / "predictions.parquet"
    version = located(settings.VERSIONS_DIR, run.version.path)
    return Result(
        report,
        predictions if predictions.is_file() else None,
        version if version.is_file() else None,
    )


def scored_by(run: Run) -> tuple[list[str], str]:
    """(names of the scores of an epoch, head): as the run says, else as its task will."""
    details = (run.report or {}).get("details") or {}
    learner = task_of(run.project).variant(run.version.variant).learner
    names = started(run).get("figures") or details.get("figures")
    head = str(details.get("head") or (learner.head if learner else ""))
    planned = (
        generative_defaults.FIGURES if head == "text" else (learner.summary if learner else ())
    )
    return list(names or planned or FIGURES), head


def fault_of(run: Run) -> Fault | None:
    """What a failed run has to say for itself."""
    found = run.problem
    if not found:
        return None
    code, values = str(found.get("code") or ""), dict(found.get("values") or {})
    text = words(code, values) if code else {}
    return Fault(code, values, text, str(found.get("incident") or ""))


def stages_of(run: Run) -> list[StageState]:
    """Every stage, and how far this run has come."""
    here = STAGES.index(run.stage) if run.stage in STAGES else -1
    titles = STAGE_TITLES | (DRAFT_TITLES if run.spec.get("effort") == draft.EFFORT else {})
    over, good = ended(run), run.status == Status.SUCCEEDED
    return [
        StageState(name, titles[name], _state(index, here, over, good))
        for index, name in enumerate(STAGES)
        if name != "searching" or run.spec.get("search")
    ]


def _state(index: int, here: int, over: bool, good: bool) -> str:
    if good or index < here:
        return "done"
    if index > here:
        return "ahead"
    return "stopped" if over else "now"


def events_since(run: Run, since: int, limit: int = EVENTS) -> QuerySet[RunEvent]:
    """The history after the event with the number `since`, in order."""
    return RunEvent.objects.filter(run=run, seq__gt=since).order_by("seq")[:limit]


def series(run: Run, since: int, last: int) -> dict[str, Any]:
    """Points of the curves after `since`. The whole of a long run is thinned out; `more` asks for another question.

    `last` is the number of the run's newest event, of whatever kind, read before.
    """
    news = RunEvent.objects.filter(run=run, kind__in=CURVES, seq__gt=since).order_by("seq")
    steps = news.filter(kind="step").count()
    if steps > POINTS:
        every = -(-steps // POINTS)
        news = news.annotate(rest=F("seq") % every).filter(~Q(kind="step") | Q(rest=0))
    found = list(news[: 2 * POINTS])
    return {
        "events": points(found),
        # Where nothing is left over, what is of no curve is passed by as well.
        "since": found[-1].seq if len(found) == 2 * POINTS else max(since, last),
        "ended": ended(run),
        "more": len(found) == 2 * POINTS,
        # The width of the charts: it stands from the start, so that the lines grow into it.
        "epochs": started(run).get("epochs"),
    }


def points(events: Iterable[RunEvent]) -> Sequence[dict[str, Any]]:
    return [
        {"seq": event.seq, "attempt": event.attempt, "kind": event.kind, "data": event.data}
        for event in events
    ]


def started(run: Run) -> dict[str, Any]:
    """What was measured or chosen at the start; empty before."""
    found = RunEvent.objects.filter(run=run, kind="started", attempt=run.attempt).last()
    return dict(found.data) if found else {}


def steps_seen(run: Run) -> int:
    """Of the newest attempt: what its remaining time is estimated from."""
    steps = RunEvent.objects.filter(run=run, kind="step", attempt=run.attempt)
    last = steps.order_by("-seq").values_list("data", flat=True).first()
    return int((last or {}).get("step") or 0)


def resumed(run: Run) -> dict[str, Any]:
    """{"step", "epoch", "origin"} after which this attempt went on; empty where it began from the start."""
    found = RunEvent.objects.filter(run=run, kind="resumed", attempt=run.attempt).last()
    return dict(found.data) if found else {}


def notes_of(run: Run) -> list[dict[str, str]]:
    """What the training said about itself, in the reader's words."""
    notes = RunEvent.objects.filter(run=run, kind="note", attempt=run.attempt).order_by("seq")
    told = (note.data for note in notes if note.data.get("code") in TABLE)
    return [words(str(data["code"]), dict(data.get("values") or {})) for data in told]


def findings_of(version: DatasetVersion) -> list[dict[str, Any]]:
    """Those of the check and of the health report."""
    report = HealthReport.objects.filter(version=version).first()
    return [*version.findings, *(report.findings if report else [])]
