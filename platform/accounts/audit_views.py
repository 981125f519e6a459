"""The page of the audit trail, and the trail as a file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts import audit, audit_words
from accounts.access import Action, workspace_for
from accounts.models import AuditEntry, Workspace
from training.exports.shape import csv_lines
from web.streams import parts

PAGE = 50
HEAD = ("at", "who", "via", "address", "verb", "about", "values")
BATCH = 500


@require_safe
def audit_page(request: HttpRequest, slug: str) -> HttpResponse:
    workspace = workspace_for(request, slug, Action.AUDIT)
    asked = _asked(request)
    rows = list(_found(workspace, asked)[: PAGE + 1])
    values = {
        "workspace": workspace,
        "rows": [
            (entry, audit_words.said(entry.verb), audit_words.details(entry.values))
            for entry in rows[:PAGE]
        ],
        "older": rows[PAGE - 1].pk if len(rows) > PAGE else 0,
        "asked": asked,
        "groups": audit_words.GROUPS.items(),
        "people": workspace.memberships.order_by("user__email").values_list(
            "user__email", flat=True
        ),
    }
    return render(request, "accounts/audit.html", values)


@require_safe
def audit_export(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    """What the filter finds, as CSV; nothing in it is a formula to a spreadsheet. Taking it away is an entry, too."""
    workspace = workspace_for(request, slug, Action.AUDIT)
    asked = _asked(request)
    audit.record(workspace, "audit.exported", of=asked["who"], kind=asked["verb"])
    name = f"audit-{workspace.slug}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    kind = "text/csv; charset=utf-8"
    return StreamingHttpResponse(
        parts(lines(_found(workspace, asked))), content_type=kind, headers=headers
    )


def lines(found: QuerySet[AuditEntry]) -> Iterator[str]:
    """Batch by batch; a spreadsheet knows by the mark at the beginning that this is UTF-8."""
    yield "\ufeff" + csv_lines([HEAD])
    for entry in found.iterator(chunk_size=BATCH):
        values = json.dumps(entry.values, ensure_ascii=False) if entry.values else ""
        cells = (entry.who, entry.via, entry.address or "", entry.verb, entry.about, values)
        yield csv_lines([(entry.at.isoformat(), *cells)])


def _asked(request: HttpRequest) -> dict[str, Any]:
    before = request.GET.get("before", "")
    return {
        "who": request.GET.get("who", "").strip()[:254],
        "verb": request.GET.get("verb", "").strip()[:60],
        "before": int(before) if before.isascii() and before.isdigit() and len(before) < 16 else 0,
    }


def _found(workspace: Workspace, asked: dict[str, Any]) -> QuerySet[AuditEntry]:
    return audit.entries(workspace, **asked)
