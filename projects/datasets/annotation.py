"""Pages for looking through rows and changing them: the table, the review of likely label errors, agreement."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import Action
from projects.datasets import agreement, annotating, drafts, editors, row_filters, selectors
from projects.datasets.cells import Cell, cells_of
from projects.datasets.findings import called
from projects.datasets.models import DatasetVersion, RowEdit
from projects.datasets.views import _page, of_project
from projects.models import Project
from projects.people import user_of
from projects.selectors import project_for, task_of
from training import browse
from training.problems import Problem

PAGE = selectors.PAGE
ADDED = 100  # rows added by hand that a page shows
# What a conversation that is added begins with.
BLANK = [editors.Turn("user", "", ""), editors.Turn("assistant", "", "")]
Kind = RowEdit.Kind


@dataclass(frozen=True)
class Shown:
    """A row of the table."""

    draft: drafts.Draft
    cells: list[Cell]
    answers: list[tuple[RowEdit, str]]  # each annotator's, in words


def shown(version: DatasetVersion, found: list[drafts.Draft]) -> list[Shown]:
    editor, labels = editors.editor_of(version), editors.label_names(version)
    return [
        Shown(
            draft,
            cells_of(editor, labels, draft.values, draft.changed),
            [(edit, editors.answer_text(editor, values)) for edit, values in draft.answers],
        )
        for draft in found
    ]


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
        "labels": row_filters.known_labels(version),
        "label_title": _(names.get(editor.label, "Label")),
        "speakers": editors.SPEAKERS,
        "draft_size": drafts.open_edits(version).exclude(kind=Kind.SKIP).count(),
        "suspects": len(browse.suspects(selectors.version_file(version))),
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
    values = _common(request, project, version)
    asked = row_filters.read_asked(request.GET, version, values["labels"])
    found = row_filters.page_of(version, asked)
    added, editor = row_filters.added_in(version, asked), editors.editor_of(version)
    values |= {
        "asked": asked,
        "rows": shown(version, drafts.drafts_of(version, found.rows)),
        "pages": selectors.pages(asked, found.total),  # type: ignore[arg-type]
        "splits": selectors.splits_of(version),
        "findings": [
            (name, called(name), count)
            for name, count in browse.finding_names(selectors.version_file(version)).items()
        ],
        "facets": browse.facets(selectors.version_file(version)).items(),
        "added": [
            (edit, cells_of(editor, values["labels"], edit.values)) for edit in added[:ADDED]
        ],
        "added_count": len(added),
    }
    return render(request, "annotation/rows.html", values)


@require_http_methods(["GET", "POST"])
def row(
    request: HttpRequest, slug: str, project_id: UUID, version_id: UUID, row: int
) -> HttpResponse:
    """GET: the row's values and everybody's answers, for its editor. POST: an answer, given as
    `kind` and `values` (JSON); `kind` undo takes one's own back. Both answer with JSON."""
    action = Action.LABEL if request.method == "POST" else Action.VIEW
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
                {"who": str(edit.user or ""), "kind": edit.kind, "said": said}
                for edit, said in values["item"].answers
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
    project, version = _found(request, slug, project_id, version_id, Action.LABEL)
    values = _common(request, project, version) | {"splits": selectors.SPLITS}
    said = _typed(request, version)
    problem: Problem | None = None
    if request.method == "POST":
        try:
            annotating.add_row(
                version=version,
                user=user_of(request),
                values=annotating.from_typed(version, said),
                split=request.POST.get("split", "train"),
            )
        except Problem as error:
            problem = error
        else:
            again = "row-add" if "again" in request.POST else "rows"
            return redirect(again, slug=slug, project_id=project_id, version_id=version_id)
    names = values["names"]["roles"]
    values |= {
        "problem": problem,
        "fields": [(role, names.get(role, role), value) for role, value in said.items()],
        "turns": editors.turns(said.get("messages", "")) or BLANK,
        "chosen": request.POST.getlist("label_chosen"),
    }
    return render(request, "annotation/add.html", values, status=422 if problem else 200)


def _typed(request: HttpRequest, version: DatasetVersion) -> dict[str, str]:
    """The form by role. A browser sends line breaks as CRLF; texts have them as they were typed."""
    data, editor = request.POST, editors.editor_of(version)
    roles = annotating.typed_roles(version)
    said = {role: data.get(role, "").replace("\r\n", "\n") for role in roles}
    if editor.template == "turns":
        texts = [text.replace("\r\n", "\n") for text in data.getlist("turn_content")]
        pairs = zip(data.getlist("turn_role"), texts, strict=False)
        turns = [{"role": role, "content": content} for role, content in pairs]
        said["messages"] = json.dumps(turns, ensure_ascii=False) if turns else ""
    if editor.template == "labels":
        said[editor.label] = json.dumps(data.getlist("label_chosen"), ensure_ascii=False)
    return said


@require_POST
def row_remove(
    request: HttpRequest, slug: str, project_id: UUID, version_id: UUID, edit_id: UUID
) -> HttpResponse:
    """Takes an added row back."""
    _project, version = _found(request, slug, project_id, version_id, Action.LABEL)
    annotating.remove(edit=drafts.edit_in(version, edit_id))
    return redirect("rows", slug=slug, project_id=project_id, version_id=version_id)


@require_http_methods(["GET", "POST"])
def review(request: HttpRequest, slug: str, project_id: UUID, version_id: UUID) -> HttpResponse:
    """GET: the page. POST: takes a decision, if there is one in it, and answers with the next row to decide."""
    action = Action.LABEL if request.method == "POST" else Action.VIEW
    project, version = _found(request, slug, project_id, version_id, action)
    values = _common(request, project, version)
    if request.method == "GET":
        found = drafts.review_of(version, user_of(request))
        values |= {"review": found, "why": "" if found.total else drafts.why_none(version)}
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
