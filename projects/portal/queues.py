"""What stands in the queues and who works on it, for the operator's live page."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, Min, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_q.models import OrmQ

from projects.jobs import hardware, health
from projects.jobs.broker import over
from projects.runs.models import Run, Status
from projects.runs.turns import turns
from web import switches

TITLES = {
    "attune": _("Short tasks"),
    "look": _("Close looks at data"),
    "draft": _("Drafts"),
    "train-cpu": _("Training on processors"),
    "train-gpu": _("Training on GPUs"),
}
HELD = (Status.STARTING, Status.RUNNING, Status.STOPPING)
AHEAD = (Status.WAITING, Status.QUEUED)
SHOWN = 50  # runs in a list


@dataclass(frozen=True)
class Cluster:
    """One queue. `switch` is the name of the one that drains it; empty where nothing trains."""

    name: str
    title: Any
    alive: bool
    slots: int
    entries: int  # in the queue's table, those under way among them
    leased: int  # … that a worker has
    oldest: datetime | None
    switch: str
    takes: bool

    @property
    def tone(self) -> str:
        if not self.alive:
            return "bad"
        return "good" if self.takes else "warn"


def clusters() -> list[Cluster]:
    """Those that this site starts, and others that something is queued for."""
    rows = list(OrmQ.objects.values_list("key", "lock", "pk"))
    entries = Counter(key for key, _lock, _pk in rows)
    leased = Counter(key for key, lock, _pk in rows if lock and not over(lock))
    oldest = _oldest()
    names = dict.fromkeys((*settings.QUEUE_CLUSTERS, *sorted(entries)))
    return [_cluster(name, entries[name], leased[name], oldest.get(name)) for name in names]


def _cluster(name: str, entries: int, leased: int, oldest: datetime | None) -> Cluster:
    switch = f"take-{name}"
    known = switch in switches.SWITCHES
    return Cluster(
        name=name,
        title=TITLES.get(name, name),
        alive=health.worker_alive(name),
        slots=settings.Q_CLUSTER["workers"] if name == "attune" else hardware.slots(name),  # type: ignore[arg-type]
        entries=entries,
        leased=leased,
        oldest=oldest,
        switch=switch if known else "",
        takes=not known or switches.is_on(switch),
    )


def _oldest() -> dict[str, datetime]:
    """Cluster -> since when its oldest queued run waits."""
    rows = Run.objects.filter(status=Status.QUEUED).values("cluster")
    return dict(rows.annotate(since=Min("created_at")).values_list("cluster", "since"))


def under_way() -> QuerySet[Run]:
    return (
        Run.objects.filter(status__in=HELD)
        .select_related("project__workspace", "created_by")
        .defer("report", "spec", "estimate", "data_state")
        .order_by("started_at")[:SHOWN]
    )


def ahead() -> list[dict[str, Any]]:
    """Runs that are queued, in the order in which they will start: {"run", "place", "starts_in"}."""
    found = [turn for name in settings.QUEUE_CLUSTERS for turn in turns(name)][:SHOWN]
    rows = Run.objects.select_related("project__workspace").defer("report", "estimate")
    runs = rows.in_bulk([turn.run_id for turn in found])
    return [
        {"run": runs[turn.run_id], "place": turn.place, "starts_in": turn.starts_in}
        for turn in found
        if turn.run_id in runs
    ]


def waiting_by_workspace() -> list[dict[str, Any]]:
    """{"workspace", "slug", "queued", "waiting", "since"} of those that have runs ahead, the longest first."""
    rows = Run.objects.filter(status__in=AHEAD).values(
        "project__workspace", "project__workspace__name", "project__workspace__slug", "status"
    )
    found: dict[Any, dict[str, Any]] = {}
    for row in rows.annotate(runs=Count("pk"), since=Min("created_at")).order_by("since"):
        one = found.setdefault(
            row["project__workspace"],
            {
                "workspace": row["project__workspace__name"],
                "slug": row["project__workspace__slug"],
                "queued": 0,
                "waiting": 0,
                "since": row["since"],
            },
        )
        one[row["status"]] += row["runs"]
    return list(found.values())


def silent(run: Run) -> float:
    """Seconds since its worker was heard of."""
    heard = run.heartbeat_at or run.started_at or run.created_at
    return max(0.0, (timezone.now() - heard).total_seconds())
