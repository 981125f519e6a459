"""What is done with a run besides looking at it: laid down, taken up again, repeated, trained on."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from accounts.access import Action
from projects.people import user_of
from projects.runs import again, pausing, selectors
from projects.runs.models import Run, Status
from projects.runs.polling import number
from projects.runs.views import live


@require_POST
def run_pause(request: HttpRequest, slug: str, project_id: UUID, run_id: UUID) -> HttpResponse:
    found = selectors.run_for(request, run_id, Action.TRAIN, project_id, slug)
    return _shown(request, pausing.request_pause(run=found, user=user_of(request)))


@require_POST
def run_resume(request: HttpRequest, slug: str, project_id: UUID, run_id: UUID) -> HttpResponse:
    """One that is paused, or, as a new run, one that came to a limit of its plan."""
    found = selectors.run_for(request, run_id, Action.TRAIN, project_id, slug)
    if found.status == Status.FAILED:
        key = request.POST.get("start_key", "")[:64]
        return _to(again.go_on(run=found, user=user_of(request), start_key=key))
    return _shown(request, pausing.resume(run=found, user=user_of(request)))


@require_POST
def run_repeat(request: HttpRequest, slug: str, project_id: UUID, run_id: UUID) -> HttpResponse:
    found = selectors.run_for(request, run_id, Action.TRAIN, project_id, slug)
    key = request.POST.get("start_key", "")[:64]
    return _to(again.repeat(run=found, user=user_of(request), start_key=key))


@require_POST
def run_extend(request: HttpRequest, slug: str, project_id: UUID, run_id: UUID) -> HttpResponse:
    found = selectors.run_for(request, run_id, Action.TRAIN, project_id, slug)
    epochs, key = number(request.POST.get("epochs")), request.POST.get("start_key", "")[:64]
    return _to(again.extend(run=found, user=user_of(request), epochs=epochs, start_key=key))


def _shown(request: HttpRequest, run: Run) -> HttpResponse:
    if request.headers.get("HX-Request"):
        return render(request, "runs/_live.html", live(request, run))
    return _to(run)


def _to(run: Run) -> HttpResponse:
    return redirect(
        "run", slug=run.project.workspace.slug, project_id=run.project_id, run_id=run.pk
    )
