"""Pages of a project's data: upload, preview and mapping, the check, the version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import Action
from projects.datasets import diagnosis, editors, exporting, selectors, services
from projects.datasets.addresses import after_upload, preview_url
from projects.datasets.cells import LISTED, cells_of
from projects.datasets.findings import groups_of
from projects.datasets.forms import (
    ROLE,
    Choice,
    ColumnsForm,
    DividingForm,
    ReadingForm,
    read_choice,
    sent_in,
)
from projects.datasets.models import DatasetVersion, Import, Upload
from projects.jobs.health import worker_alive
from projects.models import Project
from projects.people import user_of
from projects.selectors import actions_in, project_for, task_of
from training import table
from training.problems import Problem
from training.tasks.shape import BETWEEN
from training.version import Stored

DONE = 286  # htmx stops polling at this status


@require_http_methods(["GET", "POST"])
def upload(request: HttpRequest, slug: str, project_id: UUID) -> HttpResponse:
    """Takes one file. A script gets the next page's address as JSON; a form without script is sent there."""
    project = project_for(request, project_id, Action.EDIT, slug)
    values = _page(request, project) | {"samples": selectors.samples_for(project)}
    if request.method == "GET":
        return render(request, "datasets/upload.html", values)
    try:
        kept = services.add_upload(
            project=project, user=user_of(request), file=services.one_file(request.FILES)
        )
        url = after_upload(project, kept.pk, request.POST)
    except Problem as problem:
        if _wants_json(request):
            raise
        values["problem"] = problem
        return render(request, "datasets/upload.html", values, status=422)
    return JsonResponse({"location": url}, status=201) if _wants_json(request) else redirect(url)


def _wants_json(request: HttpRequest) -> bool:
    return not request.accepts("text/html")


@require_http_methods(["GET", "POST"])
def upload_preview(
    request: HttpRequest, slug: str, project_id: UUID, upload_id: UUID
) -> HttpResponse:
    """GET shows the first rows as read; POST with the mapping starts the check."""
    action = Action.EDIT if request.method == "POST" else Action.VIEW
    project = project_for(request, project_id, action, slug)
    train = of_project(selectors.upload_for(request, upload_id, action), project)
    data = request.POST if request.method == "POST" else request.GET
    choice = read_choice(data, project)
    if request.method == "GET":
        return _render_preview(request, project, train, choice, data)
    try:
        job = services.start_import(
            project=project,
            user=user_of(request),
            train=train,
            valid=choice.valid,
            test=choice.test,
            **asdict(choice.reading),
            split=choice.split,
            keep_test=not choice.new_test,
            columns=ColumnsForm(data, selectors.roles_of(project), []).columns(),
        )
    except Problem as problem:
        return _render_preview(request, project, train, choice, data, problem)
    return redirect("import", slug=slug, project_id=project_id, import_id=job.pk)


def _render_preview(
    request: HttpRequest,
    project: Project,
    train: Upload,
    choice: Choice,
    data: QueryDict,
    problem: Problem | None = None,
) -> HttpResponse:
    preview: table.Preview | None = None
    unread: Problem | None = None
    try:
        preview = selectors.preview_of(train, choice.reading)
    except Problem as error:
        unread = error
    others = (choice.valid, choice.test)
    further = selectors.further_columns(project, preview, others, choice.reading)
    mapping = _mapping(project, preview, data, further)
    kept = _kept(choice, mapping)
    latest = selectors.versions_in(project).first()
    kept_test = latest.splits.get("test", 0) if latest and not choice.test else 0
    values = {
        **_page(request, project),
        "upload": train,
        "choice": choice,
        "preview": preview,
        "header": _header(preview, mapping),
        "rows": list(zip(preview.lines, preview.rows, strict=True)) if preview else [],
        "unread": unread,
        "problem": problem,
        "reading": ReadingForm(data, preview),
        "dividing": DividingForm({"split": choice.split, "new_test": choice.new_test}),
        "kept_test": kept_test,
        "mapping": mapping,
        "kept": list(kept.items()),
        "extra_files": [
            {
                "role": role,
                "upload": found,
                "without": preview_url(project, train.pk, kept | {role: ""}),
            }
            for role, found in (("valid", choice.valid), ("test", choice.test))
        ],
    }
    status = 422 if problem or unread else 200
    return render(request, "datasets/preview.html", values, status=status)


def _page(request: HttpRequest, project: Project) -> dict[str, Any]:
    """What all pages of a project's data need."""
    may = actions_in(user_of(request), project)
    return {
        "project": project,
        "workspace": project.workspace,
        "can_edit": Action.EDIT in may,
        "can_label": Action.LABEL in may,
        "can_train": Action.TRAIN in may,
        "can_download": Action.DOWNLOAD in may,
        "max_upload": settings.MAX_UPLOAD_BYTES,
        "accepted": selectors.ACCEPTED,
    }


def _kept(choice: Choice, mapping: ColumnsForm) -> dict[str, str]:
    """The choices as the URL carries them, so that a further file keeps them."""
    said = reading_query(choice.reading) | {
        ROLE + role: column for role, column in mapping.columns().items()
    }
    for role, found in (("valid", choice.valid), ("test", choice.test)):
        said[role] = str(found.pk) if found else ""
    said["split"] = choice.split if choice.split != "random" else ""
    said["new_test"] = "on" if choice.new_test else ""
    return {name: value for name, value in said.items() if value}


