"""The pages that show everything: a workspace with its projects, a project with its data and runs."""

from __future__ import annotations

from uuid import UUID, uuid4

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import Action, allowed, workspace_for
from projects.datasets import diagnosis
from projects.datasets.models import Import
from projects.datasets.selectors import (
    ACCEPTED,
    draftable,
    samples_for,
    trainable,
    unfinished_imports,
    versions_in,
)
from projects.people import user_of
from projects.portal import selectors
from projects.portal.scores import main_scores, result_names, scores_of
from projects.runs.selectors import on_other_rows
from projects.selectors import actions_in, project_for, task_of

PROJECTS = 50
SHOWN = 20  # versions and runs on the overview; the newest


@require_GET
def workspace(request: HttpRequest, slug: str) -> HttpResponse:
    found = workspace_for(request, slug, Action.VIEW)
    page = Paginator(selectors.project_rows(found, user_of(request)), PROJECTS).get_page(
        request.GET.get("page")
    )
    values = {
        "workspace": found,
        "page": page,
        "scores": main_scores([run for row in page if (run := getattr(row, "finished", None))]),
        "can_edit": allowed(user_of(request), found, Action.EDIT),
    }
    return render(request, "projects/list.html", values)


@require_GET
def project(request: HttpRequest, slug: str, project_id: UUID) -> HttpResponse:
    """Where the project stands: data, training, results."""
    found = project_for(request, project_id, Action.VIEW, slug)
    may = actions_in(user_of(request), found)
    versions = list(versions_in(found).select_related("health")[:SHOWN])
    runs = list(selectors.runs_in(found)[:SHOWN])
    best = selectors.newest_result(found)
    names = result_names(best)
    elsewhere = on_other_rows([*runs, *([best] if best else [])])
    values = {
        "workspace": found.workspace,
        "project": found,
        "task": task_of(found),
        "versions": versions,
        "gates": {version.pk: diagnosis.standing(version) for version in versions},
        "imports": list(unfinished_imports(found)[:3]),
        "open_imports": (Import.Status.QUEUED, Import.Status.CHECKING),
        "runs": runs,
        "other_rows": elsewhere,
        "runs_elsewhere": any(run.report and run.pk in elsewhere for run in runs),
        "best": best,
        "best_score": next(iter(scores_of(best, names)), None) if best else None,
        "score_names": names,
        "scores": {run.pk: scores_of(run, names) for run in runs},
        "samples": samples_for(found),
        "max_upload": settings.MAX_UPLOAD_BYTES,
        "accepted": ACCEPTED,
        "can_edit": Action.EDIT in may,
        "can_label": Action.LABEL in may,
        "can_share": Action.MEMBERS in may,
        "can_train": Action.TRAIN in may and all(map(trainable, versions[:1])),
        "can_draft": Action.TRAIN in may and any(map(draftable, versions[:1])),
        "start_key": uuid4().hex,
    }
    return render(request, "projects/overview.html", values)
