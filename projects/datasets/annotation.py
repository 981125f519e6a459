"""Pages for looking through rows and changing them: the table, the review of likely label errors, agreement."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import Action
from projects.datasets import agreement, annotating, drafts, editors, selectors
from projects.datasets.findings import called
from projects.datasets.models import DatasetVersion, RowEdit
from projects.datasets.views import _page, of_project
from projects.models import Project
from projects.people import user_of
from projects.selectors import project_for, task_of
from training import browse
from training.problems import Problem
from training.version import Page

PAGE = selectors.PAGE
STATES = ("changed", "conflict", "twice")
Kind = RowEdit.Kind


@dataclass(frozen=True)
class Asked:
    """The filters of the address; what makes no sense is left out."""

    page: int = 1
    split: str = ""
    label: str = ""
    q: str = ""
    finding: str = ""
    facet: str = ""  # "<column>=<value>"
    state: str = ""  # of STATES
    names: tuple[str, ...] = field(default=("split", "label", "q", "finding", "facet", "state"))

    @property
    def filtered(self) -> bool:
        return any(getattr(self, name) for name in self.names)

    def url(self, page: int) -> str:
        said = {name: getattr(self, name) for name in self.names}
        kept = {name: value for name, value in said.items() if value}
        return f"?{urlencode(kept | {'page': str(page)})}"


def read_asked(data: Mapping[str, Any], version: DatasetVersion) -> Asked:
    plain = selectors.read_row_query(data, version)
    state, finding = str(data.get("state", "")), str(data.get("finding", ""))[:100]
    return Asked(
        page=plain.page,
        split=plain.split,
        label=plain.label,
        q=plain.search,
        finding=finding if finding in browse.finding_names(_file(version)) else "",
        facet=str(data.get("facet", "")).replace("\0", "")[:300],
        state=state if state in STATES else "",
    )


def _file(version: DatasetVersion) -> Any:
    return selectors.version_file(version)


def query_of(asked: Asked, version: DatasetVersion) -> browse.Query:
    column, _sign, value = asked.facet.partition("=")
    editor = editors.editor_of(version)
    return browse.Query(
        split=asked.split,
        label=asked.label,
        search=asked.q,
        finding=asked.finding,
        facet=column,
        value=value,
        rows=_rows_in(asked.state, version),
        label_role=editors.label_role(version) or "label",
        labels_as=editor.labels_as,
    )


def _rows_in(state: str, version: DatasetVersion) -> tuple[int, ...] | None:
    if not state:
        return None
    found = {
        "changed": drafts.changed_rows,
        "conflict": drafts.conflict_rows,
        "twice": drafts.twice_rows,
    }[state]
    return tuple(found(version))


def page_of(version: DatasetVersion, asked: Asked) -> Page:
    """One page of the rows asked for. Raises Problem(`version.broken`)."""
    query = query_of(asked, version)
    return browse.page(_file(version), query, (asked.page - 1) * PAGE, PAGE)


@dataclass(frozen=True)
class Cell:
    role: str
    value: str
    segments: list[editors.Segment]
    old: str = ""  # what stands in the version, where it differs
    changed: bool = False


@dataclass(frozen=True)
class Shown:
    """A row of the table."""

    draft: drafts.Draft
    cells: list[Cell]


def shown(version: DatasetVersion, found: list[drafts.Draft]) -> list[Shown]:
    editor, labels = editors.editor_of(version), editors.label_names(version)
    return [Shown(draft, _cells(draft, editor, labels)) for draft in found]


def _cells(draft: drafts.Draft, editor: editors.Editor, labels: list[str]) -> list[Cell]:
    values, changed = draft.values, draft.changed
    marks = editors.marks_of(editor, values, labels)
    said = editors.spoken if editor.labels_as == browse.LIST else str
    cells = []
    for role in editor.shown:
        marked = marks if role == editor.text else []
        cells.append(
            Cell(
                role=role,
                value=values[role],
                segments=editors.segments(said(values[role]), marked),
                old=said(changed.get(role, "")),
                changed=role in changed or bool(role == editor.text and changed),
            )
        )
    return cells


def _common(request: HttpRequest, project: Project, version: DatasetVersion) -> dict[str, Any]:
    editor = editors.editor_of(version)
    names = editors.titles(task_of(project))
    return {
        **_page(request, project),
        "version": version,
        "editor": editor,
        "columns": [(role, names.get(role, role)) for role in editor.shown],
        "names": {
            "roles": {role: _(title) for role, title in names.items()},
            "marks": [_("Head"), _("Tail"), _("Answer")],
            "aside": "question" if editor.template == "answer" else "",
        },
        "label_role": editors.label_role(version) or editor.shown[-1],
        "labels": editors.label_names(version),
        "draft_size": drafts.open_edits(version).exclude(kind=Kind.SKIP).count(),
        "suspects": len(browse.suspects(_file(version))),
        "newest": selectors.versions_in(project).first(),
    }


def _found(
    request: HttpRequest, slug: str, project_id: UUID, version_id: UUID, action: Action
) -> tuple[Project, DatasetVersion]:
    project = project_for(request, project_id, action, slug)
    return project, of_project(selectors.version_for(request, version_id, action), project)


@require_GET
def rows(request: HttpRequest, slug: str, project_id: UUID, version_id: UUID) -> HttpResponse:
    """The table."""
    project, version = _found(request, slug, project_id, version_id, Action.VIEW)
    asked = read_asked(request.GET, version)
    found = page_of(version, asked)
    values = {
        **_common(request, project, version),
        "asked": asked,
        "rows": shown(version, drafts.drafts_of(version, found.rows)),
        "pages": selectors.pages(asked, found.total),  # type: ignore[arg-type]
        "splits": selectors.splits_of(version),
        "findings": [
            (name, called(name), count)
            for name, count in browse.finding_names(_file(version)).items()
        ],
        "facets": browse.facets(_file(version)).items(),
        "added": drafts.added_rows(version)[:50],
    }
    return render(request, "annotation/rows.html", values)


@require_http_methods(["GET", "POST"])
def row(
    request: HttpRequest, slug: str, project_id: UUID, version_id: UUID, row: int
) -> HttpResponse:
    """GET: the row's values and everybody's answers, for its editor. POST: an answer, given as
    `kind` and `values` (JSON); `kind` undo takes one's own back. Both answer with JSON."""
    action = Action.EDIT if request.method == "POST" else Action.VIEW
    project, version = _found(request, slug, project_id, version_id, action)
    if request.method == "POST":
        answered(version, request, row)
    draft = drafts.draft_of(version, row)
    if draft is None:
        raise Problem("edit.row", row=row, version=version.number)
    values = _common(request, project, version) | {"item": shown(version, [draft])[0]}
    html = render_to_string("annotation/_row.html", values, request)
    return JsonResponse(
        {
            "row": row,
            "html": html,
            "values": draft.values,
            "stored": draft.row.values,
            "answers": [
                {"who": str(edit.user or ""), "kind": edit.kind, "values": said}
                for edit, said in draft.answers
            ],
            "draft_size": values["draft_size"],
        }
    )