def reading_query(reading: Any) -> dict[str, str]:
    """As the URL says it: of a Reading, or of an import."""
    said = {name: getattr(reading, name) for name in ("encoding", "delimiter", "format")}
    return said | {"header": {True: "yes", False: "no"}.get(reading.header, "")}


def _header(preview: Any, mapping: ColumnsForm) -> list[dict[str, str]]:
    """The columns with the title of the role that each plays."""
    roles = {
        name: mapping.fields[ROLE + role].label
        for role, column in mapping.columns().items()
        for name in column.split(BETWEEN)
        if name
    }
    names = preview.columns if preview else []
    return [{"name": name, "role": str(roles.get(name) or "")} for name in names]


def _mapping(project: Project, preview: Any, data: QueryDict, further: list[str]) -> ColumnsForm:
    """As sent, where the file has such a column; else the guess. `further`: the columns of the other files."""
    header = preview.columns if preview else []
    guessed = selectors.guessed_columns(project, preview, further) if preview else {}
    chosen = {ROLE + role: column for role, column in guessed.items()}
    for column in selectors.roles_of(project):
        name = ROLE + column.role
        sent = sent_in(data, name)
        there = [*header, *further] if column.listed else header
        if sent and all(part in there for part in sent.split(BETWEEN)):
            chosen[name] = sent
        elif name in data and column.listed and not sent:  # nothing is marked any more
            chosen.pop(name, None)
    return ColumnsForm(chosen, selectors.roles_of(project), header, further)


def of_project(found: Any, project: Project) -> Any:
    """An object asked for below another project's address is not there."""
    if found.project_id != project.pk:
        raise Http404
    return found


@require_POST
def sample_add(request: HttpRequest, slug: str, project_id: UUID, name: str) -> HttpResponse:
    project = project_for(request, project_id, Action.EDIT, slug)
    job = services.add_sample(project=project, user=user_of(request), name=name)
    return redirect("import", slug=slug, project_id=project_id, import_id=job.pk)


@require_GET
def import_page(request: HttpRequest, slug: str, project_id: UUID, import_id: UUID) -> HttpResponse:
    project = project_for(request, project_id, Action.VIEW, slug)
    job = of_project(selectors.import_for(request, import_id, Action.VIEW), project)
    if job.status == Import.Status.READY:
        return redirect(version_url(project, job.version))
    return render(request, "datasets/import.html", _import_values(project, job))


@require_GET
def import_status(
    request: HttpRequest, slug: str, project_id: UUID, import_id: UUID
) -> HttpResponse:
    """The fragment that the import page asks for each second."""
    project = project_for(request, project_id, Action.VIEW, slug)
    job = of_project(selectors.import_for(request, import_id, Action.VIEW), project)
    over = job.status not in services.OPEN
    values = _import_values(project, job)
    response = render(request, "datasets/_import.html", values, status=DONE if over else 200)
    if job.status == Import.Status.READY:
        response["HX-Redirect"] = version_url(project, job.version)
    return response


def _import_values(project: Project, job: Import) -> dict[str, Any]:
    query = reading_query(job) | {
        "valid": str(job.valid_id or ""),
        "test": str(job.test_id or ""),
    }
    query |= {ROLE + role: column for role, column in job.columns.items()}
    back = preview_url(project, job.train_id, query) if job.train_id else ""
    return {
        "project": project,
        "job": job,
        "open": job.status in services.OPEN,
        "worker_alive": job.status not in services.OPEN or worker_alive(settings.QUEUE_CLUSTERS[0]),
        "problem": job.problem,
        "groups": groups_of(job.findings),
        "mapping_url": back or (version_url(project, job.base) if job.base else ""),
    }


def version_url(project: Project, version: DatasetVersion) -> str:
    return reverse("version", args=[project.workspace.slug, project.pk, version.pk])


@require_GET
def version(request: HttpRequest, slug: str, project_id: UUID, version_id: UUID) -> HttpResponse:
    """The head, findings and labels of a version, and one page of its rows."""
    project = project_for(request, project_id, Action.VIEW, slug)
    found = of_project(selectors.version_for(request, version_id, Action.VIEW), project)
    asked = selectors.read_row_query(request.GET, found)
    page = selectors.rows_of(found, asked)
    page_values = _page(request, project)
    report, history = diagnosis.report_of(found), selectors.history(project)
    before = selectors.version_before(found, [past.version for past in history])
    values = {
        **page_values,
        "can_train": page_values["can_train"] and selectors.trainable(found),
        "can_draft": page_values["can_train"] and selectors.draftable(found),
        "start_key": uuid4().hex,
        "version": found,
        "latest": history[0].version if history else None,
        "before": before,
        "groups": groups_of(diagnosis.counted(found, report)),
        "labels": selectors.label_rows(found),
        "splits": selectors.splits_of(found),
        "asked": asked,
        **_table(found, page.rows),
        "pages": selectors.pages(asked, page.total),
        "exports": exporting.menu(found) if page_values["can_download"] else [],
        "history": history,
        "health": report,
        "health_gate": diagnosis.gate(found, report),
    }
    return render(request, "datasets/version.html", values)


def _table(version: DatasetVersion, rows: Sequence[Stored]) -> dict[str, Any]:
    """The rows as one reads them, and the titles of their columns."""
    editor, labels = editors.editor_of(version), editors.label_names(version)
    names = editors.titles(task_of(version.project))
    further = sorted({role for row in rows for role in row.values if role in LISTED})
    editor = replace(editor, shown=(*editor.shown, *further))
    return {
        "columns": [names.get(role, role) for role in editor.shown],
        "rows": [(row, cells_of(editor, labels, row.values)) for row in rows],
    }
