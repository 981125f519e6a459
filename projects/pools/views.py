"""Pages for labelling new texts: the pools of a project, a file to read, and the texts one after the other."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import Action
from projects.datasets import editors
from projects.datasets import selectors as datasets
from projects.datasets.forms import ROLE, ColumnsForm, ReadingForm, read_choice
from projects.datasets.models import Upload
from projects.datasets.views import DONE, _page, of_project
from projects.jobs.health import worker_alive
from projects.models import Project
from projects.people import user_of
from projects.pools import kinds, labelling, selectors, services
from projects.pools.models import Pool, PoolRow
from projects.pools.reading import MOST
from projects.selectors import project_for, task_of
from training.problems import Problem


def _target(project: Project) -> dict[str, Any]:
    """`version`, `kind` and its models; without a version that can take labels, `lacking` says so."""
    try:
        version, kind = kinds.target(project)
    except Problem as problem:
        return {"version": None, "kind": None, "models": [], "lacking": problem}
    return {"version": version, "kind": kind, "models": selectors.models_for(project, version)}


@require_GET
def pools(request: HttpRequest, slug: str, project_id: UUID) -> HttpResponse:
    """What there is, and a place to drop a file."""
    project = project_for(request, project_id, Action.VIEW, slug)
    values = _page(request, project) | _target(project)
    values |= {"pools": selectors.pools_in(project), "most": MOST}
    return render(request, "pools/list.html", values)


@require_http_methods(["GET", "POST"])
def pool_new(request: HttpRequest, slug: str, project_id: UUID, upload_id: UUID) -> HttpResponse:
    """GET shows the first rows as read; POST with the columns has all of them read."""
    action = Action.EDIT if request.method == "POST" else Action.VIEW
    project = project_for(request, project_id, action, slug)
    upload = of_project(datasets.upload_for(request, upload_id, action), project)
    if request.method == "GET":
        return _render_new(request, project, upload, request.GET)
    try:
        made = _made(request, project, upload)
    except Problem as problem:
        return _render_new(request, project, upload, request.POST, problem)
    return redirect("pool", slug=slug, project_id=project_id, pool_id=made.pk)


def _made(request: HttpRequest, project: Project, upload: Upload) -> Pool:
    version, kind = kinds.target(project)
    roles = kinds.columns_of(project, kind)
    return services.add_pool(
        project=project,
        user=user_of(request),
        upload=upload,
        columns=ColumnsForm(request.POST, roles, []).columns(),
        reading=read_choice(request.POST, project).reading,
        run=selectors.model_in(project, version, request.POST.get("run", "")),
    )


def _render_new(
    request: HttpRequest,
    project: Project,
    upload: Upload,
    data: QueryDict,
    problem: Problem | None = None,
) -> HttpResponse:
    values = {**_page(request, project), **_target(project), "upload": upload, "problem": problem}
    preview = None
    try:
        preview = datasets.preview_of(upload, read_choice(data, project).reading)
    except Problem as error:
        values["unread"] = error
    if values["kind"] and preview:
        values["mapping"] = _mapping(project, values["kind"], preview, data)
    lines = zip(preview.lines, preview.rows, strict=True) if preview else ()
    run = data.get("run", str(values["models"][0].pk) if values["models"] else "")
    values |= {
        "preview": preview,
        "rows": list(lines),
        "reading": ReadingForm(data, preview),
        "run": run,
        "most": MOST,
    }
    status = 422 if problem or values.get("unread") else 200
    return render(request, "pools/new.html", values, status=status)


def _mapping(project: Project, kind: kinds.Kind, preview: Any, data: QueryDict) -> ColumnsForm:
    """As sent; else our guess. A file of one column leaves no choice."""
    guessed = datasets.guessed_columns(project, preview)
    roles = kinds.columns_of(project, kind)
    said = {ROLE + column.role: guessed.get(column.role, "") for column in roles}
    if len(roles) == len(preview.columns) == 1:
        said = {ROLE + roles[0].role: preview.columns[0]}
    sent = {name: data[name] for name in said if data.get(name) in preview.columns}
    return ColumnsForm(said | sent, roles, preview.columns)


def _found(
    request: HttpRequest, slug: str, project_id: UUID, pool_id: UUID, action: Action
) -> tuple[Project, Pool]:
    project = project_for(request, project_id, action, slug)
    pool = selectors.pool_for(request, pool_id, action)
    if pool.project_id != project.pk:
        raise Http404
    return project, pool


def _common(request: HttpRequest, project: Project, pool: Pool) -> dict[str, Any]:
    asked = selectors.newest_round(pool)
    values = {**_page(request, project), **_target(project), "pool": pool, "asked": asked}
    return values | {
        "counts": selectors.counts_of(pool),
        "open": pool.status in (Pool.Status.QUEUED, Pool.Status.READING),
        "asking": bool(asked and asked.status in selectors.BUSY),
        "asked_progress": selectors.progress_of(asked) if asked else 0.0,
        "newer": _newer(values),
        "most": MOST,
        "worker_alive": worker_alive(settings.QUEUE_CLUSTERS[0]),
    }


def _newer(values: dict[str, Any]) -> Any:
    """The newest model, where it is another one than the one that was asked last."""
    models, asked = values["models"], values["asked"]
    return models[0] if models and (asked is None or asked.run_id != models[0].pk) else None


@require_GET
def pool(request: HttpRequest, slug: str, project_id: UUID, pool_id: UUID) -> HttpResponse:
    project, found = _found(request, slug, project_id, pool_id, Action.VIEW)
    values = _common(request, project, found)
    version, kind = values["version"], values["kind"]
    labels = selectors.labels_of(version, kind) if version else []
    return render(request, "pools/pool.html", values | {"labels": labels})


@require_GET
def pool_status(request: HttpRequest, slug: str, project_id: UUID, pool_id: UUID) -> HttpResponse:
    """The part of the page that tells how far reading and suggesting are."""
    project, found = _found(request, slug, project_id, pool_id, Action.VIEW)
    values = _common(request, project, found)
    if values["open"] or values["asking"]:
        return render(request, "pools/_status.html", values)
    answer = render(request, "pools/_status.html", values, status=DONE)
    answer["HX-Trigger-After-Settle"] = "pool-ended"
    return answer


@require_POST
def pool_next(request: HttpRequest, slug: str, project_id: UUID, pool_id: UUID) -> HttpResponse:
    """Takes an answer, if there is one in it, and gives the next text."""
    project, found = _found(request, slug, project_id, pool_id, Action.LABEL)
    said: dict[str, Any] = {}
    try:
        said = _answered(request, found)
    except Problem as problem:
        if not problem.code.startswith(("pool.", "edit.")):
            raise
        said["refused"] = problem
    rows = labelling.claim(pool=found, user=user_of(request))
    values = _common(request, project, found) | said | {"answers": selectors.answers(found)}
    return render(request, "pools/_next.html", values | _shown(values, rows))


def _answered(request: HttpRequest, pool: Pool) -> dict[str, Any]:
    user, number = user_of(request), request.POST.get("row", "")
    if request.POST.get("kind") == "undo":
        return {"nothing_to_undo": labelling.undo(pool=pool, user=user) is None}
    if not number.isdecimal():
        return {}
    if request.POST.get("kind") == "skip":
        labelling.skip(pool=pool, user=user, number=int(number))
    elif "label" in request.POST:
        _version, kind = kinds.target(pool.project)
        # A form sends line breaks as CRLF; labels have them as they were typed.
        label = request.POST["label"].replace("\r\n", "\n")
        labelling.answer(pool=pool, user=user, number=int(number), values={kind.answers: label})
    return {}


def _shown(values: dict[str, Any], rows: list[PoolRow]) -> dict[str, Any]:
    version, kind = values["version"], values["kind"]
    if not rows or not version:
        return {"row": None}
    row, labels = rows[0], selectors.labels_of(version, kind)
    names = editors.titles(task_of(version.project))
    return {
        "row": row,
        "texts": [(_(names[role]), row.values.get(role, "")) for role in kind.reads],
        "best": selectors.suggestion(row, version),
        "choices": selectors.choices(row, labels),
        "more": max(0, len(labels) - selectors.KEYS),
    }


@require_POST
def pool_suggest(request: HttpRequest, slug: str, project_id: UUID, pool_id: UUID) -> HttpResponse:
    project, found = _found(request, slug, project_id, pool_id, Action.EDIT)
    version, _kind = kinds.target(project)
    run = selectors.model_in(project, version, request.POST.get("run", ""))
    if run is None:
        raise Problem("pool.run", run="")
    services.suggest(pool=found, run=run, user=user_of(request))
    return redirect("pool", slug=slug, project_id=project_id, pool_id=pool_id)


@require_POST
def pool_resume(request: HttpRequest, slug: str, project_id: UUID, pool_id: UUID) -> HttpResponse:
    _project, found = _found(request, slug, project_id, pool_id, Action.LABEL)
    labelling.resume(pool=found)
    return redirect("pool", slug=slug, project_id=project_id, pool_id=pool_id)


@require_POST
def pool_commit(request: HttpRequest, slug: str, project_id: UUID, pool_id: UUID) -> HttpResponse:
    _project, found = _found(request, slug, project_id, pool_id, Action.EDIT)
    note = request.POST.get("note", "").strip() or _("New texts labelled")
    job = labelling.commit(pool=found, user=user_of(request), note=note)
    return redirect("import", slug=slug, project_id=project_id, import_id=job.pk)


@require_POST
def pool_delete(request: HttpRequest, slug: str, project_id: UUID, pool_id: UUID) -> HttpResponse:
    _project, found = _found(request, slug, project_id, pool_id, Action.EDIT)
    services.remove(pool=found)
    return redirect("pools", slug=slug, project_id=project_id)
