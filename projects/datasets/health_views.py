"""Pages of a version's health: the report, its plots, what is ignored of it, and the remedies."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import Action
from projects.datasets import charts, diagnosis, health, remedies, services
from projects.datasets.findings import said_problem
from projects.datasets.models import DatasetVersion
from projects.datasets.selectors import version_for
from projects.datasets.views import DONE
from projects.jobs.health import worker_alive
from projects.people import user_of
from projects.selectors import allowed_in, project_for
from training.problems import Problem
from web.errors import as_json, status_of


def _version(
    request: HttpRequest, slug: str, project_id: UUID, version_id: UUID, action: Action
) -> DatasetVersion:
    """One asked for below another project's address is not there."""
    project = project_for(request, project_id, action, slug)
    found = version_for(request, version_id, action)
    if found.project_id != project.pk:
        raise Http404
    return found


@require_GET
def report(request: HttpRequest, slug: str, project_id: UUID, version_id: UUID) -> HttpResponse:
    version = _version(request, slug, project_id, version_id, Action.VIEW)
    return render(request, "datasets/health.html", _page(request, version))


@require_GET
def status(request: HttpRequest, slug: str, project_id: UUID, version_id: UUID) -> HttpResponse:
    """The fragment that the page asks for while the close look goes on; at its end the page loads anew."""
    version = _version(request, slug, project_id, version_id, Action.VIEW)
    values = _state(version)
    over = not values["open"]
    response = render(request, "datasets/_health.html", values, status=DONE if over else 200)
    if over:
        response["HX-Refresh"] = "true"
    return response


def _state(version: DatasetVersion) -> dict[str, Any]:
    """Where the close look stands."""
    found = diagnosis.report_of(version)
    going = found is not None and found.status in diagnosis.OPEN
    return {
        "version": version,
        "project": version.project,
        "report": found,
        "open": going,
        "worker_alive": not going or worker_alive(health.LOOK),
        "problem": said_problem(found.problem) if found else None,
    }


def _page(request: HttpRequest, version: DatasetVersion) -> dict[str, Any]:
    state = _state(version)
    plots = charts.charts_of(version, state["report"])
    return {
        **state,
        "workspace": version.project.workspace,
        "can_edit": allowed_in(user_of(request), version.project, Action.EDIT),
        "diagnosis": diagnosis.diagnosis(version, state["report"]),
        "reviewed": remedies.REVIEWED,
        "charts": [(plot, _url("version-health-chart", version, name)) for name, plot in plots.items()],
    }  # fmt: skip


def _url(name: str, version: DatasetVersion, *more: str) -> str:
    return reverse(
        name, args=[version.project.workspace.slug, version.project_id, version.pk, *more]
    )


@require_GET
def chart(
    request: HttpRequest, slug: str, project_id: UUID, version_id: UUID, name: str
) -> HttpResponse:
    """A figure for plotly.js."""
    version = _version(request, slug, project_id, version_id, Action.VIEW)
    found = charts.charts_of(version, diagnosis.report_of(version)).get(name)
    if found is None:
        raise Http404
    return JsonResponse(found.figure)


@require_POST
def examine(request: HttpRequest, slug: str, project_id: UUID, version_id: UUID) -> HttpResponse:
    version = _version(request, slug, project_id, version_id, Action.EDIT)
    health.examine_again(version=version)
    return redirect(_url("version-health", version))


@require_POST
def ignore(request: HttpRequest, slug: str, project_id: UUID, version_id: UUID) -> HttpResponse:
    """`finding`, and `ignored` = no to take it back in."""
    version = _version(request, slug, project_id, version_id, Action.EDIT)
    ignored = request.POST.get("ignored", "yes") == "yes"
    name = request.POST.get("finding", "")
    health.ignore(version=version, user=user_of(request), name=name, ignored=ignored)
    return redirect(_url("version-health", version) + "#findings")


@require_http_methods(["GET", "POST"])
def mend(request: HttpRequest, slug: str, project_id: UUID, version_id: UUID) -> HttpResponse:
    """GET says what the chosen remedies (`mend`, ids of offers) will do; POST has a new version made."""
    version = _version(request, slug, project_id, version_id, Action.EDIT)
    given = request.POST if request.method == "POST" else request.GET
    found = diagnosis.words_in(version, diagnosis.report_of(version))
    try:
        picked = remedies.chosen(remedies.patient_of(version), [*found], given.getlist("mend"))
    except Problem as problem:
        return _nothing(request, version, problem)
    if request.method == "GET":
        return _confirm(request, version, picked, found)
    job = services.start_revision(
        project=version.project,
        user=user_of(request),
        base=version,
        changes=remedies.changes_of(picked),
        note=remedies.note_of(picked),
    )
    return redirect("import", slug=slug, project_id=project_id, import_id=job.pk)


def _confirm(
    request: HttpRequest,
    version: DatasetVersion,
    picked: list[remedies.Offer],
    found: dict[str, str],
) -> HttpResponse:
    values = {
        "picked": [(offer, found[offer.finding]) for offer in picked],
        "tested": diagnosis.tested(version, picked),
    }
    return _render_mend(request, version, values)


def _nothing(request: HttpRequest, version: DatasetVersion, problem: Problem) -> HttpResponse:
    """In the dialog that is an answer like any other, on a page a refusal."""
    values = {"said": as_json(problem.code, problem.values)}
    dialog = request.method == "GET" and request.headers.get("HX-Request")
    return _render_mend(request, version, values, 200 if dialog else status_of(problem.code))


def _render_mend(
    request: HttpRequest, version: DatasetVersion, values: dict[str, Any], status: int = 200
) -> HttpResponse:
    """A fragment for the dialog, a page for a browser without script."""
    dialog = bool(request.headers.get("HX-Request"))
    template = "datasets/_mend.html" if dialog else "datasets/mend.html"
    given = {
        "version": version,
        "project": version.project,
        "workspace": version.project.workspace,
        "dialog": dialog,
    }
    return render(request, template, given | values, status=status)


@require_POST
def restore(request: HttpRequest, slug: str, project_id: UUID, version_id: UUID) -> HttpResponse:
    """Undo: the rows of this version become those of the newest."""
    version = _version(request, slug, project_id, version_id, Action.EDIT)
    job = health.go_back(version=version, user=user_of(request))
    return redirect("import", slug=slug, project_id=project_id, import_id=job.pk)
