"""What a page that watches a run is answered while nothing has changed: one small question to the database."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2s
from typing import Any
from uuid import UUID

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.utils import timezone

from accounts.access import Action, permits
from projects.jobs.health import worker_alive
from projects.runs.lifecycle import FINAL, HELD
from projects.runs.models import Run, RunEvent
from projects.selectors import seen_by
from web.questions import Question

HEARD = "Attune-Heard"  # header: seconds since the last sign of life of the worker
# Seconds after which a page that waits is drawn anew in any case: others move in the queue.
AFRESH = 10
# Of a run, as they are asked for; `role` is that of the visitor, `last` the number of the newest event.
FIELDS = (
    *("status", "attempt", "stage", "progress", "seconds_left", "heartbeat_at", "cluster"),
    *("role", "last"),
)
_ID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
# What is answered ahead of Django while nothing is new: see config.express.
PATHS = re.compile(
    rf"/w/(?P<slug>[-\w]+)/p/(?P<project_id>{_ID})/runs/(?P<run_id>{_ID})/(?P<part>status/|series\.json)"
)
MINUTES = 120.0  # seconds of silence from which on it is told in minutes
LATE = 15.0  # seconds without a sign of life from which on the page says so; a worker gives one every three


@dataclass(frozen=True)
class Sign:
    """`mark` is another one as soon as the page would look different; `last` is the number of the newest event."""

    mark: str
    heard: float | None
    last: int
    ended: bool


def sign_for(request: HttpRequest, slug: str, project_id: UUID, run_id: UUID) -> Sign:
    """Under the rules of `run_for`: Http404 for strangers and below another address."""
    sign = _sign_of(request.user, slug, project_id, run_id)
    if sign is None:
        raise Http404
    return sign


def quick(user: UUID, named: Mapping[str, str], query: QueryDict) -> Mapping[str, str] | None:
    """Headers of the answer that nothing is new; None: there is something, or it is not there for this user."""
    ids = [UUID(named[name]) for name in ("project_id", "run_id")]
    sign = _sign_of(user, named["slug"], *ids)
    asked = same_page if named["part"] == "status/" else same_curves
    return headers(sign) if sign and asked(sign, query) else None


def same_page(sign: Sign, query: QueryDict) -> bool:
    return query.get("mark") == sign.mark


def same_curves(sign: Sign, query: QueryDict) -> bool:
    return sign.last <= number(query.get("since")) and not sign.ended


def number(text: str | None) -> int:
    """A whole number from a query string; 0 for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else 0


def _sign_of(user: Any, slug: str, project_id: UUID, run_id: UUID) -> Sign | None:
    of = user if isinstance(user, UUID) else user.pk
    for row in _ASKED.ask(of, slug, project_id, run_id):
        run = dict(zip(FIELDS, row, strict=True))
        return _sign(run) if permits(run["role"], Action.VIEW) else None
    return None


def _asked(user: Any, slug: str, project_id: UUID, run_id: UUID) -> QuerySet[Run, Any]:
    # The end of the index: Max() with its GROUP BY would go through all events of the run.
    last = RunEvent.objects.filter(run=OuterRef("pk")).order_by("-seq").values("seq")[:1]
    mine = Run.objects.filter(
        pk=run_id,
        project=project_id,
        project__workspace__slug=slug,
        project__workspace__memberships__user=user,
    ).filter(seen_by(user, "project__"))
    role = F("project__workspace__memberships__role")
    return mine.order_by().values_list(*FIELDS[:-2], role, Subquery(last))


_ASKED = Question(_asked, UUID(int=1), "a-slug", UUID(int=2), UUID(int=3))


def _sign(run: dict[str, Any]) -> Sign:
    over, held = run["status"] in FINAL, run["status"] in HELD
    heard = heard_ago(run["heartbeat_at"]) if held else None
    shown = [run[name] for name in ("status", "attempt", "stage", "progress", "seconds_left")]
    shown += [run["last"], over or worker_alive(run["cluster"]), _silence(heard)]
    if not (over or held):
        shown.append(int(time.time() / AFRESH))
    mark = blake2s(repr(shown).encode(), digest_size=8).hexdigest()
    return Sign(mark, heard, run["last"] or 0, over)


def _silence(heard: float | None) -> int:
    """Another number whenever the page says it otherwise: it counts seconds by itself, but not minutes."""
    if heard is None or heard <= LATE:
        return 0
    return 1 if heard < MINUTES else int(heard / 60)


def heard_ago(at: datetime | None) -> float | None:
    """Seconds; None when there was no sign yet."""
    return max(0.0, (timezone.now() - at).total_seconds()) if at else None


def unchanged(sign: Sign) -> HttpResponse:
    """htmx leaves the page as it is."""
    return told(HttpResponse(status=204), sign)


def headers(sign: Sign) -> dict[str, str]:
    return {} if sign.heard is None else {HEARD: f"{sign.heard:.1f}"}


def told(response: HttpResponse, sign: Sign) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    for name, value in headers(sign).items():
        response[name] = value
    return response