def answered(version: DatasetVersion, request: HttpRequest, row: int) -> None:
    kind, user = request.POST.get("kind", ""), user_of(request)
    if kind == "undo":
        annotating.undo(version=version, user=user, row=row)
        return
    values = read_values(request.POST.get("values", ""))
    annotating.save(version=version, user=user, row=row, kind=kind, values=values)


def read_values(text: str) -> dict[str, Any]:
    """Raises Problem(`edit.broken`) for what is no JSON object."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Problem("edit.broken", op="set", field="values")
    return found


@require_POST
def commit(request: HttpRequest, slug: str, project_id: UUID, version_id: UUID) -> HttpResponse:
    _project, version = _found(request, slug, project_id, version_id, Action.EDIT)
    note = request.POST.get("note", "").strip() or _("Rows changed by hand")
    job = annotating.commit(version=version, user=user_of(request), note=note)
    return redirect("import", slug=slug, project_id=project_id, import_id=job.pk)


@require_http_methods(["GET", "POST"])
def row_add(request: HttpRequest, slug: str, project_id: UUID, version_id: UUID) -> HttpResponse:
    """A form with the roles of the version."""
    project, version = _found(request, slug, project_id, version_id, Action.EDIT)
    names = editors.titles(task_of(project))
    roles = annotating.variant_of(version).keeps
    values = _common(request, project, version) | {"splits": selectors.SPLITS}
    problem: Problem | None = None
    if request.method == "POST":
        # A form sends line breaks as CRLF; texts have them as they were typed.
        said = {role: request.POST.get(role, "").replace("\r\n", "\n") for role in roles}
        try:
            annotating.add_row(
                version=version,
                user=user_of(request),
                values=said,
                split=request.POST.get("split", "train"),
            )
        except Problem as error:
            problem = error
        else:
            again = "row-add" if "again" in request.POST else "rows"
            return redirect(again, slug=slug, project_id=project_id, version_id=version_id)
    values |= {
        "problem": problem,
        "fields": [(role, names.get(role, role), request.POST.get(role, "")) for role in roles],
    }
    return render(request, "annotation/add.html", values, status=422 if problem else 200)


@require_POST
def row_remove(
    request: HttpRequest, slug: str, project_id: UUID, version_id: UUID, edit_id: UUID
) -> HttpResponse:
    """Takes an added row back."""
    _project, version = _found(request, slug, project_id, version_id, Action.EDIT)
    annotating.remove(edit=drafts.edit_in(version, edit_id))
    return redirect("rows", slug=slug, project_id=project_id, version_id=version_id)


@require_http_methods(["GET", "POST"])
def review(request: HttpRequest, slug: str, project_id: UUID, version_id: UUID) -> HttpResponse:
    """GET: the page. POST: takes a decision, if there is one in it, and answers with the next row to decide."""
    action = Action.EDIT if request.method == "POST" else Action.VIEW
    project, version = _found(request, slug, project_id, version_id, action)
    values = _common(request, project, version)
    if request.method == "GET":
        values |= {"review": drafts.review_of(version, user_of(request))}
        return render(request, "annotation/review.html", values)
    if request.POST.get("row", "").isdecimal():
        answered(version, request, int(request.POST["row"]))
    item = annotating.claim_next(version=version, user=user_of(request))
    draft = drafts.draft_of(version, item["row"]) if item else None
    values |= {
        "item": item,
        "shown": shown(version, [draft])[0] if draft else None,
        "review": drafts.review_of(version, user_of(request)),
        "decisions": drafts.decisions(version),
    }
    return render(request, "annotation/_review.html", values)


@require_GET
def agreement_page(
    request: HttpRequest, slug: str, project_id: UUID, version_id: UUID
) -> HttpResponse:
    project, version = _found(request, slug, project_id, version_id, Action.VIEW)
    found = agreement.measured(version)
    apart = [draft for draft in found.drafts if draft.conflict]
    values = _common(request, project, version) | {
        "found": replace(found, drafts=[]),
        "apart": shown(version, apart[:PAGE]),
        "apart_count": len(apart),
    }
    return render(request, "annotation/agreement.html", values)
